/** Times on pages: in UTC, which `/time.js` replaces by the reader's local time. */

import type { Context } from "hono";
import { formatDate, formatDateTime } from "./format";
import { languageOf } from "./language";

interface TimeProps {
  c: Context;
  /** Milliseconds since 1970. */
  at: number;
}

/** "Nov 22, 2026, 4:33 AM UTC"; with script "2 hours ago", with the exact local time as title. */
export const DateTime = ({ c, at }: TimeProps) => (
  <time datetime={new Date(at).toISOString()}>{formatDateTime(languageOf(c), at)}</time>
);

/** Always with the hour and minute: "Nov 22, 2026, 4:33 AM UTC"; with script in the reader's time zone. */
export const ExactTime = ({ c, at }: TimeProps) => (
  <time datetime={new Date(at).toISOString()} data-precision="minute">
    {formatDateTime(languageOf(c), at)}
  </time>
);

/** The same with the seconds: for what may happen several times in a minute. */
export const TimeOfSecond = ({ c, at }: TimeProps) => (
  <time datetime={new Date(at).toISOString()} data-precision="second">
    {formatDateTime(languageOf(c), at, "medium")}
  </time>
);

/** Only the day of a time: "Nov 22, 2026"; with script "in 3 days". */
export const CalendarDate = ({ c, at }: TimeProps) => (
  <time datetime={new Date(at).toISOString()} data-precision="day">
    {formatDate(languageOf(c), at)}
  </time>
);
