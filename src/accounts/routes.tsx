/** The doors of accounts: sign-up, sign-in, sign-out. */

import { type Context, Hono } from "hono";
import { USER_NAME_RULE } from "../core/names";
import { type Env, settings } from "../env";
import { readForm } from "../http/form";
import { addressOf, originsOf } from "../http/hosts";
import { hasTry, LIMIT_PERIOD_SECONDS } from "../http/limits";
import { Problem, page } from "../http/page";
import { requireSameOrigin } from "../http/same-origin";
import { type AccountRefusal, checkPassword, signUp } from "./accounts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./passwords";
import { currentAccount, endSession, startSession } from "./sessions";

type AccountContext = Context<{ Bindings: Env }>;

const STATUS = {
  closed: 403,
  "bad-name": 400,
  "bad-password": 400,
  "name-taken": 409,
  wrong: 403,
  wait: 429,
} as const satisfies Record<AccountRefusal["code"], number>;

const TOO_MANY: AccountRefusal = {
  code: "wait",
  message: `Too many tries from your address. Try again in ${LIMIT_PERIOD_SECONDS} seconds.`,
  retryAfterSeconds: LIMIT_PERIOD_SECONDS,
};

interface Form {
  name: string;
  /** Where to go then: a path of ours. */
  next: string;
}

export const accountRoutes = new Hono<{ Bindings: Env }>();

accountRoutes.get("/sign-up", (c) => signUpPage(c, queryForm(c)));

accountRoutes.post("/sign-up", requireSameOrigin, async (c) => {
  const { password, ...form } = await readCredentials(c);
  if (!(await hasTry(c, c.env.SIGN_UP_LIMIT))) return signUpPage(c, form, TOO_MANY);
  const now = Date.now();
  const outcome = await signUp(c.env, form.name, password, now);
  if (!outcome.ok) return signUpPage(c, form, outcome.refusal);
  await startSession(c, outcome.account, now);
  return c.redirect(form.next, 303);
});

accountRoutes.get("/sign-in", (c) => signInPage(c, queryForm(c)));

accountRoutes.post("/sign-in", requireSameOrigin, async (c) => {
  const { password, ...form } = await readCredentials(c);
  if (!(await hasTry(c, c.env.SIGN_IN_LIMIT))) return signInPage(c, form, TOO_MANY);
  const now = Date.now();
  const outcome = await checkPassword(c.env, form.name, password, now);
  if (!outcome.ok) return signInPage(c, form, outcome.refusal);
  await startSession(c, outcome.account, now);
  return c.redirect(form.next, 303);
});

accountRoutes.post("/sign-out", requireSameOrigin, async (c) => {
  await endSession(c);
  return c.redirect("/", 303);
});

async function signInPage(
  c: AccountContext,
  form: Form,
  refusal?: AccountRefusal,
): Promise<Response> {
  const signedIn = await currentAccount(c, Date.now());
  const isOther = signedIn !== null && form.name !== "" && signedIn.name !== form.name;
  return page(
    c,
    { title: "Sign in", user: signedIn?.name, ...refusalOptions(refusal) },
    <form method="post" action="/sign-in" class="card">
      <h1>Sign in</h1>
      {isOther ? (
        <p class="warning">
          You are signed in as {signedIn.name}, but {form.name} is asked for.
        </p>
      ) : null}
      {refusal ? <Problem>{refusal.message}</Problem> : null}
      <input type="hidden" name="next" value={form.next} />
      <div class="field">
        <label for="name">Name</label>
        <input
          id="name"
          name="name"
          value={form.name}
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
        />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
      </div>
      <p>
        <button type="submit">Sign in</button>
      </p>
      {settings(c.env).SIGN_UP === "open" ? (
        <p class="faint">
          No storage yet?{" "}
          <a href={`/sign-up?${new URLSearchParams({ next: form.next })}`}>Sign up</a>
        </p>
      ) : null}
    </form>,
  );
}

function signUpPage(
  c: AccountContext,
  form: Form,
  refusal?: AccountRefusal,
): Response | Promise<Response> {
  if (settings(c.env).SIGN_UP === "closed") {
    return page(
      c,
      { title: "Sign up", status: 403 },
      <section>
        <h1>Sign up</h1>
        <p>This provider does not take new people at the moment.</p>
      </section>,
    );
  }
  return page(
    c,
    { title: "Sign up", ...refusalOptions(refusal) },
    <form method="post" action="/sign-up" class="card">
      <h1>Get your storage</h1>
      {refusal ? <Problem>{refusal.message}</Problem> : null}
      <input type="hidden" name="next" value={form.next} />
      <div class="field">
        <label for="name">Name</label>
        <input
          id="name"
          name="name"
          value={form.name}
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          minlength={2}
          maxlength={32}
          aria-describedby="name-rule"
          required
        />
        <small id="name-rule">
          {USER_NAME_RULE} Your address will be{" "}
          {addressOf(originsOf(c.req.url, settings(c.env)), "name")}.
        </small>
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          minlength={MIN_PASSWORD_LENGTH}
          maxlength={MAX_PASSWORD_LENGTH}
          aria-describedby="password-rule"
          required
        />
        <small id="password-rule">
          At least {MIN_PASSWORD_LENGTH} characters. A few random words are easy to remember and
          hard to guess.
        </small>
      </div>
      <p>
        <button type="submit">Sign up</button>
      </p>
      <p class="faint">
        Already here? <a href={`/sign-in?${new URLSearchParams({ next: form.next })}`}>Sign in</a>
      </p>
    </form>,
  );
}

const refusalOptions = (refusal: AccountRefusal | undefined) =>
  refusal === undefined
    ? {}
    : {
        status: STATUS[refusal.code],
        headers:
          refusal.retryAfterSeconds === undefined
            ? {}
            : { "Retry-After": String(refusal.retryAfterSeconds) },
      };

const queryForm = (c: AccountContext): Form => ({
  name: c.req.query("name") ?? "",
  next: localPath(c, c.req.query("next")),
});

async function readCredentials(c: AccountContext): Promise<Form & { password: string }> {
  const form = await readForm(c);
  return {
    name: form.get("name") ?? "",
    password: form.get("password") ?? "",
    next: localPath(c, form.get("next") ?? undefined),
  };
}

/** The path if it leads nowhere but to our own pages, otherwise the home page. */
function localPath(c: AccountContext, path: string | undefined): string {
  const { origin } = new URL(c.req.url);
  if (path === undefined || !path.startsWith("/") || !URL.canParse(path, origin)) return "/";
  const target = new URL(path, origin);
  return target.origin === origin ? target.pathname + target.search : "/";
}
