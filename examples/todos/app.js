/** The page: what a person sees and does. */

import { forgetAccount, goAndAsk, loadAccount, takeAnswer } from "./account.js";
import { keepSynced, openList } from "./list.js";

const STATES = {
  live: "Live",
  syncing: "Syncing …",
  offline: "Offline: your changes wait here",
  refused: "Not connected",
  elsewhere: "Synced by another window",
};

const part = (id) => document.getElementById(id);

const tell = (problem = "") => {
  part("problem").textContent = problem;
  part("problem").hidden = problem === "";
};

/** Runs what somebody has asked for; what goes wrong is told. */
const doing = (deed) => async (event) => {
  event?.preventDefault();
  tell();
  try {
    await deed(event);
  } catch (error) {
    tell(error.message);
  }
};

/** The rows by the to-do's id, so that whoever types in one is not disturbed. */
const rows = new Map();

function show(list, todos) {
  for (const [id, row] of rows) {
    if (todos.some((todo) => todo.id === id)) continue;
    row.remove();
    rows.delete(id);
  }
  for (const [at, todo] of todos.entries()) {
    const row = rows.get(todo.id) ?? makeRow(list, todo.id);
    const there = part("todos").children[at];
    if (there !== row) part("todos").insertBefore(row, there ?? null);
    const [done, title, remove] = row.children;
    done.checked = todo.done;
    done.ariaLabel = `Done: ${todo.title}`;
    if (document.activeElement !== title) title.value = todo.title;
    title.ariaLabel = `Title of ${todo.title}`;
    remove.ariaLabel = `Delete ${todo.title}`;
    row.classList.toggle("done", todo.done);
  }
  part("empty").hidden = todos.length > 0;
}

function makeRow(list, id) {
  const row = part("todo").content.cloneNode(true).firstElementChild;
  const [done, title, remove] = row.children;
  const change = async (fields) => (await list.findOne(id).exec())?.incrementalPatch(fields);
  done.addEventListener(
    "change",
    doing(() => change({ done: done.checked })),
  );
  title.addEventListener(
    "change",
    doing(async () => {
      if (title.value.trim() !== "") await change({ title: title.value.trim() });
    }),
  );
  remove.addEventListener(
    "click",
    doing(async () => {
      await (await list.findOne(id).exec())?.incrementalRemove();
      part("title").focus();
    }),
  );
  rows.set(id, row);
  return row;
}

async function showList({ address, url }) {
  const list = await openList(address);
  part("who").textContent = address;
  part("list").hidden = part("footer").hidden = false;
  list.find({ sort: [{ createdAt: "asc" }] }).$.subscribe((todos) => show(list, todos));
  part("add").addEventListener(
    "submit",
    doing(async () => {
      const title = part("title").value.trim();
      part("title").value = "";
      if (title === "") return;
      const createdAt = new Date().toISOString();
      await list.insert({ id: crypto.randomUUID(), title, done: false, createdAt });
    }),
  );
  const onState = (state, reason = "") => {
    const status = part("status");
    status.hidden = false;
    status.dataset.state = state;
    status.textContent = STATES[state];
    part("reconnect").hidden = state !== "refused";
    tell(reason);
  };
  onState("elsewhere");
  const stop = keepSynced(list, url, onState);
  part("reconnect").addEventListener(
    "click",
    doing(() => goAndAsk(address)),
  );
  part("disconnect").addEventListener(
    "click",
    doing(async () => {
      await stop();
      // What is in the Satchel stays; the copy in this browser goes.
      await list.database.remove();
      forgetAccount();
      location.reload();
    }),
  );
}

part("connect").addEventListener(
  "submit",
  doing(() => goAndAsk(part("address").value.trim())),
);

await doing(takeAnswer)();
const account = loadAccount();
part("connect").hidden = account !== null;
if (account) await doing(() => showList(account))();
