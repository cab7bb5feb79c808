/** `satchel move`: from Satchel and from others, also when the old provider misbehaves. */

import { describe, expect } from "vitest";
import { jsonLines, runCli } from "./cli";
import { type Documents, startOldProvider } from "./old-provider";
import { temporaryFolder } from "./server";
import { testWithServer } from "./shared-server";

const test = testWithServer();

interface Account {
  address: string;
  token: string;
}

/** Moves, and returns the exit code, the results by path and the counts. */
async function move(from: Account, to: Account, config: string, ...args: string[]) {
  const tokens = ["--from-token", from.token, "--to-token", to.token];
  const { code, stdout, stderr } = await runCli(
    ["--json", "move", from.address, to.address, ...tokens, ...args],
    { config },
  );
  const lines = jsonLines(stdout);
  const results = Object.fromEntries(
    lines.slice(0, -1).map(({ path, outcome, error }) => [path, error ?? outcome]),
  );
  return { code, results, counts: lines.at(-1), stderr };
}

const documentsOf = (bodies: Record<string, string>): Documents =>
  Object.fromEntries(
    Object.entries(bodies).map(([path, body]) => [
      path,
      { type: "text/x", body, etag: body.slice(0, 20) },
    ]),
  );

describe("move", () => {
  test("from Satchel to Satchel copies every byte and type, and deletes nothing", async ({
    createUser,
  }) => {
    const [alice, bob] = [await createUser(), await createUser()];
    const large = "0123456789".repeat(500_000);
    await alice.put("/notes/%C3%A9%3A%5C", "one");
    await alice.put("/public/large", large);
    const { code, counts } = await move(alice, bob, temporaryFolder());
    expect({ code, counts }).toMatchObject({ code: 0, counts: { new: 2, refused: 0 } });
    expect(await (await bob.get("/notes/%C3%A9%3A%5C")).text()).toBe("one");
    expect((await (await bob.get("/public/large")).text()) === large).toBe(true);
    expect((await alice.get("/public/large")).status).toBe(200);
  });

  test("finds a provider of draft 02, and understands its listings", async ({ createUser }) => {
    const bob = await createUser();
    const documents = documentsOf({
      "/notes/a b/c": "1",
      "/notes/a b/ü/d": "2",
      "/notes/%41": "3",
      "/notes/100%": "4",
    });
    const old = await startOldProvider(documents);
    const { code, results, stderr } = await move(old, bob, temporaryFolder());
    expect({ code, stderr, paths: Object.keys(results).sort() }).toEqual({
      code: 0,
      stderr: "",
      paths: Object.keys(documents).sort(),
    });
    const stored = await bob.get("/notes/a%20b/%C3%BC/d");
    expect([stored.headers.get("Content-Type"), await stored.text()]).toEqual(["text/x", "2"]);
  });

  test("once more reads only what was changed since", async ({ createUser }) => {
    const bob = await createUser();
    const documents = documentsOf({ "/notes/a": "1", "/notes/b": "2", "/notes/c": "3" });
    const old = await startOldProvider(documents);
    const config = temporaryFolder();
    await move(old, bob, config);
    Object.assign(documents, documentsOf({ "/notes/b": "changed" }));
    old.requests.length = 0;
    const { results } = await move(old, bob, config, "--on-conflict", "replace");
    expect(results).toEqual({ "/notes/a": "equal", "/notes/b": "replaced", "/notes/c": "equal" });
    expect(old.requests).toEqual(["GET /", "GET /notes/", "GET /notes/b"]);
    expect(await (await bob.get("/notes/b")).text()).toBe("changed");
  });

  test("keeps what the new storage has of its own", async ({ createUser }) => {
    const bob = await createUser();
    await bob.put("/notes/a", "mine");
    const old = await startOldProvider(documentsOf({ "/notes/a": "theirs", "/notes/b": "2" }));
    const { code, results } = await move(old, bob, temporaryFolder());
    expect({ code, results }).toEqual({
      code: 0,
      results: { "/notes/a": "kept", "/notes/b": "new" },
    });
    expect(await (await bob.get("/notes/a")).text()).toBe("mine");
  });
});

describe("An old provider that misbehaves", () => {
  test("is asked again after 429 and 500, when it says so", async ({ createUser }) => {
    const bob = await createUser();
    const refusals = [429, 500, 503];
    const old = await startOldProvider(documentsOf({ "/notes/a": "1" }), (request, response) => {
      const status = request.url?.endsWith("/a") ? refusals.shift() : undefined;
      if (status) response.writeHead(status, { "Retry-After": "0" }).end();
      return status !== undefined;
    });
    expect((await move(old, bob, temporaryFolder())).results).toEqual({ "/notes/a": "new" });
    expect(refusals).toEqual([]);
  });

  test("and breaks a connection is asked for the rest", async ({ createUser }) => {
    const bob = await createUser();
    let breaks = 2;
    const body = "0123456789".repeat(100_000);
    const old = await startOldProvider(documentsOf({ "/a": body }), (request, response) => {
      if (request.url !== "/storage/alice/a" || breaks-- <= 0) return false;
      response.writeHead(200, {
        ETag: `"${body}"`,
        "Content-Type": "text/x",
        "Content-Length": 1e6,
      });
      response.write(body.slice(0, 300_000), () => response.destroy());
      return true;
    });
    expect((await move(old, bob, temporaryFolder())).results).toEqual({ "/a": "new" });
    expect((await (await bob.get("/a")).text()) === body).toBe(true);
  });

  test("and sends more or less than it says loses only that document", async ({ createUser }) => {
    const bob = await createUser();
    const old = await startOldProvider(
      documentsOf({ "/bad": "bad", "/good": "good", "/gone": "gone" }),
      (request, response) => {
        const path = request.url?.replace("/storage/alice", "");
        if (path === "/bad") {
          // Chunked, so that only the listing says how long it is.
          response.writeHead(200, { ETag: '"bad"', "Content-Type": "text/x" });
          response.end("longer than listed");
        } else if (path === "/gone") response.writeHead(404).end();
        else return false;
        return true;
      },
    );
    const { code, results } = await move(old, bob, temporaryFolder());
    expect({ code, results }).toEqual({
      code: 3,
      results: { "/bad": "damaged", "/good": "new", "/gone": "not-found" },
    });
    expect((await bob.get("/bad")).status).toBe(404);
  });

  test("and lists folders without an end is not followed for ever", async ({ createUser }) => {
    const bob = await createUser();
    const endless = await startOldProvider(
      documentsOf({ "/loop/x": "x", "/good": "good" }),
      (request, response) => {
        if (!request.url?.endsWith("/loop/")) return false;
        response.end(JSON.stringify({ items: { "loop/": { ETag: "1" } } }));
        return true;
      },
    );
    const { code, results } = await move(endless, bob, temporaryFolder());
    expect([code, results["/good"], Object.values(results)]).toEqual([
      3,
      "new",
      expect.arrayContaining(["too-deep"]),
    ]);
  });

  test("and does not accept the token ends the move, and says so", async ({ createUser }) => {
    const bob = await createUser();
    const old = await startOldProvider(documentsOf({ "/a": "1" }));
    const { code, stderr } = await move({ ...old, token: "x" }, bob, temporaryFolder());
    expect([code, jsonLines(stderr)[0]?.error]).toEqual([1, "unauthorized"]);
  });
});
