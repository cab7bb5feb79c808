/**
 * Moments in the reader's time zone: "yesterday evening", and the field for a date and time. Without this
 * script both are in UTC.
 */

const form = document.querySelector("#typed").form;
const typed = form.elements.namedItem("typed");
const moment = form.elements.namedItem("moment");
const typedChoice = document.querySelector("#typed-moment");
const zone = document.querySelector("#zone");

/** Such as "2026-11-28T18:00", in the reader's time zone. */
function formatLocal(at) {
  const minutes = new Date(at).getTimezoneOffset();
  return new Date(at - minutes * 60_000).toISOString().slice(0, 16);
}

for (const limit of ["min", "max"]) typed[limit] = formatLocal(Date.parse(`${typed[limit]}Z`));
if (typed.value) typed.value = formatLocal(Date.parse(`${typed.value}Z`));

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
zone.textContent = `${zone.dataset.local} (${timeZone}).`;

const evening = form.querySelector("[data-moment=yesterday-evening]");
if (evening) {
  const at = new Date();
  at.setDate(at.getDate() - 1);
  at.setHours(18, 0, 0, 0);
  evening.value = String(at.getTime());
  const time = evening.parentElement.querySelector("time");
  time.dateTime = at.toISOString();
  const language = document.documentElement.lang;
  const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  time.textContent = format.format(at);
}

function readTyped() {
  const at = new Date(typed.value).getTime();
  moment.value = Number.isNaN(at) ? "" : String(at);
  if (moment.value !== "") typedChoice.checked = true;
}

typed.addEventListener("input", readTyped);
form.addEventListener("submit", () => {
  if (typedChoice.checked) readTyped();
});
