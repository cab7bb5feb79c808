/**
 * `npm run bench -- live`: how long it takes until a listener is told of a change, what listeners cost the
 * writer, how many requests idle apps no longer send, and what reading many documents at once saves.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stopCompiler } from "../../scripts/lib/compiler.mjs";
import { LATENCIES } from "../edge/latencies.mjs";
import { startEdgeServer } from "../edge/server.mjs";
import { describeCommit, describeMachine } from "../machine.mjs";
import { residentMemory } from "../process-usage.mjs";
import { connectAtSatchel } from "../servers/connect-user.mjs";
import { startServer } from "../servers/server.mjs";
import { median, quantile } from "../statistics.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";

const WRITES = 200;
const DOCUMENTS = 1000;
const PARALLEL_READS = 10;
const BATCH_SIZE = 100;

/** By then the runtime has put an object away that only has sockets which wait. */
const HIBERNATION_MS = 15_000;

/** How many requests of idle apps a socket is to save at least, and how many times as fast batches are to be. */
const MIN_SAVED = 0.95;
const MIN_BATCH_RATIO = 5;

/** Latencies are so many times as long, and the results are divided by it. */
const SLOWNESS = 5;

/** A change is to reach a listener within this time, in 95 of 100 cases. */
const MAX_NOTICE_MS = 1000;

/** With so many listeners of one user, and of many users with one each. */
const LISTENERS = 1000;
const QUICK_LISTENERS = 100;

/** Measures, prints, and writes bench/LIVE.md unless it is quick. Returns whether the targets are met. */
export async function measureLive({ quick = false } = {}) {
  const count = quick ? QUICK_LISTENERS : LISTENERS;
  const folder = makeTemporaryFolder("satchel-live-");
  const server = await startServer("satchel", folder);
  let local;
  try {
    const idle = await measureIdle(server);
    const alone = await measureWrites(server, "alone", 0);
    const crowd = await measureWrites(server, "crowd", count);
    const bystanders = await measureBystanders(server, count);
    local = { idle, alone, crowd, bystanders, sync: await measureSync(server) };
  } finally {
    await server.stop();
  }
  const edge = await measureEdgeSync(folder);
  const text = describe({ ...local, edge, count });
  process.stdout.write(text);
  if (!quick) writeFileSync(join(import.meta.dirname, "..", "LIVE.md"), text);
  return (
    local.crowd.notice <= MAX_NOTICE_MS &&
    savedRequests(local.idle) >= MIN_SAVED &&
    edge.single / edge.batched >= MIN_BATCH_RATIO
  );
}

/** The requests of two apps that have nothing to do for ten minutes. */
async function measureIdle({ url }) {
  const { token } = await connectAtSatchel(url, "idle");
  await put(url, "idle", token, "first");
  const count = async (isLive) => {
    const child = fork(join(import.meta.dirname, "idle-pair.mjs"));
    try {
      child.send({ url, user: "idle", token, isLive });
      const [answer] = await Promise.race([
        once(child, "message"),
        once(child, "exit").then(() => {
          throw new Error("The idle apps have ended; see their output above.");
        }),
      ]);
      return answer;
    } finally {
      child.kill();
    }
  };
  return { polling: await count(false), live: await count(true) };
}

/** Writes one after the other while so many sockets of the user listen. */
async function measureWrites({ url, pid }, user, listeners) {
  const { token } = await connectAtSatchel(url, user);
  await put(url, user, token, "first");
  const before = memoryOf(pid);
  const sockets = await openListeners(url, user, token, listeners);
  if (listeners > 0) await new Promise((resolve) => setTimeout(resolve, HIBERNATION_MS));
  const memory = listeners === 0 ? 0 : ((memoryOf(pid) - before) * 1024) / listeners;
  const durations = [];
  const notices = [];
  for (let index = 0; index < WRITES; index++) {
    const told = sockets.slice(-1).map((socket) => once(socket, "changed"));
    const start = performance.now();
    await put(url, user, token, String(index));
    const acknowledged = performance.now();
    durations.push(acknowledged - start);
    await Promise.all(told);
    if (told.length > 0) notices.push(performance.now() - acknowledged);
  }
  for (const socket of sockets) socket.close();
  return { write: median(durations), notice: quantile(notices, 0.95), memory };
}

/** Writes of a user while many other users listen, each to what is their own. */
async function measureBystanders({ url }, count) {
  const sockets = [];
  // Ten sockets each: one address may not sign up a thousand users.
  for (let index = 0; index < count / 10; index++) {
    const name = `bystander-${index}`;
    const { token } = await connectAtSatchel(url, name);
    sockets.push(...(await openListeners(url, name, token, 10)));
  }
  const { token } = await connectAtSatchel(url, "writer");
  const durations = [];
  for (let index = 0; index < WRITES; index++) {
    const start = performance.now();
    await put(url, "writer", token, String(index));
    durations.push(performance.now() - start);
  }
  for (const socket of sockets) socket.close();
  return { write: median(durations) };
}

/** The first sync of a device: document by document, and in batches. */
async function measureSync({ url }, setSlowness = async () => {}) {
  await setSlowness(0);
  const { token } = await connectAtSatchel(url, "syncing");
  const names = Array.from({ length: DOCUMENTS }, (_, index) => String(index));
  await inParallel(names, (name) => put(url, "syncing", token, name));
  await setSlowness(SLOWNESS);
  const single = await timed(() =>
    inParallel(names, async (name) => {
      const response = await fetch(`${url}/storage/syncing/notes/${name}`, {
        headers: bearer(token),
      });
      await response.arrayBuffer();
    }),
  );
  const batches = Array.from({ length: DOCUMENTS / BATCH_SIZE }, (_, index) =>
    names.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
  const batched = await timed(() =>
    inParallel(batches, async (batch) => {
      const documents = batch.map((name) => ({ path: `/notes/${name}` }));
      const response = await fetch(`${url}/batch/syncing`, {
        method: "POST",
        headers: bearer(token),
        body: JSON.stringify({ documents }),
      });
      const text = await response.text();
      const answers = text.split("HTTP/1.1 200 OK").length - 1;
      if (answers !== batch.length) throw new Error(`A batch has ${answers} documents.`);
    }),
  );
  return { single, batched };
}

/** The same behind the latencies of the real platform, in slow motion, so that the machine does not count. */
async function measureEdgeSync(folder) {
  const server = await startEdgeServer("satchel", join(folder, "edge"), LATENCIES);
  const setSlowness = (factor) => fetch(`${server.url}/edge/slow/${factor}`, { method: "POST" });
  try {
    const { single, batched } = await measureSync(server, setSlowness);
    return { single: single / SLOWNESS, batched: batched / SLOWNESS };
  } finally {
    await server.stop();
    await stopCompiler();
  }
}

const memoryOf = (pid) => residentMemory(pid) ?? Number.NaN;

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

async function put(url, user, token, name) {
  const response = await fetch(`${url}/storage/${user}/notes/${name}`, {
    method: "PUT",
    headers: { ...bearer(token), "Content-Type": "text/plain" },
    body: `Document ${name}`,
  });
  if (!response.ok) throw new Error(`PUT: ${response.status}`);
}

/** Sockets that watch a folder; each emits `changed`. */
async function openListeners(url, user, token, count) {
  const address = `${url.replace("http", "ws")}/live/${user}?access_token=${token}`;
  const sockets = [];
  for (let index = 0; index < count; index++) {
    const socket = new WebSocket(address);
    await once(socket, "open");
    const watching = once(socket, "message");
    socket.send(JSON.stringify({ type: "watch", folders: [{ path: "/notes/" }] }));
    await watching;
    socket.addEventListener("message", ({ data }) => {
      if (JSON.parse(data).type === "changed") socket.dispatchEvent(new Event("changed"));
    });
    sockets.push(socket);
  }
  return sockets;
}

async function inParallel(items, action) {
  const queue = [...items];
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, work));
}

async function timed(action) {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

const format = (value, digits = 1) => value.toFixed(digits);

function describe({ idle, alone, crowd, bystanders, sync, edge, count }) {
  const { cores, processor, load } = describeMachine();
  return `# Live notices and batches

Written by \`npm run bench -- live\` at commit ${describeCommit()}; do not edit. On a machine with ${cores} cores
(${processor}) and a load of ${format(load)}.

| | |
|---|---:|
| a write, nobody listening (median) | ${format(alone.write)} ms |
| a write, ${count} sockets of the user listening | ${format(crowd.write)} ms, ${format(crowd.write / alone.write, 2)}× |
| a write, ${count} sockets of other users listening | ${format(bystanders.write)} ms, ${format(bystanders.write / alone.write, 2)}× |
| from the answer of a write to the notice at the last of ${count} sockets (p95) | ${format(crowd.notice)} ms |
| memory of the server for each socket, once the object hibernates | ${format(crowd.memory)} KB |
| requests of two idle apps in ten minutes, polling | ${describeIdle(idle.polling)} |
| the same with \`client/live\` | ${describeIdle(idle.live)}: ${format(100 * savedRequests(idle))} % less |
| first sync of ${DOCUMENTS} documents, one by one, ${PARALLEL_READS} at a time | ${format(sync.single, 0)} ms |
| the same in batches of ${BATCH_SIZE} | ${describeBatches(sync)} |
| behind the latencies of \`--edge\`, one by one | ${format(edge.single, 0)} ms |
| the same in batches | ${describeBatches(edge)} |

The idle apps are remotestorage.js, unmodified, in Node: its timers run in simulated time, its requests are real. Browsers add
preflights. Other users' sockets are ten for each of them. Requests behind latencies are sent by a client
without any: its own way to the edge comes on top of each.
`;
}

const savedRequests = ({ polling, live }) => 1 - live.idle / polling.idle;

const describeIdle = ({ idle, connecting }) => `${idle}, after ${connecting} to connect`;

const describeBatches = ({ single, batched }) =>
  `${format(batched, 0)} ms, ${format(single / batched)} times as fast`;
