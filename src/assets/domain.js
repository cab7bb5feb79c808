/**
 * Checks a domain again and again while its page is visible, and shows what was found. Loads the page anew once
 * its state has changed. Without this script the whole page is loaded anew every half minute.
 */

const checked = document.querySelector("[data-seconds]");
if (checked) watch(Number(checked.dataset.seconds) * 1000);

async function watch(pause) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    await untilVisible();
    const page = await loadPage();
    if (page === null) continue;
    if (stateOf(page) !== stateOf(document)) break;
    for (const element of document.querySelectorAll(".finding")) {
      const text = page.getElementById(element.id)?.textContent ?? "";
      if (element.textContent !== text) element.textContent = text;
    }
  }
  location.reload();
}

/** Of the domain, and of the custom hostname by which it leads here. */
const stateOf = (page) =>
  Array.from(page.querySelectorAll("[data-state]"), ({ dataset }) => dataset.state).join();

const untilVisible = () =>
  new Promise((resolve) => {
    if (!document.hidden) resolve();
    else document.addEventListener("visibilitychange", resolve, { once: true });
  });

/** The page as it is now; null: the server does not answer at the moment. */
async function loadPage() {
  try {
    const response = await fetch(location.href);
    if (!response.ok && response.status !== 404) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return null;
  }
}
