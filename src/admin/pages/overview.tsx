/** The first page of administration: how the provider is doing, in a few numbers. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import type { AccountTotals } from "../../monitoring/account-totals";
import { formatBytes, formatCount, formatDays } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage } from "./layout";

/** So many days are drawn, the last of them today. */
const DAYS = 30;

/** What was asked on one day (days since 1970). */
interface Day {
  day: number;
  requests: number;
  errors: number;
}

/** `today`: days since 1970. `traffic` has the days on which there was any. */
export function overviewPage(
  c: HonoContext,
  totals: AccountTotals,
  traffic: Day[],
  today: number,
): HandlerResponse {
  const { title, overview: words } = messagesFor(c, ADMIN_MESSAGES);
  const language = languageOf(c);
  const byDay = new Map(traffic.map((one) => [one.day, one]));
  const days = Array.from({ length: DAYS }, (_, i) => byDay.get(today - DAYS + 1 + i));
  const numbers: [string, string][] = [
    [words.accounts, formatCount(language, totals.accounts)],
    [words.fresh, formatCount(language, totals.fresh)],
    [words.suspended, formatCount(language, totals.suspended)],
    [words.documents, formatCount(language, totals.documents)],
    [words.bytes, formatBytes(language, totals.bytes)],
  ];
  return adminPage(
    c,
    { title },
    <>
      <section>
        <h1>{title}</h1>
        <dl class="pairs">
          {numbers.map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
      </section>
      <section>
        <h2>{words.traffic(formatDays(language, DAYS))}</h2>
        <Chart c={c} name={words.requests} values={days.map((day) => day?.requests ?? 0)} />
        <Chart c={c} name={words.errors} values={days.map((day) => day?.errors ?? 0)} />
        <p class="faint">{words.late}</p>
      </section>
    </>,
  );
}

/** The first of the days that the page shows. */
export const firstDay = (today: number): number => today - DAYS + 1;

const HEIGHT = 40;

/** A bar for each day. Its text says what the bars do. */
const Chart = ({ c, name, values }: { c: HonoContext; name: string; values: number[] }) => {
  const { chart } = messagesFor(c, ADMIN_MESSAGES).overview;
  const count = (value: number) => formatCount(languageOf(c), value);
  const most = Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return (
    <figure>
      <figcaption>{chart(name, count(sum), count(values.length), count(most))}</figcaption>
      <svg
        class="bar"
        aria-hidden="true"
        viewBox={`0 0 ${values.length * 10} ${HEIGHT}`}
        width="100%"
        height={HEIGHT * 2}
        preserveAspectRatio="none"
      >
        {values.map((value, i) => {
          const height = most === 0 ? 0 : Math.max(value > 0 ? 1 : 0, (value / most) * HEIGHT);
          return (
            <rect
              x={i * 10 + 1}
              y={HEIGHT - height}
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
