/**
 * `satchel export` and `satchel import` of an account with documents and databases: two exports of the same content
 * have the same digests. With more and larger ones by ROUND_TRIP_DOCUMENTS=100000 or ROUND_TRIP_MEGABYTES=5120; then it
 * says how long each step took, and what memory the server needed for it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { childProcess, measureProcess, residentMemory } from "../../bench/process-usage.mjs";
import { openRandomAccess } from "../../cli/lib/folder-tree.js";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { findFile } from "../../transfer/sources/file-tree.js";
import { openZip } from "../../transfer/sources/zip-tree.js";
import { linesOf } from "../../transfer/streams.js";
import { jsonLines, runCli } from "./cli";
import { temporaryFolder } from "./server";
import { connectUser } from "./test-user";

const DOCUMENTS = Number(process.env.ROUND_TRIP_DOCUMENTS ?? 300);
const MEGABYTES = Number(process.env.ROUND_TRIP_MEGABYTES ?? 5);

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: { id: { type: "string", maxLength: 20 }, _deleted: { type: "boolean" } },
  indexes: [["_deleted", "id"]],
  attachments: {},
};

const QUERY = "database=list&collection=tasks&version=0";

/** Half of the bytes are documents, the other attachments. */
const LARGE_BYTES = 1_500_000;
const LARGE_COUNT = Math.ceil((MEGABYTES * 1_000_000) / LARGE_BYTES / 2);

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const PATTERN = Uint8Array.from({ length: 256 }, (_, index) => (index * 31) % 256);

/** Bytes that begin with their seed. */
function largeBytes(seed: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.alloc(LARGE_BYTES, PATTERN);
  bytes.writeUInt32BE(seed);
  return bytes;
}

const todo = (id: string, attachments: object = {}, isDeleted = false): object => ({
  id,
  title: `to do: ${id}`,
  _deleted: isDeleted,
  _rev: "3-abc",
  _meta: { lwt: 1_700_000_000_000.01 },
  _attachments: attachments,
});

/** Sends a request until it is within the rates. Throws if it is refused. */
async function request(url: string, token: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" };
    const response = await fetch(url, { headers, ...init });
    if (response.ok) return response;
    const seconds = Number(response.headers.get("Retry-After"));
    if (response.status !== 429) throw new Error(`${response.status} ${await response.text()}`);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

/** Requests of a fill that are sent at once. */
const PARALLEL = 6;

/** Does work for each of so many indexes, some at a time. */
async function forEach(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const workOn = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(range(PARALLEL).map(workOn));
}

async function fill(url: string, { name, token }: { name: string; token: string }): Promise<void> {
  const half = Math.ceil(DOCUMENTS / 2);
  await forEach(half, (index) => {
    const path = `${url}/storage/${name}/notes/${index % 50}/${index}.txt`;
    return request(path, token, { method: "PUT", body: `document ${index}` });
  });
  await forEach(LARGE_COUNT, (seed) => {
    const path = `${url}/storage/${name}/photos/${seed}`;
    return request(path, token, { method: "PUT", body: largeBytes(seed) });
  });
  const module = `${url}/databases/${name}/todos`;
  await request(`${module}/collection?${QUERY}`, token, {
    method: "PUT",
    body: JSON.stringify(SCHEMA),
  });
  const write = (documents: object[]) => {
    const body = JSON.stringify({ documents, attachments: true });
    return request(`${module}/documents?${QUERY}`, token, { method: "POST", body });
  };
  for (let start = 0; start < half; start += 1000) {
    const ids = range(Math.min(1000, half - start)).map((index) => index + start);
    await write(ids.map((id) => todo(`${id}`, {}, id % 10 === 0)));
  }
  await forEach(LARGE_COUNT, async (seed) => {
    const body = largeBytes(seed);
    const uploaded = await request(`${module}/uploads`, token, { method: "POST", body });
    const { upload } = (await uploaded.json()) as { upload: string };
    const stub = { length: LARGE_BYTES, digest: `digest-${seed}`, type: "image/png", upload };
    await write([todo(`large${seed}`, { "a.png": stub })]);
  });
}

/** Whether the account is larger than usual. */
const IS_LARGE = DOCUMENTS > 300 || MEGABYTES > 5;

/** Does a step, and says how long it took, and what memory the server needed: before, and at most. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const server = childProcess(process.pid, "workerd") ?? 0;
  const [before, start, usage] = [
    residentMemory(server),
    performance.now(),
    measureProcess(server),
  ];
  const result = await work();
  const seconds = Math.round((performance.now() - start) / 1000);
  const { peakMemory, cpuMs = 0 } = usage.end();
  const memory = [before, peakMemory].map((megabytes) => Math.round(megabytes ?? 0)).join(" to ");
  const cpu = Math.round(cpuMs / 1000);
  if (IS_LARGE) {
    process.stderr.write(`${name}: ${seconds} s; server: ${cpu} s of CPU, ${memory} MB\n`);
  }
  return result;
}

/** The digests of all files of an archive, without the folder descriptions, which have ETags and times. */
async function digestsOf(file: string): Promise<string[]> {
  const tree = await openZip(await openRandomAccess(file));
  const names = Array.from({ length: tree.size }, (_, index) => tree.nameAt(index));
  const name = names.find((one) => one.endsWith("/manifest-sha256.txt")) ?? "";
  const lines: string[] = [];
  const manifest = await findFile(tree, name);
  if (!manifest) throw new Error("The archive has no manifest.");
  for await (const line of linesOf(await manifest.open(), 10_000)) lines.push(line);
  await tree.close();
  return lines.filter((line) => !line.endsWith("/000_folder-description.json"));
}

it(
  "an account that is exported, and imported into a fresh one, has the same digests",
  async () => {
    const data = mkdtempSync(join(tmpdir(), "satchel-round-trip-"));
    const vars = { DEFAULT_QUOTA_BYTES: "20000000000" };
    const server = await startLocalServer({ data, vars, quiet: true });
    onTestFinished(async () => {
      await server.dispose();
      rmSync(data, { recursive: true, force: true });
    });
    const user = async (name: string) => {
      const { token } = await connectUser(server, name);
      return { name, token, address: `${name}@${new URL(server.url).host}` };
    };
    const [alice, bob, carol] = [await user("alice"), await user("bob"), await user("carol")];
    await step("fill", () => fill(server.url, alice));
    const folder = temporaryFolder();
    const [first, second] = [join(folder, "first.zip"), join(folder, "second.zip")];
    const run = (args: string[], as = {}) => step(args.join(" "), () => runCli(args, as));
    expect(await run(["export", first], alice)).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["import", first], bob)).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["export", second], bob)).toMatchObject({ code: 0 });
    const digests = await digestsOf(first);
    expect(digests.length).toBeGreaterThan(Math.min(DOCUMENTS / 2, 1000));
    expect(await digestsOf(second)).toEqual(digests);
    const again = jsonLines((await run(["--json", "import", first], bob)).stdout).at(-1);
    expect(again).toMatchObject({ new: 0, kept: 0, refused: 0, bytes: 0 });
    const tokens = ["--from-token", alice.token, "--to-token", carol.token];
    const move = ["move", alice.address, carol.address, "--modules", "todos"];
    const moved = await step("move", () => runCli([...move, ...tokens]));
    expect(moved).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["export", second, "--force"], carol)).toMatchObject({ code: 0 });
    const ofTodos = digests.filter((line) => line.includes("  data/databases/todos/"));
    expect(await digestsOf(second)).toEqual(ofTodos);
  },
  DOCUMENTS * 200 + MEGABYTES * 10_000 + 120_000,
);
