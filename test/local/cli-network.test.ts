/** The command line in a bad network: the servers are stand-ins. */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { jsonLines, runCli, startCli } from "./cli";
import { type Documents, startOldProvider } from "./old-provider";
import { temporaryFolder } from "./server";

/** Bytes at an address, of which the first answer sends a half and no more. */
async function startSlowServer(bytes: string) {
  const ranges: (string | undefined)[] = [];
  const half = bytes.length / 2;
  const slow = { address: "", ranges, half };
  const server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const headers = {
      ETag: '"1"',
      "Content-Type": "text/plain",
      "Content-Length": bytes.length - from,
    };
    response.writeHead(from > 0 ? 206 : 200, headers);
    if (request.method === "HEAD") return void response.end();
    ranges.push(request.headers.range);
    if (ranges.length > 1) return void response.end(bytes.slice(from));
    // The rest of the first answer never comes.
    response.write(bytes.slice(0, half));
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  slow.address = `http://127.0.0.1:${port}/storage`;
  return slow;
}

/** Waits until there is a file of a size in a folder. */
async function untilWritten(folder: string, size: number): Promise<void> {
  while (readdirSync(folder).every((name) => statSync(join(folder, name)).size < size)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const BYTES = Array.from({ length: 30_000 }, (_, i) => `${i}`.padStart(8)).join("");

test("an interrupted download leaves no file, and is continued", async () => {
  const { address, ranges, half } = await startSlowServer(BYTES);
  const folder = temporaryFolder();
  const first = startCli(["get", "a.txt", join(folder, "a.txt")], { address });
  await untilWritten(folder, half);
  first.child.kill("SIGINT");
  expect(await first.ended).toMatchObject({ code: 130 });
  expect(readdirSync(folder)).not.toContain("a.txt");
  expect(await runCli(["get", "a.txt", join(folder, "a.txt")], { address })).toMatchObject({
    code: 0,
  });
  expect(ranges).toEqual([undefined, `bytes=${half}-`]);
  expect(readdirSync(folder)).toEqual(["a.txt"]);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe(BYTES);
});

test("a download that was killed is continued, one that still runs is not", async () => {
  const { address, ranges, half } = await startSlowServer(BYTES);
  const folder = temporaryFolder();
  const get = ["get", "a.txt", join(folder, "a.txt")];
  const first = startCli(get, { address });
  await untilWritten(folder, half);
  expect(await runCli([...get.slice(0, 2), join(folder, "b.txt")], { address })).toMatchObject({
    code: 0,
  });
  expect(readFileSync(join(folder, "b.txt"), "utf8")).toBe(BYTES);
  first.child.kill("SIGKILL");
  await first.ended;
  expect(await runCli(get, { address })).toMatchObject({ code: 0 });
  expect(ranges).toEqual([undefined, undefined, `bytes=${half}-`]);
  expect(readdirSync(folder)).toEqual(["a.txt", "b.txt"]);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe(BYTES);
});

test("a condition that only the lost answer of the same command has made wrong is no conflict", async () => {
  const documents: Documents = {};
  // Each document is written by the first request, whose answer is lost; "/other" by somebody else.
  const provider = await startOldProvider(documents, (request, response) => {
    if (request.method !== "PUT") return false;
    const { url = "", headers } = request;
    const path = url.replace("/storage/alice", "");
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const holds = headers["if-match"] === '"1"' && documents[path]?.etag === "1";
      if (documents[path] && !holds) return void response.writeHead(412).end();
      const body = path === "/other" ? "theirs" : Buffer.concat(chunks).toString();
      documents[path] = { type: "text/plain; charset=utf-8", body, etag: `2${path}` };
      request.socket.destroy();
    });
    return true;
  });
  const run = (...args: string[]) => runCli(["--json", "put", ...args], provider);
  const mine = join(temporaryFolder(), "mine");
  writeFileSync(mine, "mine");
  const plain = ["--type", "text/plain"];
  const created = await run("--no-replace", mine, "mine", ...plain);
  expect([created.code, ...jsonLines(created.stdout)]).toEqual([
    0,
    { path: "/mine", etag: "2/mine", isNew: true },
  ]);
  documents["/old"] = { type: "text/plain", body: "old", etag: "1" };
  const replaced = await run("--if-match", "1", mine, "old", ...plain);
  expect([replaced.code, documents["/old"].body]).toEqual([0, "mine"]);
  const rival = await run("--no-replace", mine, "other", ...plain);
  expect([rival.code, jsonLines(rival.stderr)]).toMatchObject([1, [{ error: "conflict" }]]);
  const folder = temporaryFolder();
  writeFileSync(join(folder, "synced.txt"), "mine");
  const synced = await runCli(["--json", "sync", folder], provider);
  const actions = jsonLines(synced.stdout).map(({ path, action }) => [path, action]);
  expect([synced.code, synced.stderr, Object.fromEntries(actions)["synced.txt"]]).toEqual([
    0,
    "",
    "upload",
  ]);
  // The same was there before: it is not what this command has written.
  for (const condition of [["--no-replace"], ["--if-match", "0"]]) {
    const refused = await run(...condition, mine, "mine", ...plain);
    expect([refused.code, jsonLines(refused.stderr)]).toMatchObject([1, [{ error: "conflict" }]]);
  }
});

test("a deletion whose answer is lost has deleted the document", async () => {
  const documents: Documents = {};
  for (const name of ["/a", "/b/c", "/b/d"])
    documents[name] = { type: "text/plain", body: "x", etag: "1" };
  const provider = await startOldProvider(documents, (request, response) => {
    if (request.method !== "DELETE") return false;
    const path = request.url?.replace("/storage/alice", "") ?? "";
    const isConditional = request.headers["if-match"] !== undefined;
    // "/b/d" is another by then.
    if (path === "/b/d" && documents[path]?.etag === "1") documents[path].etag = "2";
    else if (documents[path] === undefined || path === "/b/d")
      return response.writeHead(isConditional ? 412 : 404).end().writableEnded;
    else delete documents[path];
    request.socket.destroy();
    return true;
  });
  const { code, stdout } = await runCli(["--json", "rm", "-r", "a", "b/"], provider);
  expect([code, jsonLines(stdout)]).toEqual([
    3,
    [
      { path: "/a", deleted: true },
      { path: "/b/c", deleted: true },
      { path: "/b/d", deleted: false, error: "conflict" },
    ],
  ]);
  expect(Object.keys(documents)).toEqual(["/b/d"]);
});

test("two tokens that are refreshed at the same time are both stored", async () => {
  const waiting: ServerResponse[] = [];
  const tokens = createServer((_, response) => {
    if (waiting.push(response) < 2) return;
    for (const [index, one] of waiting.entries()) {
      const answer = { access_token: "old-token", refresh_token: `new-${index}`, expires_in: 3600 };
      one.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    }
  });
  onTestFinished(() => void tokens.close());
  await new Promise<void>((resolve) => tokens.listen(0, "127.0.0.1", resolve));
  const tokenEndpoint = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
  const { address: one } = await startOldProvider({});
  const { address: other } = await startOldProvider({});
  const config = temporaryFolder();
  const file = join(config, "satchel/credentials.json");
  const old = { token: "x", expiresAt: 1, refreshToken: "old", tokenEndpoint };
  mkdirSync(join(config, "satchel"));
  writeFileSync(file, JSON.stringify({ current: one, accounts: { [one]: old, [other]: old } }));
  const commands = [one, other].map((address) => runCli(["ls"], { address, config }));
  expect(await Promise.all(commands)).toMatchObject([{ code: 0 }, { code: 0 }]);
  const { accounts } = JSON.parse(readFileSync(file, "utf8"));
  const refreshed = [one, other].map((address) => accounts[address].refreshToken);
  expect(refreshed.sort()).toEqual(["new-0", "new-1"]);
});
