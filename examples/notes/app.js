/** Notes in a remoteStorage: each is a document. What other windows change arrives at once. */

import { live } from "@satchel/live";
import RemoteStorage from "remotestoragejs";

const STATUS_TEXTS = { live: "Live", polling: "Synced every ten seconds" };

const element = (id) => document.getElementById(id);

const remoteStorage = new RemoteStorage({
  changeEvents: { local: true, window: true, remote: true },
});
remoteStorage.access.claim("notes", "rw");
remoteStorage.caching.enable("/notes/");
const notes = remoteStorage.scope("/notes/");

/** The rows by the note's name. They are kept, so that nobody is interrupted while typing in one. */
const rows = new Map();

function showNote(name, text) {
  const row = rows.get(name) ?? createRow(name);
  const [input, remove] = row.children;
  if (document.activeElement !== input) input.value = text;
  input.ariaLabel = `Text of ${text}`;
  remove.ariaLabel = `Delete ${text}`;
  element("empty").hidden = true;
}

function createRow(name) {
  const row = element("note").content.cloneNode(true).firstElementChild;
  const [input, remove] = row.children;
  input.addEventListener("change", () => notes.storeFile("text/plain", name, input.value));
  remove.addEventListener("click", () => notes.remove(name));
  rows.set(name, row);
  element("notes").append(row);
  return row;
}

function hideNote(name) {
  rows.get(name)?.remove();
  rows.delete(name);
  element("empty").hidden = rows.size > 0;
}

notes.on("change", ({ relativePath, newValue }) => {
  if (newValue === undefined || newValue === false) hideNote(relativePath);
  else showNote(relativePath, newValue);
});

function showConnected(isConnected) {
  element("connect").hidden = isConnected;
  element("list").hidden = element("footer").hidden = !isConnected;
  element("status").hidden = !isConnected;
  element("account").textContent = remoteStorage.remote.userAddress ?? "";
}

remoteStorage.on("connected", () => showConnected(true));
remoteStorage.on("not-connected", () => showConnected(false));
remoteStorage.on("disconnected", () => {
  for (const name of rows.keys()) hideNote(name);
  showConnected(false);
});
remoteStorage.on("error", ({ message }) => {
  element("error").textContent = message;
  element("error").hidden = false;
});

element("connect").addEventListener("submit", (event) => {
  event.preventDefault();
  element("error").hidden = true;
  remoteStorage.connect(element("address").value.trim());
});
element("add").addEventListener("submit", (event) => {
  event.preventDefault();
  notes.storeFile("text/plain", crypto.randomUUID(), element("text").value);
  element("text").value = "";
});
element("disconnect").addEventListener("click", () => remoteStorage.disconnect());

const showStatus = (status) => {
  element("status").textContent = STATUS_TEXTS[status];
};
showStatus(live(remoteStorage, { onStatus: showStatus }).status);
