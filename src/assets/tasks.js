/**
 * Keeps the page of a task up to date while it runs: asks the server how far it has come, and loads the page
 * anew once it has ended. Without this script the whole page is loaded anew every few seconds.
 */

const FIRST_PAUSE_MS = 400;
const MAX_PAUSE_MS = 5000;

const element = document.querySelector("[data-task]");
if (element) watch(element);

async function watch({ dataset }) {
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    await untilVisible();
    const task = await askServer(dataset.task);
    if (task && task.state !== "running") break;
    if (task) showProgress(task);
    pause = Math.min(1.5 * pause, MAX_PAUSE_MS);
  }
  location.reload();
}

const untilVisible = () =>
  new Promise((resolve) => {
    if (!document.hidden) resolve();
    else document.addEventListener("visibilitychange", resolve, { once: true });
  });

/** The state of the task; null: the server does not answer at the moment. */
async function askServer(path) {
  try {
    const response = await fetch(path, { headers: { Accept: "application/json" } });
    // The session has ended, or the task is forgotten: the page says so.
    if (response.redirected || response.status === 404) return { state: "gone" };
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function showProgress({ looked, total, text }) {
  const bar = element.querySelector("progress");
  if (total !== null) {
    bar.max = Math.max(total, looked, 1);
    bar.value = looked;
  }
  element.querySelector("[data-task-text]").textContent = text;
}
