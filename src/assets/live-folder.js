/**
 * Keeps the page of a folder up to date: the server tells on a live socket when something has changed (docs/live.md), and the
 * parts of the page with `data-live` become as they are on the page loaded anew. What stays in them keeps its focus,
 * its selection and what was typed. Without this script the page shows what was there when it was loaded.
 */

import { showTimes } from "./time.js";

/** The server takes a socket for dead that is silent for longer than two minutes. */
const HEARTBEAT_MS = 45_000;

/** Between sockets; the first again after one that has lasted so long. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 60_000;
const LASTING_MS = 10_000;

/** Between two updates, longer and longer while changes go on. */
const FIRST_UPDATE_PAUSE_MS = 1000;
const LAST_UPDATE_PAUSE_MS = 10_000;

/** How often screen readers are told that something has changed. */
const ANNOUNCE_MS = 15_000;

class LiveFolder {
  isStale = false;
  isUpdating = false;
  announcedAt = 0;

  constructor(region) {
    this.path = region.dataset.folder;
    this.version = region.dataset.version ?? null;
    this.updatedText = region.dataset.updated;
    this.follow();
  }

  /** Listens with one socket after another while the page is visible. */
  async follow() {
    for (let retryMs = FIRST_RETRY_MS; ; ) {
      await untilVisible();
      const openedAt = Date.now();
      const url = await requestSocketUrl().catch(() => null);
      if (url === "signed-out") return;
      if (url !== null) await this.listen(url);
      const hasLasted = url !== null && Date.now() - openedAt > LASTING_MS;
      if (hasLasted || document.hidden) retryMs = FIRST_RETRY_MS;
      await pause(retryMs * (0.5 + Math.random()));
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    }
  }

  /** Listens until the socket ends, or the page is hidden. */
  listen(url) {
    const socket = new WebSocket(url);
    let isAnswered = true;
    return new Promise((resolve) => {
      const heartbeat = setInterval(() => {
        if (!isAnswered || socket.readyState !== WebSocket.OPEN) return end();
        isAnswered = false;
        socket.send("ping");
      }, HEARTBEAT_MS);
      const end = () => {
        clearInterval(heartbeat);
        document.removeEventListener("visibilitychange", endIfHidden);
        // To close it while it is being opened would be an error on the console.
        if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
        else socket.close();
        resolve();
      };
      const endIfHidden = () => document.hidden && end();
      document.addEventListener("visibilitychange", endIfHidden);
      const folder = { path: this.path, ETag: this.version };
      socket.onopen = () => socket.send(JSON.stringify({ type: "watch", folders: [folder] }));
      socket.onclose = end;
      socket.onmessage = ({ data }) => {
        isAnswered = true;
        if (data === "pong") return;
        const { type, folders: [changed] = [] } = JSON.parse(data);
        if (type === "refused") return end();
        if (changed === undefined) return;
        this.version = changed.ETag;
        this.update();
      };
    });
  }

  /** Brings the page up to date, once for all changes of a while. */
  async update() {
    this.isStale = true;
    if (this.isUpdating) return;
    this.isUpdating = true;
    for (let pauseMs = FIRST_UPDATE_PAUSE_MS; this.isStale; ) {
      await untilVisible();
      this.isStale = false;
      const fresh = await loadPage().catch(() => null);
      if (fresh === "signed-out") break;
      if (fresh === null) this.isStale = true;
      else this.show(fresh);
      await pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, LAST_UPDATE_PAUSE_MS);
    }
    this.isUpdating = false;
  }

  show(fresh) {
    const regions = document.querySelectorAll("[data-live]");
    const freshRegions = fresh.querySelectorAll("[data-live]");
    if (regions.length !== freshRegions.length) return;
    const { activeElement } = document;
    const place = placeInTable(activeElement);
    for (const [index, region] of regions.entries()) makeLike(region, freshRegions[index]);
    showTimes();
    if (activeElement.isConnected) activeElement.focus({ preventScroll: true });
    else focusPlace(place);
    this.announce();
  }

  announce() {
    if (Date.now() - this.announcedAt < ANNOUNCE_MS) return;
    this.announcedAt = Date.now();
    const announcement = document.querySelector("[data-folder-announcement]");
    // The same text again would not be read.
    announcement.textContent = "";
    setTimeout(() => {
      announcement.textContent = this.updatedText;
    }, 100);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const untilVisible = () =>
  new Promise((resolve) => {
    if (!document.hidden) resolve();
    else document.addEventListener("visibilitychange", resolve, { once: true });
  });

/** A URL that opens one socket; null: not at the moment; "signed-out": the session of the browser has ended. */
async function requestSocketUrl() {
  const response = await fetch(`${location.pathname}?view=watch`, { method: "POST" });
  if (response.redirected) return "signed-out";
  return response.ok ? (await response.json()).url : null;
}

/** The page as it is now; null: the server does not answer at the moment. */
async function loadPage() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (response.redirected) return "signed-out";
  if (!response.ok) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/**
 * Makes a node like another one of its kind. Children that stay are the same ones as before; what the user does to them is in
 * no attribute, except whether `details` are open.
 */
function makeLike(node, fresh) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.data !== fresh.data) node.data = fresh.data;
    return;
  }
  for (const { name, value } of fresh.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  for (const { name } of [...node.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") node.removeAttribute(name);
  }
  const children = childrenByKey(node);
  const freshChildren = childrenByKey(fresh);
  for (const [key, child] of children) if (!freshChildren.has(key)) child.remove();
  let index = 0;
  for (const [key, freshChild] of freshChildren) {
    const kept = children.get(key);
    if (kept) makeLike(kept, freshChild);
    const child = kept ?? document.importNode(freshChild, true);
    if (node.childNodes[index] !== child) node.insertBefore(child, node.childNodes[index] ?? null);
    index++;
  }
}

/** A row is that of the same item, any other child the one of its kind in the same place. */
function childrenByKey(node) {
  const counts = new Map();
  return new Map(
    Array.from(node.childNodes, (child) => {
      const item = child.nodeName === "TR" ? child.querySelector("input")?.value : undefined;
      if (item !== undefined) return [item, child];
      const count = (counts.get(child.nodeName) ?? 0) + 1;
      counts.set(child.nodeName, count);
      return [`${child.nodeName} ${count}`, child];
    }),
  );
}

/** Which row an element is in, and which of its controls it is; null if it is in none. */
function placeInTable(element) {
  const row = element?.closest("tbody tr");
  if (!row) return null;
  return { index: row.sectionRowIndex, isLink: element.matches("a") };
}

/** Focuses what is now in the place of a control whose row is gone. */
function focusPlace(place) {
  const rows = document.querySelectorAll("[data-live] tbody tr");
  const row = rows[Math.min(place?.index ?? 0, rows.length - 1)];
  row?.querySelector(place?.isLink ? "a" : "input").focus({ preventScroll: true });
}

for (const region of document.querySelectorAll("[data-folder]")) new LiveFolder(region);
