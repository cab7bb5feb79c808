/** The languages of the pages, and which one a request gets. */

import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { getCookie, setCookie } from "hono/cookie";
import { DAY_MS } from "../core/time";

/** The name of each language in itself. After a new entry the compiler lists the missing messages. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;

/** The code of a language. */
export type Language = keyof typeof LANGUAGES;

/** The choice is stored in the browser, not in the account. */
const LANGUAGE_COOKIE = "language";

/** Whether the text is the code of a supported language. */
export const isLanguage = (text: string | undefined): text is Language =>
  text !== undefined && Object.hasOwn(LANGUAGES, text);

/**
 * The language of the cookie, or else of Accept-Language (RFC 9110 §12.5.4), or else English. A region
 * does not matter: de-AT gets German.
 */
export function languageOf(c: Context): Language {
  const chosen = getCookie(c, LANGUAGE_COOKIE);
  if (isLanguage(chosen)) return chosen;
  return accepts(c, {
    header: "Accept-Language",
    supports: Object.keys(LANGUAGES),
    default: "en",
    match: (accepted) =>
      accepted
        .filter(({ q }) => q > 0)
        .sort((a, b) => b.q - a.q)
        .map(({ type }) => type.split("-", 1)[0]?.toLowerCase())
        .find(isLanguage) ?? "en",
  }) as Language;
}

/** Stores the chosen language for a year. */
export const setLanguageCookie = (c: Context, language: Language): void =>
  setCookie(c, LANGUAGE_COOKIE, language, {
    httpOnly: true,
    sameSite: "Lax",
    path: "/",
    maxAge: (365 * DAY_MS) / 1000,
    secure: c.req.url.startsWith("https:"),
  });

/** The messages of an area in the language of the request. */
export const messagesFor = <Messages>(c: Context, messages: Record<Language, Messages>): Messages =>
  messages[languageOf(c)];
