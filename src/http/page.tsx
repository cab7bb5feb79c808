/** The shell of every page: its frame, and the headers that keep others' scripts and frames out. */

import type { Context } from "hono";
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";

interface PageOptions {
  title: string;
  /** Name of the person who is signed in. */
  user?: string | undefined;
  status?: ContentfulStatusCode;
  /** An origin that a form of this page may lead to, besides our own. */
  formTarget?: string;
  headers?: Record<string, string>;
}

/** Renders a page. `body` is what stands in <main>. */
export function page(c: Context, options: PageOptions, body: Child): Response | Promise<Response> {
  const { title, user, status = 200, formTarget, headers = {} } = options;
  return c.html(
    html`<!DOCTYPE html>${(
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{title} · Satchel</title>
          <link rel="stylesheet" href="/style.css" />
          <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
          <script src="/copy.js" type="module" />
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to content
          </a>
          <header>
            <a class="brand" href="/">
              <img src="/favicon.svg" alt="" width="28" height="28" />
              Satchel
            </a>
            {user ? (
              <form method="post" action="/sign-out">
                <span>{user}</span>
                <button type="submit" class="quiet">
                  Sign out
                </button>
              </form>
            ) : null}
          </header>
          <main id="main">{body}</main>
        </body>
      </html>
    )}`,
    status,
    { ...pageHeaders(c, formTarget), ...headers },
  );
}

/** A page that says why there is no other. */
export const errorPage = (
  c: Context,
  status: ContentfulStatusCode,
  title: string,
  sentence: string,
  link = { href: "/", text: "To the home page" },
): Response | Promise<Response> =>
  page(
    c,
    { title, status },
    <section>
      <h1>{title}</h1>
      <Problem>{sentence}</Problem>
      <p>
        <a href={link.href}>{link.text}</a>
      </p>
    </section>,
  );

/** The part of a page that says what went wrong, announced by screen readers. */
export const Problem = ({ children }: { children: Child }) => (
  <p class="problem" role="alert">
    {children}
  </p>
);

/** Security headers of everything on the pages' origin. */
export const pageHeaders = (c: Context, formTarget?: string): Record<string, string> => ({
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action 'self'${formTarget ? ` ${formSource(formTarget)}` : ""}`,
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // Not no-referrer: with it browsers send "Origin: null" with our own forms.
  "Referrer-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
  ...(c.req.url.startsWith("https:") ? { "Strict-Transport-Security": "max-age=31536000" } : {}),
});

/** CSP knows no IPv6 addresses; an app on http://[::1] can only be allowed with its scheme. */
const formSource = (origin: string): string =>
  origin.includes("[") ? new URL(origin).protocol : origin;
