/** The moment to go back to, as a form says it. */

import { DAY_MS, HOUR_MS } from "../core/time";

/** What is wrong with a moment: none was chosen, it is not in the past, or versions of then are not kept. */
export type MomentProblem = "missing" | "future" | "too-early";

/** A moment that can be chosen at once. */
export interface QuickMoment {
  kind: "hour-ago" | "yesterday-evening" | "week-ago";
  /** Milliseconds since 1970. */
  at: number;
}

/** The hour that is called evening. */
const EVENING_HOUR = 18;

/** The value of `at` if another moment is typed. */
export const TYPED_MOMENT = "typed";

/** The moments that are offered, in UTC; a script corrects the evening for the reader's time zone. */
export function quickMoments(now: number, earliest: number): QuickMoment[] {
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  const moments: QuickMoment[] = [
    { kind: "hour-ago", at: now - HOUR_MS },
    { kind: "yesterday-evening", at: midnight - DAY_MS + EVENING_HOUR * HOUR_MS },
    { kind: "week-ago", at: now - 7 * DAY_MS },
  ];
  return moments.filter(({ at }) => at >= earliest);
}

/**
 * Parses the fields `at` (milliseconds since 1970, or TYPED_MOMENT), `moment` (the typed moment in
 * milliseconds, from a script that knows the time zone) and `typed` (as a browser sends a date and
 * time, taken for UTC).
 */
export function parseMoment(
  form: URLSearchParams,
  now: number,
  earliest: number,
): { at: number } | { problem: MomentProblem } {
  const at = readMoment(form);
  if (at === null) return { problem: "missing" };
  if (at > now) return { problem: "future" };
  return at < earliest ? { problem: "too-early" } : { at };
}

function readMoment(form: URLSearchParams): number | null {
  const at = form.get("at") ?? "";
  if (at !== TYPED_MOMENT) return readMilliseconds(at);
  const typed = form.get("typed") ?? "";
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(typed)) return null;
  const utc = Date.parse(`${typed}Z`);
  return readMilliseconds(form.get("moment") ?? "") ?? (Number.isNaN(utc) ? null : utc);
}

const readMilliseconds = (text: string): number | null =>
  /^\d{1,15}$/.test(text) ? Number(text) : null;

/** Such as "2026-11-28T18:00", the value of a field for a date and time, in UTC. */
export const formatMoment = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().slice(0, 16);
