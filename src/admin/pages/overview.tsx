/** The overview page: totals of accounts and storage, and charts of requests and errors. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import type { AccountTotals } from "../../monitoring/account-totals";
import { Facts } from "../../ui/facts";
import { formatBytes, formatCount, formatDays } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage } from "./layout";

/** How many days the charts show, today included. */
const CHART_DAYS = 30;

/** Requests and server errors of one day. */
interface DailyTraffic {
  /** Days since 1970. */
  day: number;
  requests: number;
  errors: number;
}

/** Shows the overview. `today` is in days since 1970; `traffic` may lack days without requests. */
export function overviewPage(
  c: HonoContext,
  totals: AccountTotals,
  traffic: DailyTraffic[],
  today: number,
): HandlerResponse {
  const { title, overview: messages } = messagesFor(c, ADMIN_MESSAGES);
  const language = languageOf(c);
  const byDay = new Map(traffic.map((dailyTraffic) => [dailyTraffic.day, dailyTraffic]));
  const days = Array.from({ length: CHART_DAYS }, (_, i) => byDay.get(today - CHART_DAYS + 1 + i));
  const numbers: [string, string][] = [
    [messages.accounts, formatCount(language, totals.accounts)],
    [messages.newThisMonth, formatCount(language, totals.createdThisMonth)],
    [messages.suspended, formatCount(language, totals.suspended)],
    [messages.documents, formatCount(language, totals.documents)],
    [messages.usedBytes, formatBytes(language, totals.bytes)],
  ];
  return adminPage(
    c,
    { title },
    <>
      <section>
        <h1>{title}</h1>
        <Facts facts={numbers} />
      </section>
      <section>
        <h2>{messages.traffic(formatDays(language, CHART_DAYS))}</h2>
        <Chart c={c} name={messages.requests} values={days.map((day) => day?.requests ?? 0)} />
        <Chart c={c} name={messages.errors} values={days.map((day) => day?.errors ?? 0)} />
        <p class="muted">{messages.delay}</p>
      </section>
    </>,
  );
}

/** The first day that the charts show, in days since 1970. */
export const firstChartDay = (today: number): number => today - CHART_DAYS + 1;

/** In units of the SVG view box. */
const CHART_HEIGHT = 40;

/** A bar chart with one bar a day. Its caption says the same in words. */
const Chart = ({ c, name, values }: { c: HonoContext; name: string; values: number[] }) => {
  const { chart } = messagesFor(c, ADMIN_MESSAGES).overview;
  const count = (value: number) => formatCount(languageOf(c), value);
  const peak = Math.max(...values);
  const total = values.reduce((sum, value) => sum + value, 0);
  return (
    <figure>
      <figcaption>{chart(name, count(total), count(values.length), count(peak))}</figcaption>
      <svg
        class="chart"
        aria-hidden="true"
        viewBox={`0 0 ${values.length * 10} ${CHART_HEIGHT}`}
        width="100%"
        height={CHART_HEIGHT * 2}
        preserveAspectRatio="none"
      >
        {values.map((value, i) => {
          const height =
            peak === 0 ? 0 : Math.max(value > 0 ? 1 : 0, (value / peak) * CHART_HEIGHT);
          return (
            <rect
              x={i * 10 + 1}
              y={CHART_HEIGHT - height}
              width="8"
              height={height}
              fill="currentColor"
            />
          );
        })}
      </svg>
    </figure>
  );
};
