/** Picks the plural form of a text by a language's own rules. */

import type { Language } from "./language";

const RULES: Record<Language, Intl.PluralRules> = {
  en: new Intl.PluralRules("en"),
  de: new Intl.PluralRules("de"),
};

interface PluralForms {
  one: string;
  other: string;
}

/** The form for a count: `plural("en", 2, { one: "1 day", other: "2 days" })` is "2 days". */
export const plural = (language: Language, count: number, { one, other }: PluralForms): string =>
  RULES[language].select(count) === "one" ? one : other;
