/** The shell of every page: its frame, and the headers that keep others' scripts and frames out. */

import type { Context, Next } from "hono";
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Refusal } from "../core/refusals";
import type { HandlerResponse } from "../http/context";
import { LANGUAGES, type Language, languageOf, messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

interface PageOptions {
  title: string;
  /** Who is signed in. */
  person?: { name: string; isAdmin: boolean } | undefined;
  status?: ContentfulStatusCode;
  /** The app that the page is about: a form may lead to this origin, an image come from it. */
  app?: string;
  /** Paths of script modules. Whatever they do, the page works without them. */
  scripts?: string[];
  headers?: Record<string, string>;
  /**
   * Whether it shows a secret that is shown only now. It has no buttons for the languages then: they
   * load the page anew.
   */
  once?: boolean;
}

/** Renders a page. `body` is what stands in <main>. */
export function renderPage(c: Context, options: PageOptions, body: Child): HandlerResponse {
  const { title, person, status = 200, app, scripts = [], once = false, headers = {} } = options;
  return c.html(
    html`<!DOCTYPE html>${(
      <html lang={languageOf(c)}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{title} · Satchel</title>
          <link rel="stylesheet" href="/style.css" />
          <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
          {["/time.js", ...scripts].map((script) => (
            <script src={script} type="module" />
          ))}
        </head>
        <body>
          <Frame c={c} person={person} once={once}>
            {body}
          </Frame>
        </body>
      </html>
    )}`,
    status,
    { ...pageHeaders(c, app), ...headers },
  );
}

interface FrameProps {
  c: Context;
  person: PageOptions["person"];
  once: boolean;
  children: Child;
}

const Frame = ({ c, person, once, children }: FrameProps) => {
  const words = messagesFor(c, UI_MESSAGES);
  return (
    <>
      <a class="skip" href="#main">
        {words.skip}
      </a>
      <header>
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          Satchel
        </a>
        {person ? (
          <form method="post" action="/sign-out">
            <span>{person.name}</span>
            <button type="submit" class="quiet">
              {words.signOut}
            </button>
          </form>
        ) : null}
      </header>
      {person ? <Menu c={c} isAdmin={person.isAdmin} /> : null}
      <main id="main">{children}</main>
      {once ? null : <LanguageButtons c={c} />}
    </>
  );
};

const LanguageButtons = ({ c }: { c: Context }) => (
  <footer>
    <form method="post" action="/language">
      {otherLanguages(c).map((language) => (
        <button type="submit" name="language" value={language} class="link" lang={language}>
          {LANGUAGES[language]}
        </button>
      ))}
    </form>
  </footer>
);

const Menu = ({ c, isAdmin }: { c: Context; isAdmin: boolean }) => {
  const { menu, pages } = messagesFor(c, UI_MESSAGES);
  const own = Object.entries(pages).filter(([path]) => path !== "/admin" || isAdmin);
  return (
    <nav aria-label={menu}>
      <NavLinks c={c} pages={own} />
    </nav>
  );
};

/**
 * Links to pages by their paths, and which of them this one belongs to: itself, or one that it is
 * below. The first is above all others, so nothing else belongs to it.
 */
export const NavLinks = ({ c, pages }: { c: Context; pages: [path: string, name: string][] }) => (
  <>
    {pages.map(([path, name], index) => {
      const isHere = c.req.path === path || (index > 0 && c.req.path.startsWith(`${path}/`));
      return (
        <a href={path} {...(isHere ? { "aria-current": "page" } : {})}>
          {name}
        </a>
      );
    })}
  </>
);

const otherLanguages = (c: Context): Language[] =>
  (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== languageOf(c));

/** A page that says why there is no other. Who came past a gate still has their menu. */
export function errorPage(
  c: Context,
  status: ContentfulStatusCode,
  { title, sentence }: { title: string; sentence: string },
  link = { href: "/", text: messagesFor(c, UI_MESSAGES).toHome },
): HandlerResponse {
  const session: { account: PageOptions["person"] } | undefined = c.get("session");
  return renderPage(
    c,
    { title, status, person: session?.account },
    <section>
      <h1>{title}</h1>
      <ErrorMessage>{sentence}</ErrorMessage>
      <p>
        <a href={link.href}>{link.text}</a>
      </p>
    </section>,
  );
}

/** The page where there is none. */
export const notFoundPage = (c: Context): HandlerResponse =>
  errorPage(c, 404, messagesFor(c, UI_MESSAGES).notFound);

/** Says when to try again, where somebody sends forms as programs do; null: not so often. */
export function rateLimitedPage(c: Context, refusal: Refusal | null): HandlerResponse | null {
  if (refusal?.code !== "too-many-requests") return null;
  const { title, sentence } = messagesFor(c, UI_MESSAGES).tooOften;
  c.header("Retry-After", String(refusal.retryAfterSeconds));
  return errorPage(c, 429, { title, sentence: sentence(refusal.retryAfterSeconds) });
}

/** The part of a page that says what went wrong, announced by screen readers. */
export const ErrorMessage = ({ children }: { children: Child }) => (
  <p class="problem" role="alert">
    {children}
  </p>
);

/** Text with a button that copies it. */
export const Copyable = ({ c, id, text }: { c: Context; id: string; text: string }) => (
  <p class="row">
    <span class="address" id={id}>
      {text}
    </span>
    <CopyButton c={c} id={id} />
  </p>
);

/** Copies what an element says; shows itself where that works: /copy.js. */
export const CopyButton = ({ c, id }: { c: Context; id: string }) => {
  const words = messagesFor(c, UI_MESSAGES);
  return (
    <button
      type="button"
      class="quiet"
      data-copy={id}
      data-copied={words.copied}
      data-failed={words.notCopied}
      aria-describedby={id}
      hidden
    >
      {words.copy}
    </button>
  );
};

/** A sentence whose second part is a link. */
export const SentenceWithLink = ({
  words: [before, name, after],
  href,
}: {
  words: string[];
  href: string;
}) => (
  <>
    {before} <a href={href}>{name}</a>
    {after}
  </>
);

/** Sees to it that nothing leaves the pages' origin without their security headers. */
export async function setSecurityHeaders(c: Context, next: Next): Promise<void> {
  await next();
  for (const [name, value] of Object.entries(pageHeaders(c))) {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  }
}

/** Security headers of everything on the pages' origin. */
const pageHeaders = (c: Context, app?: string): Record<string, string> => ({
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    // An address of digits would open all of them, as it does for the form.
    `img-src 'self' data:${app && !app.includes("[") ? ` ${app}` : ""}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action 'self'${app ? ` ${sourceOf(app)}` : ""}`,
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // Not no-referrer: with it browsers send "Origin: null" with our own forms.
  "Referrer-Policy": "same-origin",
  "Permissions-Policy":
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
  ...(c.req.url.startsWith("https:") ? { "Strict-Transport-Security": "max-age=31536000" } : {}),
});

/** CSP knows no IPv6 addresses; an app on http://[::1] can only be allowed with its scheme. */
const sourceOf = (origin: string): string =>
  origin.includes("[") ? new URL(origin).protocol : origin;
