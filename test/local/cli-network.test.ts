/** The command line in a bad network: the servers are stand-ins. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCli, startCli } from "./cli";
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
