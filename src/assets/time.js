/**
 * Shows every <time> of a page in the reader's own time zone: near ones as "2 hours ago", with the
 * exact time as title, others as a date. Without this script they stay as the server wrote them, in UTC.
 */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Further away than this, a date says more than a number of days. */
const RELATIVE_WITHIN_MS = 30 * DAY_MS;

/** From the largest: the first that fits at least once is used. */
const UNITS = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
  ["second", SECOND_MS],
];

const language = document.documentElement.lang;
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const date = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/** "2 hours ago", "in 3 days", "yesterday"; of a time of which only the day matters, no hours. */
function describe(at, now, precision) {
  if (Math.abs(at - now) >= RELATIVE_WITHIN_MS) return date.format(at);
  if (precision === "day") {
    return relative.format(Math.round((startOfDay(at) - startOfDay(now)) / DAY_MS), "day");
  }
  const distance = at - now;
  const [unit, ms] = UNITS.find(([, ms]) => Math.abs(distance) >= ms) ?? ["second", SECOND_MS];
  return relative.format(Math.trunc(distance / ms), unit);
}

const startOfDay = (at) => new Date(at).setHours(0, 0, 0, 0);

function showTimes() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(element.dateTime);
    element.textContent = describe(at, now, element.dataset.precision);
    element.title = exact.format(at);
  }
}

showTimes();
setInterval(showTimes, MINUTE_MS);
