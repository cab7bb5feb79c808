/** What an app used, in sums and as a small picture. */

import { DAY_MS, dayOf } from "../core/time";
import { formatBytes, formatCount, formatDay } from "../http/format";
import type { Language } from "../http/language";
import { USE_DAYS, type UseRow } from "../oauth/use";
import { WORDS } from "./apps-words";

/** The days that are shown, the oldest first, today the last. */
interface Use {
  days: { day: number; requests: number; bytes: number }[];
  requests: number;
  bytes: number;
  /** Milliseconds since 1970; null: not in these days. */
  lastAt: number | null;
}

/** Sums up what some grants used. */
export function sumUse(rows: UseRow[], grants: string[], now: number): Use {
  const own = rows.filter(({ grant }) => grants.includes(grant));
  const first = dayOf(now) - USE_DAYS + 1;
  const days = Array.from({ length: USE_DAYS }, (_, i) => {
    const ofDay = own.filter(({ day }) => day === first + i);
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
  WORDS[language].used(countOf(requests, language), formatBytes(language, bytes));

const countOf = (requests: number, language: Language): string =>
  WORDS[language].requests(requests, formatCount(language, requests));

const BAR_WIDTH = 8;
const STEP = 10;
const HALF = 24;

/** A bar for each day: requests upwards, bytes downwards, each as a part of the most there was. */
export function UsePicture({ use, language }: { use: Use; language: Language }) {
  const words = WORDS[language];
  const busiest = use.days.toSorted((a, b) => b.requests - a.requests)[0];
  if (busiest === undefined || use.requests === 0) return null;
  const mostBytes = Math.max(...use.days.map(({ bytes }) => bytes));
  const inWords = `${describeUse(use, language)}; ${words.busiest(
    formatDay(language, busiest.day * DAY_MS),
    countOf(busiest.requests, language),
  )}`;
  return (
    <svg
      class="bar"
      role="img"
      aria-label={`${inWords}. ${words.legend}`}
      viewBox={`0 0 ${USE_DAYS * STEP} ${2 * HALF + 2}`}
      width="300"
      height="50"
    >
      <rect x="0" y={HALF} width={USE_DAYS * STEP} height="1" fill="currentColor" opacity="0.4" />
      {use.days.map(({ requests, bytes }, i) => (
        <>
          <Bar at={i} share={requests / busiest.requests} isUp={true} />
          <Bar at={i} share={mostBytes === 0 ? 0 : bytes / mostBytes} isUp={false} />
        </>
      ))}
    </svg>
  );
}

/** What there was of at all can be seen. */
function Bar({ at, share, isUp }: { at: number; share: number; isUp: boolean }) {
  if (share === 0) return null;
  const height = Math.max(1, Math.round(share * HALF));
  return (
    <rect
      x={at * STEP + 1}
      y={isUp ? HALF - height : HALF + 2}
      width={BAR_WIDTH}
      height={height}
      fill="currentColor"
      opacity={isUp ? 0.85 : 0.45}
    />
  );
}
