/** Parses the consent form: which access the user allows, and for how long. */

import type { Scope } from "../core/scope";
import { DAY_MS } from "../core/time";

/** The levels of access that a user can choose from for a module. */
const ACCESS_CHOICES = ["rw", "r", "none"] as const;

/** A level of access, or none. */
export type AccessChoice = (typeof ACCESS_CHOICES)[number];

/** How long access can be allowed, in days; null: until the app is disconnected. */
export const DURATIONS = { day: 1, month: 30, year: 365, always: null } as const;

/** The name of a duration. */
export type Duration = keyof typeof DURATIONS;

/** Whether this is the name of a duration. */
export const isDuration = (text: string): text is Duration => Object.hasOwn(DURATIONS, text);

/** When access that is allowed now expires, milliseconds since 1970; null: never. */
export function expiryOf(duration: Duration, now: number): number | null {
  const days = DURATIONS[duration];
  return days === null ? null : now + days * DAY_MS;
}

/** Name of the form field for the access to a module. */
export const levelField = ({ module }: Pick<Scope, "module">): string => `level:${module}`;

/** The levels that can be chosen for a scope, the highest first: never more than it has. */
export const accessChoices = ({ level }: Scope): readonly AccessChoice[] =>
  level === "rw" ? ACCESS_CHOICES : ["r", "none"];

/**
 * Narrows scopes to the levels chosen in a form. A module without a field keeps its level; no module
 * gets more than it had. Returns null if a field is not a level, or is there twice.
 */
export function narrowScopes(scopes: Scope[], form: URLSearchParams): Scope[] | null {
  const narrowed: Scope[] = [];
  for (const scope of scopes) {
    const [level = scope.level, ...duplicates] = form.getAll(levelField(scope));
    if (!isAccessChoice(level) || duplicates.length > 0) return null;
    if (level !== "none") narrowed.push(level === "r" ? { ...scope, level } : scope);
  }
  return narrowed;
}

const isAccessChoice = (text: string): text is AccessChoice =>
  (ACCESS_CHOICES as readonly string[]).includes(text);

/** What is wrong with a consent form: no access chosen, an unknown level, an unknown duration. */
type ConsentProblem = "nothing" | "level" | "duration";

/** A form with a problem. The page is rendered again with what the user had chosen. */
export interface InvalidConsent {
  form: URLSearchParams;
  problem: ConsentProblem;
}

/** Parses which of the requested scopes the user has allowed, and until when. */
export function parseConsent(
  scopes: Scope[],
  form: URLSearchParams,
  now: number,
):
  | { ok: true; scopes: Scope[]; expiresAt: number | null }
  | { ok: false; problem: ConsentProblem } {
  const allowed = narrowScopes(scopes, form);
  if (allowed === null) return { ok: false, problem: "level" };
  if (allowed.length === 0) return { ok: false, problem: "nothing" };
  const duration = form.get("duration") ?? "";
  if (!isDuration(duration)) return { ok: false, problem: "duration" };
  return { ok: true, scopes: allowed, expiresAt: expiryOf(duration, now) };
}
