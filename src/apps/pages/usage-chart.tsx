/** The usage of an app: a sentence, and a small chart with a bar for each day. */

import { DAY_MS } from "../../core/time";
import { USAGE_DAYS } from "../../oauth/app-usage";
import { formatBytes, formatCount, formatDate } from "../../ui/format";
import type { Language } from "../../ui/language";
import { APP_MESSAGES } from "../messages";
import type { UsageSummary } from "../usage";

/** "12 requests and 3 MB in the last 30 days". */
export const describeUsage = (
  { requests, bytes }: Pick<UsageSummary, "requests" | "bytes">,
  language: Language,
): string =>
  APP_MESSAGES[language].used(describeRequests(requests, language), formatBytes(language, bytes));

const describeRequests = (count: number, language: Language): string =>
  APP_MESSAGES[language].requests(count, formatCount(language, count));

// In units of the chart's view box.
const BAR_WIDTH = 8;
const DAY_WIDTH = 10;
const MAX_BAR_HEIGHT = 24;

/**
 * A bar for each day: requests upwards, bytes downwards, each relative to the highest day. Renders
 * nothing without requests.
 */
export function UsageChart({ usage, language }: { usage: UsageSummary; language: Language }) {
  const messages = APP_MESSAGES[language];
  const busiest = usage.days.toSorted((a, b) => b.requests - a.requests)[0];
  if (busiest === undefined || usage.requests === 0) return null;
  const maxBytes = Math.max(...usage.days.map(({ bytes }) => bytes));
  const description = `${describeUsage(usage, language)}; ${messages.busiest(
    formatDate(language, busiest.day * DAY_MS),
    describeRequests(busiest.requests, language),
  )}`;
  const width = USAGE_DAYS * DAY_WIDTH;
  return (
    <svg
      class="chart"
      role="img"
      aria-label={`${description}. ${messages.legend}`}
      viewBox={`0 0 ${width} ${2 * MAX_BAR_HEIGHT + 2}`}
      width="300"
      height="50"
    >
      <rect x="0" y={MAX_BAR_HEIGHT} width={width} height="1" fill="currentColor" opacity="0.4" />
      <path
        d={barPath(
          usage.days.map(({ requests }) => requests / busiest.requests),
          MAX_BAR_HEIGHT,
          "up",
        )}
        fill="currentColor"
        opacity="0.85"
      />
      <path
        d={barPath(
          usage.days.map(({ bytes }) => bytes / (maxBytes || 1)),
          MAX_BAR_HEIGHT + 2,
          "down",
        )}
        fill="currentColor"
        opacity="0.45"
      />
    </svg>
  );
}

/** The bars of one direction, from a base line on. However small a share, its bar can be seen. */
const barPath = (shares: number[], baseline: number, direction: "up" | "down"): string =>
  shares
    .map((share, index) => {
      const height = Math.max(1, Math.round(share * MAX_BAR_HEIGHT));
      const dy = direction === "up" ? -height : height;
      return share === 0
        ? ""
        : `M${index * DAY_WIDTH + 1} ${baseline}h${BAR_WIDTH}v${dy}h-${BAR_WIDTH}z`;
    })
    .join("");
