/** The door of the set-up link, by which a provider gets its first administrator. */

import { Hono } from "hono";
import { currentAccount } from "../accounts/sessions";
import type { Env } from "../env";
import { wordsOf } from "../http/language";
import { errorPage, page } from "../http/page";
import type { AdminContext } from "./frame";
import { isSetUpLink, setUpWith } from "./invitations";
import { WORDS } from "./words";

export const setUpRoutes = new Hono<{ Bindings: Env }>();

setUpRoutes.get("/set-up/:secret", async (c) => {
  const now = Date.now();
  const secret = c.req.param("secret");
  if (!(await isSetUpLink(c.env, secret, now))) return badLink(c);
  const account = await currentAccount(c, now);
  const { setUp: words } = wordsOf(c, WORDS);
  if (account === null) return strangerPage(c, secret);
  return page(
    c,
    { title: words.title, person: account },
    <form method="post" class="card">
      <h1>{words.question(account.name)}</h1>
      <p>{words.text}</p>
      <p>
        <button type="submit">{words.button(account.name)}</button>
      </p>
    </form>,
  );
});

setUpRoutes.post("/set-up/:secret", async (c) => {
  const now = Date.now();
  const secret = c.req.param("secret");
  const account = await currentAccount(c, now);
  if (account === null) return c.redirect(c.req.path, 303);
  const isDone = await setUpWith(c.env, secret, account, now);
  return isDone ? c.redirect("/admin", 303) : badLink(c);
});

/** For who is not signed in: with which account they want to go on. */
function strangerPage(c: AdminContext, secret: string): Response | Promise<Response> {
  const { setUp: words } = wordsOf(c, WORDS);
  const signUp = new URLSearchParams({ invitation: secret });
  const signIn = new URLSearchParams({ next: `/set-up/${secret}` });
  return page(
    c,
    { title: words.title },
    <section>
      <h1>{words.title}</h1>
      <p>{words.stranger}</p>
      <p class="row">
        <a class="button" href={`/sign-up?${signUp}`}>
          {words.signUp}
        </a>
        <a class="button quiet" href={`/sign-in?${signIn}`}>
          {words.signIn}
        </a>
      </p>
    </section>,
  );
}

const badLink = (c: AdminContext): Response | Promise<Response> =>
  errorPage(c, 404, wordsOf(c, WORDS).setUp.bad);
