/** What an app used, in sums and as a small picture. */

import { DAY_MS } from "../../core/time";
import { type AppUsageRow, firstUsageDay, USAGE_DAYS } from "../../oauth/app-usage";
import { formatBytes, formatCount, formatDate } from "../../ui/format";
import type { Language } from "../../ui/language";
import { APP_MESSAGES } from "../messages";

/** The days that are shown, the oldest first, today the last. */
interface Use {
  days: { day: number; requests: number; bytes: number }[];
  requests: number;
  bytes: number;
  /** Milliseconds since 1970; null: not in these days. */
  lastAt: number | null;
}

/** What was used, by the id of the grant. */
export type UseByGrant = Map<string, AppUsageRow[]>;

/** Once for all apps: there may be many. */
export const groupUse = (rows: AppUsageRow[]): UseByGrant =>
  Map.groupBy(rows, ({ grant }) => grant);

/** Sums up what some grants used. */
export function sumUse(use: UseByGrant, grants: string[], now: number): Use {
  const own = grants.flatMap((grant) => use.get(grant) ?? []);
  const byDay = Map.groupBy(own, ({ day }) => day);
  const first = firstUsageDay(now);
  const days = Array.from({ length: USAGE_DAYS }, (_, i) => {
    const ofDay = byDay.get(first + i) ?? [];
    return { day: first + i, requests: sum(ofDay, "requests"), bytes: sum(ofDay, "bytes") };
  });
  return {
    days,
    requests: sum(days, "requests"),
    bytes: sum(days, "bytes"),
    lastAt: own.length === 0 ? null : Math.max(...own.map(({ lastAt }) => lastAt)),
  };
}

const sum = <Key extends string>(rows: Record<Key, number>[], key: Key): number =>
  rows.reduce((total, row) => total + row[key], 0);

/** "12 requests and 3 MB in the last 30 days". */
export const describeUse = ({ requests, bytes }: Use, language: Language): string =>
  APP_MESSAGES[language].used(countOf(requests, language), formatBytes(language, bytes));

const countOf = (requests: number, language: Language): string =>
  APP_MESSAGES[language].requests(requests, formatCount(language, requests));

const BAR_WIDTH = 8;
const STEP = 10;
const HALF = 24;

/** A bar for each day: requests upwards, bytes downwards, each as a part of the most there was. */
export function UsePicture({ use, language }: { use: Use; language: Language }) {
  const words = APP_MESSAGES[language];
  const busiest = use.days.toSorted((a, b) => b.requests - a.requests)[0];
  if (busiest === undefined || use.requests === 0) return null;
  const mostBytes = Math.max(...use.days.map(({ bytes }) => bytes));
  const inWords = `${describeUse(use, language)}; ${words.busiest(
    formatDate(language, busiest.day * DAY_MS),
    countOf(busiest.requests, language),
  )}`;
  return (
    <svg
      class="bar"
      role="img"
      aria-label={`${inWords}. ${words.legend}`}
      viewBox={`0 0 ${USAGE_DAYS * STEP} ${2 * HALF + 2}`}
      width="300"
      height="50"
    >
      <rect x="0" y={HALF} width={USAGE_DAYS * STEP} height="1" fill="currentColor" opacity="0.4" />
      <path
        d={barsOf(
          use.days.map(({ requests }) => requests / busiest.requests),
          HALF,
          "up",
        )}
        fill="currentColor"
        opacity="0.85"
      />
      <path
        d={barsOf(
          use.days.map(({ bytes }) => bytes / (mostBytes || 1)),
          HALF + 2,
          "down",
        )}
        fill="currentColor"
        opacity="0.45"
      />
    </svg>
  );
}

/** All bars of one direction, from a line on. What there was of at all can be seen. */
const barsOf = (shares: number[], line: number, direction: "up" | "down"): string =>
  shares
    .map((share, i) => {
      const height = Math.max(1, Math.round(share * HALF)) * (direction === "up" ? -1 : 1);
      return share === 0 ? "" : `M${i * STEP + 1} ${line}h${BAR_WIDTH}v${height}h-${BAR_WIDTH}z`;
    })
    .join("");
