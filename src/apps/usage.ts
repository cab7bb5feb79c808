/** Sums up the usage of apps, by day and in total. */

import { type AppUsageRow, firstUsageDay, USAGE_DAYS } from "../oauth/app-usage";

/** The usage of an app in the last `USAGE_DAYS`. */
export interface UsageSummary {
  /** The oldest first, today last; `day` in days since 1970. */
  days: { day: number; requests: number; bytes: number }[];
  requests: number;
  bytes: number;
  /** When it was last used, be it earlier, milliseconds since 1970; null: never. */
  lastAt: number | null;
}

export type UsageByGrant = Map<string, AppUsageRow[]>;

/** Groups the rows once for all apps, as there may be many. */
export const groupUsageByGrant = (rows: AppUsageRow[]): UsageByGrant =>
  Map.groupBy(rows, ({ grant }) => grant);

/** Sums up the usage of some grants. */
export function summarizeUsage(usage: UsageByGrant, grantIds: string[], now: number): UsageSummary {
  const rows = grantIds.flatMap((grant) => usage.get(grant) ?? []);
  const rowsByDay = Map.groupBy(rows, ({ day }) => day);
  const firstDay = firstUsageDay(now);
  const days = Array.from({ length: USAGE_DAYS }, (_, index) => {
    const day = firstDay + index;
    const dayRows = rowsByDay.get(day) ?? [];
    return { day, requests: sumOf(dayRows, "requests"), bytes: sumOf(dayRows, "bytes") };
  });
  return {
    days,
    requests: sumOf(days, "requests"),
    bytes: sumOf(days, "bytes"),
    lastAt: rows.length === 0 ? null : Math.max(...rows.map(({ lastAt }) => lastAt)),
  };
}

const sumOf = <Key extends string>(rows: Record<Key, number>[], key: Key): number =>
  rows.reduce((total, row) => total + row[key], 0);
