/**
 * A document is written while the connections to D1, R2 or the user's object break, at each call
 * that the request makes: the answer is the truth, and whatever happened has happened as a whole.
 */

import { describe, expect, it } from "vitest";
import {
  afterDelete,
  afterPut,
  expectSound,
  type Tree,
  treeOf,
} from "../support/assert-consistent";
import { CUTS, expectBounds, expectRetryAfter, isPassing } from "../support/fault-injection";
import { type Cut, type Cutting, cutting } from "../support/faults";
import { freshFolder, requestWith, streamOf, versionOf } from "../support/storage";
import { createUserWithApp, type TestApp } from "../support/provider";

const TYPE = "text/plain";
const MEBIBYTE = 1024 * 1024;

/** One way of writing a document, into a storage that is ready for it. */
interface Write {
  title: string;
  method: "PUT" | "DELETE";
  status: number;
  /** Bytes of the body. */
  length?: number;
  /** Its length is not known before its end. */
  isChunked?: boolean;
  /** It is not held in memory. */
  isStreamed?: boolean;
  headers?: (version: string) => Record<string, string>;
  /** Whether the document is there, others are, or nothing at all. */
  before: "document" | "others" | "nothing";
}

const WRITES: Write[] = [
  { title: "PUT of the first document", method: "PUT", status: 201, length: 5, before: "nothing" },
  { title: "PUT of a small document", method: "PUT", status: 200, length: 5, before: "document" },
  {
    title: "PUT with If-Match",
    method: "PUT",
    status: 200,
    length: 5,
    headers: (version) => ({ "If-Match": `"${version}"` }),
    before: "document",
  },
  {
    title: "PUT with If-None-Match: *",
    method: "PUT",
    status: 201,
    length: 0,
    headers: () => ({ "If-None-Match": "*" }),
    before: "others",
  },
  {
    title: "PUT that is streamed",
    method: "PUT",
    status: 200,
    length: 200_000,
    isStreamed: true,
    before: "document",
  },
  {
    title: "PUT of unknown length",
    method: "PUT",
    status: 201,
    length: 5,
    isChunked: true,
    before: "others",
  },
  {
    title: "PUT of unknown length in parts",
    method: "PUT",
    status: 200,
    length: 5 * MEBIBYTE + 1,
    isChunked: true,
    before: "document",
  },
  { title: "DELETE", method: "DELETE", status: 200, before: "document" },
  {
    title: "DELETE with If-Match",
    method: "DELETE",
    status: 200,
    headers: (version) => ({ "If-Match": `"${version}"` }),
    before: "document",
  },
];

/** What a body ends with, if it has one. */
const END = "end";

function bodyOf({ length = 0 }: Write): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  if (length > 0) bytes.set(new TextEncoder().encode(END), length - END.length);
  return bytes;
}

/** Where a document is written, and what stands in the index before that. */
interface Place {
  app: TestApp;
  path: string;
  tree: Tree;
}

/** A place that is ready: a folder of its own, or a storage of its own where it has to be empty. */
async function ready({ before }: Write, owner: TestApp): Promise<Place> {
  const app = before === "nothing" ? await createUserWithApp() : owner;
  const folder = freshFolder("/notes/");
  const path = `${folder}deep/doc`;
  if (before !== "nothing") await app.put(`${folder}other`, "other");
  // By the same Worker, which knows from it that there is room for a small document.
  if (before === "document") await requestWith({}, app, "PUT", path, { body: "before" });
  return { app, path, tree: await treeOf(app.user) };
}

function send(how: Write, { app, path, tree }: Place): Promise<Response> {
  const { method, length, isChunked } = how;
  const headers = how.headers?.(tree[path]?.version ?? "") ?? {};
  if (length === undefined) return requestWith({}, app, method, path, { headers });
  const bytes = bodyOf(how);
  if (isChunked) {
    return requestWith({}, app, method, path, { headers, body: streamOf([bytes]).body });
  }
  headers["Content-Length"] = String(length);
  return requestWith({}, app, method, path, { headers, body: bytes });
}

/** What the tree is when this was written. */
const written = (how: Write, path: string, tree: Tree, version: string): Tree =>
  how.method === "DELETE"
    ? afterDelete(tree, path, version)
    : afterPut(tree, path, { version, type: TYPE, length: how.length ?? 0 });

const rootVersion = (tree: Tree): string => tree["/"]?.version ?? "";

/** The response tells the truth about what has become of the tree. */
async function expectTruth(
  how: Write,
  { path, tree: before }: Place,
  after: Tree,
  response: Response,
  context: string,
): Promise<void> {
  const made = written(how, path, before, rootVersion(after));
  expect([how.status, 503], context).toContain(response.status);
  if (response.status === how.status) {
    expect(after, context).toEqual(made);
    const version = how.method === "DELETE" ? before[path]?.version : after[path]?.version;
    expect(versionOf(response), context).toBe(version);
    return;
  }
  expectRetryAfter(response, context);
  expect(response.headers.get("access-control-allow-origin"), context).toBe("*");
  const { error } = (await response.json()) as { error: string };
  expect(["unavailable", "unknown-outcome"], context).toContain(error);
  if (error === "unavailable") expect(after, context).toEqual(before);
  else expect([before, made], context).toContainEqual(after);
}

/** The storage goes on: what is written now can be read, whatever arrives late from before. */
async function expectGoesOn(
  how: Write,
  { app, path, tree }: Place,
  { calls, arrive }: Cutting<Response>,
  { at, trouble }: Cut,
  context: string,
): Promise<void> {
  const response = await app.put(path, "and on");
  expect([200, 201], context).toContain(response.status);
  const version = versionOf(response) ?? "";
  const wentOn = afterPut(tree, path, { version, type: TYPE, length: 6 });
  expect(await treeOf(app.user), context).toEqual(wentOn);
  if (trouble === "silent") {
    await arrive();
    const after = await treeOf(app.user);
    // A request of unknown outcome may reach the object as late as that, but a batch of a commit
    // has no effect on a tree that others have changed.
    const late =
      calls[at] === "USERS.commit" ? [written(how, path, wentOn, rootVersion(after))] : [];
    expect([wentOn, ...late], context).toContainEqual(after);
    await expectSound(app.user, after, context);
    if (after[path]?.version !== version) return;
  }
  expect(await (await app.get(path)).text(), context).toBe("and on");
}

/**
 * Whether the fault has to be survived. What was streamed cannot be sent again; and of a DELETE that
 * does not say what it means to delete, a lost answer is all that named the version (§6).
 */
function mustSucceed(how: Write, cut: Cut, call: string): boolean {
  if (!isPassing(cut)) return false;
  if (cut.trouble === "slow") return true;
  const isBlind = how.method === "DELETE" && !how.headers && call === "DB.batch" && cut.isMade;
  return call !== "USERS.commit" && !(call === "BODIES.put" && how.isStreamed) && !isBlind;
}

describe.each(WRITES)("§4 $title", (how) => {
  it.each(CUTS)("at each call: $title", async (kind) => {
    const owner = await createUserWithApp();
    const sound = await ready(how, owner);
    const { calls } = await cutting(null, () => send(how, sound));
    expect(calls.length).toBeGreaterThan(2);
    for (const [at, call] of calls.entries()) {
      const cut = { ...kind, at };
      const context = `${call}, number ${at}`;
      const place = await ready(how, owner);
      const seen = await cutting(cut, () => send(how, place)).catch((error) => {
        throw new Error(`${context}: ${error}`);
      });
      const tree = await treeOf(place.app.user);
      await expectTruth(how, place, tree, seen.result, context);
      if (mustSucceed(how, cut, call)) expect(seen.result.status, context).toBe(how.status);
      await expectSound(place.app.user, tree, context);
      if (seen.result.status === how.status && how.method === "PUT") {
        const end = await place.app.get(place.path, how.length ? { Range: "bytes=-3" } : {});
        expect(await end.text(), context).toBe(END.slice(0, how.length));
      }
      expectBounds(seen, calls, context);
      await expectGoesOn(how, { ...place, tree }, seen, cut, context);
    }
  });
});

it("an upload in parts that nobody could be told of is ended: the sweep would not find it", async () => {
  const how = WRITES.find(({ title }) => title.endsWith("in parts")) as Write;
  const [place, other] = [
    await ready(how, await createUserWithApp()),
    await ready(how, await createUserWithApp()),
  ];
  const { calls } = await cutting(null, () => send(how, place));
  const at = calls.indexOf("USERS.noteUpload");
  const seen = await cutting({ at, trouble: "lost", lasts: true }, () => send(how, other));
  expect(seen.result.status).toBe(503);
  expect(seen.calls).toContain("BODIES.abort");
});
