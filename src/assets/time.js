/**
 * Shows the times of a page in the reader's time zone: near ones as "2 hours ago", others as a date, those
 * with the precision "minute" or "second" always with the hour; all with the exact time as title. Without
 * this script they stay in UTC, as the server rendered them.
 */

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Times further away are shown as a date. */
const RELATIVE_WITHIN_MS = 30 * DAY_MS;

const language = document.documentElement.lang;
const relativeFormat = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const exactFormat = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const minuteFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const secondFormat = new Intl.DateTimeFormat(language, {
  dateStyle: "medium",
  timeStyle: "medium",
});
const dateFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/** Such as "now", "2 hours ago" or "in 3 days"; with the precision "day" there are no hours. */
function formatTime(at, now, precision) {
  if (precision === "minute") return minuteFormat.format(at);
  if (precision === "second") return secondFormat.format(at);
  const distance = at - now;
  const isLonger = (ms) => Math.abs(distance) >= ms;
  if (isLonger(RELATIVE_WITHIN_MS)) return dateFormat.format(at);
  if (isLonger(DAY_MS) || precision === "day") {
    // Calendar days, since one day ago is called "yesterday".
    return relativeFormat.format(Math.round((startOfDay(at) - startOfDay(now)) / DAY_MS), "day");
  }
  if (isLonger(HOUR_MS)) return relativeFormat.format(Math.trunc(distance / HOUR_MS), "hour");
  if (isLonger(MINUTE_MS)) return relativeFormat.format(Math.trunc(distance / MINUTE_MS), "minute");
  return relativeFormat.format(0, "second");
}

const startOfDay = (at) => new Date(at).setHours(0, 0, 0, 0);

/** Shows all times of the page; also those that have just come into it. */
export function showTimes() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse(element.dateTime);
    element.textContent = formatTime(at, now, element.dataset.precision);
    element.title = exactFormat.format(at);
  }
}

showTimes();
setInterval(showTimes, MINUTE_MS);
