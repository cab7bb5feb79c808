/** What a person leaves of what was asked for, or takes back of what was granted. Pure. */

import { isSubsetOf, type Scope } from "../core/scope";
import { DAY_MS } from "../core/time";

/** What a person can choose for a module. */
const ACCESS_CHOICES = ["rw", "r", "none"] as const;

export type AccessChoice = (typeof ACCESS_CHOICES)[number];

/** How long access can be allowed: the choices of the forms, in days; null: no end. */
export const DURATIONS = { day: 1, month: 30, year: 365, always: null } as const;

export type Duration = keyof typeof DURATIONS;

/** Whether this is one of the choices. */
export const isDuration = (text: string): text is Duration => Object.hasOwn(DURATIONS, text);

/** When access ends that is allowed now, milliseconds since 1970; null: never. */
export function expiryOf(duration: Duration, now: number): number | null {
  const days = DURATIONS[duration];
  return days === null ? null : now + days * DAY_MS;
}

/** Name of the form field that holds the level of a module. */
export const levelField = ({ module }: Pick<Scope, "module">): string => `level:${module}`;

/**
 * Without what is in the others anyway: whoever has everything cannot be left one module less, and a
 * question that looked so would not be true.
 */
export const minimizeScopes = (scopes: Scope[]): Scope[] =>
  scopes.filter(
    (scope) =>
      scope.module === "*" ||
      !isSubsetOf(
        [scope],
        scopes.filter((other) => other !== scope),
      ),
  );

/** The levels that can be chosen for a scope: never more than it has. */
export const accessChoices = ({ level }: Scope): readonly AccessChoice[] =>
  level === "rw" ? ACCESS_CHOICES : ["r", "none"];

/**
 * What a form leaves of the scopes: a module that it does not name stays as it is, and none gets
 * more than it had. Null if it says something that is no level, or two things at once.
 */
export function narrowScopes(scopes: Scope[], form: URLSearchParams): Scope[] | null {
  const left: Scope[] = [];
  for (const scope of scopes) {
    const [level = scope.level, ...others] = form.getAll(levelField(scope));
    if (!isAccessChoice(level) || others.length > 0) return null;
    if (level !== "none") left.push(level === "r" ? { ...scope, level } : scope);
  }
  return left;
}

const isAccessChoice = (text: string): text is AccessChoice =>
  (ACCESS_CHOICES as readonly string[]).includes(text);

/** Why the answer to a question cannot be taken. */
type ConsentProblem = "nothing" | "level" | "duration";

/** An answer that cannot be taken, to be shown again as it was. */
export interface InvalidConsent {
  form: URLSearchParams;
  problem: ConsentProblem;
}

/** What a person has allowed. Refuses with what the form has to say better. */
export function parseConsent(
  scopes: Scope[],
  form: URLSearchParams,
  now: number,
):
  | { ok: true; scopes: Scope[]; expiresAt: number | null }
  | { ok: false; problem: ConsentProblem } {
  const left = narrowScopes(scopes, form);
  if (left === null) return { ok: false, problem: "level" };
  if (left.length === 0) return { ok: false, problem: "nothing" };
  const duration = form.get("duration") ?? "";
  if (!isDuration(duration)) return { ok: false, problem: "duration" };
  return { ok: true, scopes: left, expiresAt: expiryOf(duration, now) };
}
