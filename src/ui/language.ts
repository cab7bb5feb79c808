/** The languages of the pages, and which of them somebody reads. */

import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { getCookie, setCookie } from "hono/cookie";
import { DAY_MS } from "../core/time";

/** By what each calls itself. One more entry here, and the compiler names every word to translate. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;

export type Language = keyof typeof LANGUAGES;

/** Asked for in the browser's own words, and kept there: a choice is no matter of the account. */
const LANGUAGE_COOKIE = "language";

export const isLanguage = (text: string | undefined): text is Language =>
  text !== undefined && Object.hasOwn(LANGUAGES, text);

/**
 * What this browser has chosen, or what it says it prefers (RFC 9110 §12.5.4), or English. Somebody
 * who asks for the German of Austria reads German.
 */
export function languageOf(c: Context): Language {
  const chosen = getCookie(c, LANGUAGE_COOKIE);
  if (isLanguage(chosen)) return chosen;
  return accepts(c, {
    header: "Accept-Language",
    supports: Object.keys(LANGUAGES),
    default: "en",
    match: (wanted) =>
      wanted
        .filter(({ q }) => q > 0)
        .sort((a, b) => b.q - a.q)
        .map(({ type }) => type.split("-", 1)[0]?.toLowerCase())
        .find(isLanguage) ?? "en",
  }) as Language;
}

/** Keeps the choice for a year. */
export const setLanguageCookie = (c: Context, language: Language): void =>
  setCookie(c, LANGUAGE_COOKIE, language, {
    httpOnly: true,
    sameSite: "Lax",
    path: "/",
    maxAge: (365 * DAY_MS) / 1000,
    secure: c.req.url.startsWith("https:"),
  });

/** The words of a room in the language of this browser. */
export const messagesFor = <Words>(c: Context, words: Record<Language, Words>): Words =>
  words[languageOf(c)];
