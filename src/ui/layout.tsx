/** The layout of every page: head, header, menu, main, footer. */

import type { Context } from "hono";
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { settings } from "../env";
import { assetPath } from "../http/assets";
import type { HandlerResponse } from "../http/context";
import { isBehindUntrustedProxy } from "../http/hosts";
import { LANGUAGES, type Language, languageOf, messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";
import { MainMenu } from "./navigation";
import { type PreviewElement, securityHeaders } from "./security-headers";

/** What `renderPage` needs besides the content. */
export interface PageOptions {
  title: string;
  /** The signed-in user. */
  user?: { name: string; isAdmin: boolean } | undefined;
  status?: ContentfulStatusCode;
  /** The origin of the app that the page is about: images come from it. */
  app?: string;
  /** How the page shows a document by a preview. */
  preview?: PreviewElement | undefined;
  /** Whether the scripts of the page read or write the storage. */
  usesStorage?: boolean;
  /** Whether the page opens a live socket. */
  isLive?: boolean;
  /** The script modules in src/assets, such as "/copy.js". The page must work without them. */
  scripts?: string[];
  headers?: Record<string, string>;
  /** Without script the browser loads the page anew after so many seconds. */
  refreshSeconds?: number;
  /**
   * Whether the page cannot be loaded anew: it shows a secret, or what was typed and is not saved. It then has no
   * language buttons, which would do that.
   */
  isShownOnce?: boolean;
}

/** Renders a page with its security headers. `body` is the content of <main>. */
export function renderPage(c: Context, options: PageOptions, body: Child): HandlerResponse {
  const {
    title,
    user,
    status = 200,
    app,
    preview,
    usesStorage,
    isLive,
    isShownOnce = false,
  } = options;
  const styleSheet = assetPath(c, "/style.css");
  const scripts = ["/time.js", ...(options.scripts ?? [])].map((file) => assetPath(c, file));
  return c.html(
    html`<!DOCTYPE html>${(
      <html lang={languageOf(c)}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{title} · Satchel</title>
          <link rel="stylesheet" href={styleSheet} />
          <link rel="icon" href={assetPath(c, "/favicon.svg")} type="image/svg+xml" />
          {options.refreshSeconds === undefined ? null : (
            <noscript>
              <meta http-equiv="refresh" content={String(options.refreshSeconds)} />
            </noscript>
          )}
          {scripts.map((script) => (
            <script src={script} type="module" />
          ))}
        </head>
        <body>
          <Layout c={c} user={user} isShownOnce={isShownOnce}>
            {body}
          </Layout>
        </body>
      </html>
    )}`,
    status,
    {
      ...securityHeaders(c, { app, preview, usesStorage, isLive, scripts, styles: [styleSheet] }),
      ...options.headers,
    },
  );
}

interface LayoutProps {
  c: Context;
  user: PageOptions["user"];
  isShownOnce: boolean;
  children: Child;
}

const Layout = ({ c, user, isShownOnce, children }: LayoutProps) => {
  const messages = messagesFor(c, UI_MESSAGES);
  return (
    <>
      <a class="skip" href="#main">
        {messages.skip}
      </a>
      <header>
        <a class="brand" href="/">
          <img src={assetPath(c, "/favicon.svg")} alt="" width="28" height="28" />
          Satchel
        </a>
        {user ? (
          <form method="post" action="/sign-out">
            <span>{user.name}</span>
            <button type="submit" class="secondary">
              {messages.signOut}
            </button>
          </form>
        ) : null}
      </header>
      {user ? <MainMenu c={c} isAdmin={user.isAdmin} /> : null}
      <main id="main">
        {isBehindUntrustedProxy(c.req.url, c.req.raw.headers, settings(c.env)) ? (
          <p class="warning">{messages.untrustedProxy}</p>
        ) : null}
        {children}
      </main>
      {isShownOnce ? null : <LanguageButtons c={c} />}
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

const otherLanguages = (c: Context): Language[] =>
  (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== languageOf(c));
