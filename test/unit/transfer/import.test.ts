/** An import into a storage whose server answers for many documents at once: docs/batch.md. */

import { beforeAll, describe, expect, it } from "vitest";
import { type ImportOptions, importDocuments } from "../../../transfer/import.js";
import { openSource, type Source } from "../../../transfer/sources/source.js";
import { readDocuments } from "../../../transfer/sources/storage.js";
import { StorageClient } from "../../../transfer/storage.js";
import { createUserWithApp, send, type TestApp } from "../../support/provider";
import { storageOrigin } from "../../support/urls";
import { fileTree } from "./sources";

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A storage, and the requests that it gets, by their kind. `isBatched`: it is read many documents at once. */
function clientOf({ user, token }: TestApp, isBatched = true, fetch: Fetch = send) {
  const requests = { list: 0, get: 0, put: 0, batch: 0 };
  const counted: Fetch = (url, init) => {
    const kind = init.method === "GET" ? (url.endsWith("/") ? "list" : "get") : init.method;
    requests[kind === "POST" ? "batch" : (kind?.toLowerCase() as "get" | "put")]++;
    return fetch(url, init);
  };
  const origin = storageOrigin(user);
  const storage = new StorageClient({
    root: `${origin}/storage/${user}`,
    token,
    batchUrl: isBatched ? `${origin}/batch/${user}` : null,
    network: { fetch: counted, sleep: async () => {} },
  });
  return { storage, requests };
}

/** What becomes of documents, by path. */
async function outcomes(
  documents: Source["documents"],
  storage: StorageClient,
  options: Partial<ImportOptions> = {},
) {
  const found: Record<string, string> = {};
  const results = importDocuments(documents, storage, { onConflict: "keep", ...options });
  for await (const { path, outcome, as, error } of results) {
    found[path] = error?.code ?? (as === undefined ? outcome : `${outcome} as ${as}`);
  }
  return found;
}

const documentsOf = async (files: Record<string, string>) =>
  (await openSource(fileTree(files))).documents;

const FILES: Record<string, string> = {
  ...Object.fromEntries(Array.from({ length: 102 }, (_, index) => [`many/${index}`, `${index}`])),
  "notes/differs.txt": "ours",
  "notes/longer.txt": "longer than theirs",
  "notes/new.txt": "new",
  "long.txt": "x".repeat(600_000),
};

/** Some of them, of every kind. */
const SOME = Object.fromEntries(
  Object.entries(FILES).filter(([name]) => !/^many\/\d\d/.test(name)),
);

/** A user who has all of them but a new one, two of them otherwise. */
let importer: TestApp;

beforeAll(async () => {
  importer = await createUserWithApp("*:rw");
  const { "notes/new.txt": _, ...stored } = FILES;
  const theirs = { ...stored, "notes/differs.txt": "them", "notes/longer.txt": "theirs" };
  for (const [name, text] of Object.entries(theirs)) {
    await importer.put(`/${name}`, text, { "Content-Type": "text/plain" });
  }
});

describe("An import into a storage that is read many documents at once", () => {
  it("finds the same as one by one, with few requests", async () => {
    const options = { isDryRun: true };
    const [batched, single] = [clientOf(importer), clientOf(importer, false)];
    const found = await outcomes(await documentsOf(FILES), batched.storage, options);
    expect(found).toEqual(await outcomes(await documentsOf(FILES), single.storage, options));
    expect(single.requests).toMatchObject({ get: 104, batch: 0, put: 0 });
    expect(batched.requests).toEqual({ list: single.requests.list, get: 1, batch: 2, put: 0 });
  });

  it.each(["replace", "both"] as const)(
    "finds the same as one by one, whatever is to be done with those that differ: %s",
    async (onConflict) => {
      const options = { onConflict, isDryRun: true };
      const [batched, single] = [clientOf(importer), clientOf(importer, false)];
      const found = await outcomes(await documentsOf(SOME), batched.storage, options);
      expect(found).toEqual(await outcomes(await documentsOf(SOME), single.storage, options));
      expect(batched.requests).toMatchObject({ get: 1, batch: 1, put: 0 });
    },
  );

  it.each<[string, () => Response]>([
    ["a refusal", () => Response.json({ error: "gone" }, { status: 410 })],
    ["no documents", () => new Response("hello")],
  ])("finds the same where an answer has %s", async (_, answer) => {
    const broken = clientOf(importer, true, async (url, init) =>
      init.method === "POST" ? answer() : send(url, init),
    );
    const options = { isDryRun: true };
    expect(await outcomes(await documentsOf(SOME), broken.storage, options)).toEqual(
      await outcomes(await documentsOf(SOME), clientOf(importer, false).storage, options),
    );
    expect(broken.requests.batch).toBeGreaterThan(0);
  });

  it("compares a document again that somebody has written meanwhile, and loses nothing", async () => {
    const app = await createUserWithApp("*:rw");
    for (const name of ["a", "b"]) await app.put(`/notes/${name}.txt`, "old");
    const { storage } = clientOf(app, true, async (url, init) => {
      const response = await send(url, init);
      if (init.method === "POST") await app.put("/notes/a.txt", "theirs");
      return response;
    });
    const documents = await documentsOf({ "notes/a.txt": "our", "notes/b.txt": "our" });
    expect(await outcomes(documents, storage, { onConflict: "both" })).toEqual({
      "/notes/a.txt": "both as /notes/a (imported).txt",
      "/notes/b.txt": "both as /notes/b (imported).txt",
    });
    expect(await (await app.get("/notes/a.txt")).text()).toBe("theirs");
  });
});

describe("A move from a storage that is read many documents at once", () => {
  it("copies what is new, and reads nothing that it knows to be equal", async () => {
    const app = await createUserWithApp("*:rw");
    const from = clientOf(importer);
    const moved = await outcomes(readDocuments(from.storage, ["/"]), clientOf(app).storage);
    expect(Object.values(moved)).toEqual(Array(105).fill("new"));
    expect(from.requests).toEqual({ list: 3, get: 1, batch: 2, put: 0 });
    const stored = await app.get("/many/7");
    expect([stored.headers.get("Content-Type"), await stored.text()]).toEqual(["text/plain", "7"]);
    const [again, target] = [clientOf(importer), clientOf(app)];
    const known = await versionsOf(again.storage, target.storage);
    const options = { known: (path: string) => known.get(path) };
    await outcomes(readDocuments(again.storage, ["/"]), target.storage, options);
    expect([again.requests, target.requests]).toEqual([
      { list: 6, get: 0, batch: 0, put: 0 },
      { list: 6, get: 0, batch: 0, put: 0 },
    ]);
  });

  it("refuses a document that is another when it is read", async () => {
    const [source, app] = [await createUserWithApp("*:rw"), await createUserWithApp("*:rw")];
    for (const name of ["a", "b"]) await source.put(`/notes/${name}`, "old");
    const from = clientOf(source, true, async (url, init) => {
      if (init.method === "POST") await source.put("/notes/a", "new");
      return send(url, init);
    });
    const moved = await outcomes(readDocuments(from.storage, ["/"]), clientOf(app).storage);
    expect(moved).toEqual({ "/notes/a": "changed", "/notes/b": "new" });
    expect((await app.get("/notes/a")).status).toBe(404);
  });
});

/** The ETags of all documents at both places. */
async function versionsOf(source: StorageClient, target: StorageClient) {
  const versions = new Map<string, { source: string; target: string }>();
  for (const folder of ["/", "/many/", "/notes/"]) {
    const theirs = new Map((await target.list(folder)).items.map(({ name, etag }) => [name, etag]));
    for (const { name, etag } of (await source.list(folder)).items) {
      versions.set(folder + name, { source: etag, target: theirs.get(name) as string });
    }
  }
  return versions;
}
