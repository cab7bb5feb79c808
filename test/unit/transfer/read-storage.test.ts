/** Reading a storage whose server answers for many documents at once: docs/batch.md. */

import { beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../../transfer/digest.js";
import { readStorage } from "../../../transfer/read-storage.js";
import { StorageClient } from "../../../transfer/storage.js";
import { chunksOf } from "../../../transfer/streams.js";
import { createUserWithApp, send, type TestApp } from "../../support/provider";
import { sendWithSettings } from "../../support/send-with-settings";
import { storageOrigin } from "../../support/urls";

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Reads a storage. `isBatched`: many documents at once. Returns what was read, and the requests by their kind. */
async function readAll({ user, token }: TestApp, fetch: Fetch = send, isBatched = true) {
  const requests = { list: 0, get: 0, batch: 0 };
  const counted: Fetch = (url, init) => {
    requests[init.method === "POST" ? "batch" : url.endsWith("/") ? "list" : "get"]++;
    return fetch(url, init);
  };
  const origin = storageOrigin(user);
  const storage = new StorageClient({
    root: `${origin}/storage/${user}`,
    token,
    batchUrl: isBatched ? `${origin}/batch/${user}` : null,
    network: { fetch: counted, sleep: async () => {} },
  });
  const entries: unknown[] = [];
  for await (const entry of readStorage(storage, ["/"])) {
    if (entry.kind !== "document") entries.push(entry);
    else entries.push({ ...entry, body: await digestOf(chunksOf(entry.body)) });
  }
  return { entries, requests };
}

const LONG = 600_000;

/** A user with documents of many kinds: short, empty, long, with odd names, in several folders. */
let app: TestApp;
/** What is read of them one by one. */
let single: Awaited<ReturnType<typeof readAll>>;

beforeAll(async () => {
  app = await createUserWithApp("*:rw");
  const names = Array.from({ length: 54 }, (_, index) => `many/${index}`);
  for (const name of [...names, "a%20b/%C3%BC", "a%20b/%25", "deep/er/x", "z"]) {
    await app.put(`/${name}`, `of ${name}`, { "Content-Type": `text/x; name="${name.length}"` });
  }
  await app.put("/empty", "");
  await app.put("/long", "x".repeat(LONG));
  single = await readAll(app, send, false);
});

describe("A storage that is read many documents at once", () => {
  it("is read as one by one, with few requests", async () => {
    const batched = await readAll(app);
    expect(batched.entries).toEqual(single.entries);
    expect(single.requests).toMatchObject({ get: 60, batch: 0 });
    expect(batched.requests).toEqual({ list: single.requests.list, get: 1, batch: 2 });
  });

  it("is read fewer at once where the server takes no more", async () => {
    const batched = await readAll(app, sendWithSettings({ SUBREQUESTS: "50" }));
    expect(batched.entries).toEqual(single.entries);
    expect(batched.requests.get).toBe(1);
    expect(batched.requests.batch).toBeGreaterThan(2);
    expect(batched.requests.batch).toBeLessThan(6);
  });

  it.each<[string, (response: Response) => Promise<Response> | Response]>([
    ["breaks off", async (response) => cut(response, 5000)],
    ["is not of this kind", () => new Response("hello", { status: 200 })],
    ["is a refusal", () => Response.json({ error: "gone" }, { status: 410 })],
    [
      "has a wrong length",
      async (response) => replaced(response, "Content-Length: 9", "Content-Length: 8"),
    ],
  ])("is read one by one where an answer %s", async (_, change) => {
    const broken = await readAll(app, async (url, init) => {
      const response = await send(url, init);
      return init.method === "POST" ? change(response) : response;
    });
    expect(broken.entries).toEqual(single.entries);
  });

  it("has the versions that are there when they are read, and announces what has changed since", async () => {
    const app = await createUserWithApp("*:rw");
    for (const name of ["a", "b", "c"]) await app.put(`/notes/${name}`, name);
    let newer = "";
    const { entries } = await readAll(app, async (url, init) => {
      if (init.method === "POST") {
        await app.delete("/notes/a");
        newer = (await app.put("/notes/b", "newer")).headers.get("etag")?.slice(1, -1) as string;
      }
      return send(url, init);
    });
    expect(entries).toMatchObject([
      { kind: "folder", path: "/" },
      { kind: "folder", path: "/notes/" },
      { kind: "change", path: "/notes/a", archived: null },
      { kind: "document", path: "/notes/b", etag: newer },
      { kind: "change", path: "/notes/b", archived: newer },
      { kind: "document", path: "/notes/c" },
    ]);
  });

  it("fails with the refusal if the token is no longer valid", async () => {
    const revoked: Fetch = async (url, init) =>
      url.endsWith("/") ? send(url, init) : Response.json({ error: "x" }, { status: 401 });
    await expect(readAll(app, revoked)).rejects.toMatchObject({ code: "unauthorized" });
  });
});

const cut = async (response: Response, length: number): Promise<Response> =>
  new Response((await response.arrayBuffer()).slice(0, length), response);

const replaced = async (response: Response, from: string, to: string): Promise<Response> =>
  new Response(new TextDecoder().decode(await response.arrayBuffer()).replace(from, to), response);
