/** The command, at the reference server over real HTTP. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { authorize } from "../connect/authorize.js";
import { createHttp } from "../run/http.js";
import { listen } from "./reference/listen.js";
import { createReference } from "./reference/server.js";

const MAIN = join(import.meta.dirname, "..", "main.js");

/** Runs the command. Returns its exit code and output. */
async function command(/** @type {string[]} */ ...args) {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args]);
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = /** @type {any} */ (error);
    return { code, output: stdout + stderr };
  }
}

/** A reference server with tokens of two accounts, as arguments of the command. */
async function start(
  /** @type {Parameters<typeof createReference>[0]} */ fault = {},
  /** @type {(raw: import("node:http").IncomingMessage) => Response | null | undefined} */ answerFirst = () =>
    undefined,
) {
  const reference = createReference(fault);
  const server = await listen(async (request, raw) => {
    const first = answerFirst(raw);
    return first === undefined ? reference.handle(request) : first;
  });
  onTestFinished(() => server.close());
  const scopes = ["conformance:rw", "conformance:r", "*:r"];
  const tokens = scopes.flatMap((scope) => [
    "--token",
    `${scope}=${reference.issue("alice", scope)}`,
  ]);
  const second = `conformance:rw=${reference.issue("bob", "conformance:rw")}`;
  const other = ["--other", `bob@${server.host}`, "--other-token", second];
  return { reference, host: server.host, args: [`alice@${server.host}`, ...tokens, ...other] };
}

it("prints each requirement, writes reports, and ends with 0 if all pass", async () => {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { args } = await start();
  const files = ["json", "html", "junit"].flatMap((kind) => [`--${kind}`, join(folder, kind)]);
  const { code, output } = await command(...args, ...files);
  expect(output).toContain(
    "✓ MUST       §4                 The body of a PUT is stored as the content",
  );
  expect(output).toMatch(/MUST +\d+ of \d+ pass/);
  expect(code).toBe(0);
  const read = (/** @type {string} */ kind) => readFileSync(join(folder, kind), "utf8");
  const { results, draft } = JSON.parse(read("json"));
  expect(draft).toBe(26);
  expect(results.filter((/** @type {any} */ { outcome }) => outcome === "failed")).toEqual([]);
  expect(read("html")).toContain("Judged by draft-dejong-remotestorage-26");
  expect(read("junit")).toMatch(/^<\?xml[\s\S]*<\/testsuites>\n$/);
});

it("finds a server that does not support chunked transfer coding, and ends with 1", async () => {
  const { args } = await start({}, ({ method, headers }) =>
    method === "PUT" && headers["transfer-encoding"]
      ? new Response(null, { status: 411 })
      : undefined,
  );
  const { code, output } = await command(...args, "--only", "documents/", "--no-large");
  expect(output.match(/✗.*/g)).toEqual([
    expect.stringContaining("A PUT in chunked transfer coding is stored"),
  ]);
  expect(output).toContain("> Transfer-Encoding: chunked");
  expect(code).toBe(1);
});

it("ends with 2 if the provider cannot be found, or the arguments make no sense", async () => {
  const { host } = await start();
  expect(await command("alice")).toMatchObject({
    code: 2,
    output: expect.stringContaining("address"),
  });
  expect(await command(`1@${host}`)).toMatchObject({
    code: 2,
    output: expect.stringContaining("404"),
  });
  expect(await command("alice@127.0.0.1:9")).toMatchObject({ code: 2 });
  expect(await command("a@b", "--nonsense")).toMatchObject({ code: 2 });
});

it("measures only with the owner's consent, and no more than it may", async () => {
  let requests = 0;
  const { args } = await start({}, () => void requests++);
  const refused = await command("bench", ...args);
  expect(refused).toMatchObject({
    code: 2,
    output: expect.stringContaining("--i-may-load-this-server"),
  });
  requests = 0;
  const measured = await command("bench", ...args, "--i-may-load-this-server", "--requests", "100");
  expect(measured.output).toMatch(/first sync of 10 documents, 10 at once +\d/);
  expect(measured.code).toBe(0);
  // Besides the measured ones those that find the provider and clean up.
  expect(requests).toBeLessThan(150);
});

it("gets tokens from the dialog: a code with PKCE, and tokens through the page that reads the fragment", async () => {
  const { reference, host } = await start();
  const send = createHttp();
  const record = await send(`http://${host}/.well-known/webfinger?resource=acct:alice@${host}`);
  const { properties } = record.json.links[0];
  const scopes = ["conformance:rw", "conformance:r"];
  const { tokens, grants } = await authorize({
    properties,
    scopes,
    send,
    announce: () => {},
    open(url) {
      const request = Object.fromEntries(new URL(url).searchParams);
      const redirect = reference.consent("alice", request, "allow");
      const { origin } = new URL(redirect);
      // As the page's script does.
      send(`${origin}/answer`, { method: "POST", body: redirect });
    },
  });
  expect(Object.keys(tokens)).toEqual(scopes);
  expect(grants.map(({ request }) => request.response_type)).toEqual(["code", "token"]);
  const put = await send(`http://${host}/storage/alice/conformance/doc`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${tokens["conformance:rw"]}`, "Content-Type": "text/plain" },
    body: "x",
  });
  expect(put.status).toBe(201);
});
