/** The command line in a bad network: the servers are stand-ins. */

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { jsonLines, runCli, startCli } from "./cli";
import { type Documents, startOldProvider } from "./old-provider";
import { temporaryFolder } from "./server";

test("an interrupted download leaves no file, and is continued", async () => {
  const bytes = "0123456789".repeat(20_000);
  const ranges: (string | undefined)[] = [];
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
    response.write(bytes.slice(0, 100_000));
    started();
  });
  let started = () => {};
  const isStarted = new Promise<void>((resolve) => {
    started = resolve;
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const address = `http://127.0.0.1:${port}/storage`;
  const folder = temporaryFolder();
  const first = startCli(["get", "a.txt", join(folder, "a.txt")], { address });
  await isStarted;
  while (readdirSync(folder).every((name) => statSync(join(folder, name)).size < 100_000)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  first.child.kill("SIGINT");
  expect(await first.ended).toMatchObject({ code: 130 });
  expect(readdirSync(folder)).not.toContain("a.txt");
  expect(await runCli(["get", "a.txt", join(folder, "a.txt")], { address })).toMatchObject({
    code: 0,
  });
  expect(ranges).toEqual([undefined, "bytes=100000-"]);
  expect(readdirSync(folder)).toEqual(["a.txt"]);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe(bytes);
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
  // The same was there before: it is not what this command has written.
  for (const condition of [["--no-replace"], ["--if-match", "0"]]) {
    const refused = await run(...condition, mine, "mine", ...plain);
    expect([refused.code, jsonLines(refused.stderr)]).toMatchObject([1, [{ error: "conflict" }]]);
  }
});
