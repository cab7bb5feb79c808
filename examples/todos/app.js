/** The page: shows the list, and lets the user change it. */

import { authorize, forgetAccount, handleAuthorizationResponse, loadAccount } from "./account.js";
import { keepSynced, openList } from "./list.js";

const STATUS_TEXTS = {
  live: "Live",
  syncing: "Syncing …",
  offline: "Offline: changes will be synced later",
  refused: "Not connected",
  otherWindow: "Synced by another window",
};

const element = (id) => document.getElementById(id);

const showError = (message = "") => {
  element("error").textContent = message;
  element("error").hidden = message === "";
};

/** Makes an event handler that shows its error. */
const handler = (action) => async (event) => {
  event?.preventDefault();
  showError();
  try {
    await action(event);
  } catch (error) {
    showError(error.message);
  }
};

/** The rows by the to-do's id. They are kept, so that nobody is interrupted while typing in one. */
const rows = new Map();

function render(list, todos) {
  for (const [id, row] of rows) {
    if (todos.some((todo) => todo.id === id)) continue;
    row.remove();
    rows.delete(id);
  }
  for (const [at, todo] of todos.entries()) {
    const row = rows.get(todo.id) ?? createRow(list, todo.id);
    const current = element("todos").children[at];
    if (current !== row) element("todos").insertBefore(row, current ?? null);
    const [done, title, remove] = row.children;
    done.checked = todo.done;
    done.ariaLabel = `Done: ${todo.title}`;
    if (document.activeElement !== title) title.value = todo.title;
    title.ariaLabel = `Title of ${todo.title}`;
    remove.ariaLabel = `Delete ${todo.title}`;
    row.classList.toggle("done", todo.done);
  }
  element("empty").hidden = todos.length > 0;
}

function createRow(list, id) {
  const row = element("todo").content.cloneNode(true).firstElementChild;
  const [done, title, remove] = row.children;
  const patch = async (fields) => (await list.findOne(id).exec())?.incrementalPatch(fields);
  done.addEventListener(
    "change",
    handler(() => patch({ done: done.checked })),
  );
  title.addEventListener(
    "change",
    handler(async () => {
      if (title.value.trim() !== "") await patch({ title: title.value.trim() });
    }),
  );
  remove.addEventListener(
    "click",
    handler(async () => {
      await (await list.findOne(id).exec())?.incrementalRemove();
      element("title").focus();
    }),
  );
  rows.set(id, row);
  return row;
}

async function showList({ address, url }) {
  const list = await openList(address);
  element("account").textContent = address;
  element("list").hidden = element("footer").hidden = false;
  list.find({ sort: [{ createdAt: "asc" }] }).$.subscribe((todos) => render(list, todos));
  element("add").addEventListener(
    "submit",
    handler(async () => {
      const title = element("title").value.trim();
      element("title").value = "";
      if (title === "") return;
      const createdAt = new Date().toISOString();
      await list.insert({ id: crypto.randomUUID(), title, done: false, createdAt });
    }),
  );
  const onState = (state, message = "") => {
    const status = element("status");
    status.hidden = false;
    status.dataset.state = state;
    status.textContent = STATUS_TEXTS[state];
    element("reconnect").hidden = state !== "refused";
    showError(message);
  };
  onState("otherWindow");
  const stop = keepSynced(list, url, onState);
  element("reconnect").addEventListener(
    "click",
    handler(() => authorize(address)),
  );
  element("disconnect").addEventListener(
    "click",
    handler(async () => {
      await stop();
      // Deletes the copy in this browser. The list in the Satchel stays.
      await list.database.remove();
      forgetAccount();
      location.reload();
    }),
  );
}

element("connect").addEventListener(
  "submit",
  handler(() => authorize(element("address").value.trim())),
);

await handler(handleAuthorizationResponse)();
const account = loadAccount();
element("connect").hidden = account !== null;
if (account) await handler(() => showList(account))();
