/**
 * Shows the times of a page in the reader's time zone: near ones as "2 hours ago", others as a date,
 * all with the exact time as title. Without this script they stay in UTC, as the server rendered them.
 */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Times further away are shown as a date. */
const RELATIVE_WITHIN_MS = 30 * DAY_MS;

/** From the largest: the first one that is not longer than the distance is used. */
const UNITS = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
  ["second", SECOND_MS],
];

const language = document.documentElement.lang;
const relativeFormat = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const exactFormat = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const dateFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/** Such as "2 hours ago" or "in 3 days"; with the precision "day" there are no hours. */
function formatTime(at, now, precision) {
  if (Math.abs(at - now) >= RELATIVE_WITHIN_MS) return dateFormat.format(at);
  if (precision === "day") {
    return relativeFormat.format(Math.round((startOfDay(at) - startOfDay(now)) / DAY_MS), "day");
  }
  const distance = at - now;
  const [unit, ms] = UNITS.find(([, ms]) => Math.abs(distance) >= ms) ?? ["second", SECOND_MS];
  return relativeFormat.format(Math.trunc(distance / ms), unit);
}

const startOfDay = (at) => new Date(at).setHours(0, 0, 0, 0);

function showTimes() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(element.dateTime);
    element.textContent = formatTime(at, now, element.dataset.precision);
    element.title = exactFormat.format(at);
  }
}

showTimes();
setInterval(showTimes, MINUTE_MS);
