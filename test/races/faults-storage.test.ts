/**
 * A document is written while calls to D1, R2 or the user's object fail, at each call that the request
 * makes: the response is true, and the change was made completely or not at all.
 */

import { describe, expect, it } from "vitest";
import { DistinctFaults } from "../support/distinct-faults";
import { type Fault, type FaultyRun, withFault } from "../support/fault-injection";
import {
  expectBoundedRetries,
  expectRetryAfter,
  FAULTS,
  isTransientFault,
} from "../support/faults-at-each-call";
import {
  loadConsistentTree,
  loadTree,
  type Tree,
  treeAfterDelete,
  treeAfterPut,
} from "../support/index-tree";
import { createUserWithApp, type TestApp } from "../support/provider";
import { countedStream, etagVersion, requestWithEnv, uniqueFolder } from "../support/storage";

const TYPE = "text/plain";
const MEBIBYTE = 1024 * 1024;

/** A way of writing a document. */
interface Write {
  title: string;
  method: "PUT" | "DELETE";
  status: number;
  /** Of the body, in bytes. */
  length?: number;
  /** Its length is not known before its end. */
  isChunked?: boolean;
  /** It is longer than a part. */
  isInParts?: boolean;
  /** It is not held in memory. */
  isStreamed?: boolean;
  headers?: (version: string) => Record<string, string>;
  /** What exists before: the document, only other documents, or nothing. */
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
    title: "PUT of a streamed body",
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
    isInParts: true,
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

/** The end of every body that is not empty. */
const END = "end";

function bodyOf({ length = 0 }: Write): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  if (length > 0) bytes.set(new TextEncoder().encode(END), length - END.length);
  return bytes;
}

/** A document to write, and the index before that. */
interface Target {
  app: TestApp;
  path: string;
  tree: Tree;
}

/** The folder in which the documents of all accounts are. */
const FOLDER = "/notes/documents/";

/** Creates an account that has other documents. */
async function createOwner(): Promise<TestApp> {
  const owner = await createUserWithApp();
  await owner.put(`${FOLDER}other`, "other");
  return owner;
}

/** Prepares a document in a folder of its own, or in an account of its own if that has to be empty. */
async function prepare({ before }: Write, owner: TestApp): Promise<Target> {
  if (before === "document") return prepareDocument(owner);
  const app = before === "nothing" ? await createUserWithApp() : owner;
  return { app, path: `${uniqueFolder(FOLDER)}doc`, tree: await loadTree(app.user) };
}

/** Prepares the document that exists, which is the one that is left of an earlier write. */
async function prepareDocument(app: TestApp): Promise<Target> {
  const path = `${FOLDER}folder/doc`;
  const tree = await loadTree(app.user);
  if (tree[path]) return { app, path, tree };
  await app.put(path, "before");
  return { app, path, tree: await loadTree(app.user) };
}

function send(write: Write, { app, path, tree }: Target): Promise<Response> {
  const { method, length, isChunked } = write;
  const headers = write.headers?.(tree[path]?.version ?? "") ?? {};
  if (length === undefined) return requestWithEnv({}, app, method, path, { headers });
  const bytes = bodyOf(write);
  if (isChunked) {
    return requestWithEnv({}, app, method, path, { headers, body: countedStream([bytes]).body });
  }
  headers["Content-Length"] = String(length);
  return requestWithEnv({}, app, method, path, { headers, body: bytes });
}

const knownFaults = new Map<Write, DistinctFaults>();

/** The calls of a write without a fault, in their order, and the faults that it has had. */
async function faultsOf(write: Write, owner: TestApp): Promise<DistinctFaults> {
  const known = knownFaults.get(write);
  if (known) return known;
  const target = await prepare(write, owner);
  const run = await withFault(null, () => send(write, target));
  expect(run.result.status).toBe(write.status);
  expect(run.calls.length).toBeGreaterThan(2);
  const faults = new DistinctFaults();
  faults.record(null, run);
  knownFaults.set(write, faults);
  return faults;
}

/**
 * Whether a call is to be broken. Of a write in parts, which is dear, those that only it makes, and of the parts only the
 * last: what it does before and after them is what each write of unknown length does.
 */
const isToBreak = ({ isInParts }: Write, calls: string[], at: number): boolean => {
  const call = calls[at] as string;
  return !isInParts || (/^BODIES|noteUpload$/.test(call) && calls.lastIndexOf(call) === at);
};

/** The tree after a write. */
const treeAfterWrite = (write: Write, path: string, tree: Tree, version: string): Tree =>
  write.method === "DELETE"
    ? treeAfterDelete(tree, path, version)
    : treeAfterPut(tree, path, { version, type: TYPE, length: write.length ?? 0 });

const rootVersion = (tree: Tree): string => tree["/"]?.version ?? "";

/** Expects that the response is true: the change was made, it was not, or that is not known. */
async function expectTrueResponse(
  write: Write,
  { path, tree: before }: Target,
  after: Tree,
  response: Response,
  context: string,
): Promise<void> {
  const made = treeAfterWrite(write, path, before, rootVersion(after));
  expect([write.status, 503], context).toContain(response.status);
  if (response.status === write.status) {
    expect(after, context).toEqual(made);
    const version = write.method === "DELETE" ? before[path]?.version : after[path]?.version;
    expect(etagVersion(response), context).toBe(version);
    return;
  }
  expectRetryAfter(response, context);
  expect(response.headers.get("access-control-allow-origin"), context).toBe("*");
  const { error } = (await response.json()) as { error: string };
  expect(["unavailable", "unknown-outcome"], context).toContain(error);
  if (error === "unavailable") expect(after, context).toEqual(before);
  else expect([before, made], context).toContainEqual(after);
}

/** Expects that the storage still works: a new write can be read, even if an old one arrives late. */
async function expectStillWorks(
  write: Write,
  { app, path, tree }: Target,
  { calls, deliverLate }: FaultyRun<Response>,
  { at, kind }: Fault,
  context: string,
): Promise<void> {
  const response = await app.put(path, "and on");
  expect([200, 201], context).toContain(response.status);
  const version = etagVersion(response) ?? "";
  const newTree = treeAfterPut(tree, path, { version, type: TYPE, length: 6 });
  expect(await loadTree(app.user), context).toEqual(newTree);
  if (kind === "silent") {
    await deliverLate();
    const after = await loadConsistentTree(app.user, context);
    // A request with an unknown outcome may reach the object as late as that, but the batch of a
    // commit has no effect on a tree that others have changed.
    const late =
      calls[at] === "USERS.commit"
        ? [treeAfterWrite(write, path, newTree, rootVersion(after))]
        : [];
    expect([newTree, ...late], context).toContainEqual(after);
    if (after[path]?.version !== version) return;
  }
  expect(await (await app.get(path)).text(), context).toBe("and on");
}

/**
 * Whether the write has to succeed in spite of the fault. A streamed body cannot be sent again; and if
 * a DELETE has no precondition, only the lost answer named the version that was deleted (§6).
 */
function mustSucceed(write: Write, fault: Fault, call: string): boolean {
  if (!isTransientFault(fault)) return false;
  if (fault.kind === "slow") return true;
  const isUnconditionalDelete =
    write.method === "DELETE" && !write.headers && call === "DB.batch" && fault.takesEffect;
  return (
    call !== "USERS.commit" &&
    !(call === "BODIES.put" && write.isStreamed) &&
    !isUnconditionalDelete
  );
}

describe.each(WRITES)("§4 $title", (write) => {
  it.each(FAULTS)("at each call: $title", async (kind) => {
    const owner = await createOwner();
    const faults = await faultsOf(write, owner);
    const calls = faults.callNames;
    for (const [at, { name: call }] of faults.callsToBreak(kind)) {
      if (!isToBreak(write, calls, at)) continue;
      const fault = { ...kind, at };
      const context = `${call}, number ${at}`;
      const target = await prepare(write, owner);
      const run = await withFault(fault, () => send(write, target)).catch((error) => {
        throw new Error(`${context}: ${error}`);
      });
      expect(run.calls[at], `${context} is made`).toBe(call);
      faults.record(fault, run);
      const tree = await loadConsistentTree(target.app.user, context);
      await expectTrueResponse(write, target, tree, run.result, context);
      if (mustSucceed(write, fault, call)) expect(run.result.status, context).toBe(write.status);
      if (run.result.status === write.status && write.method === "PUT") {
        const end = await target.app.get(target.path, write.length ? { Range: "bytes=-3" } : {});
        expect(await end.text(), context).toBe(END.slice(0, write.length));
      }
      expectBoundedRetries(run, calls, context);
      await expectStillWorks(write, { ...target, tree }, run, fault, context);
    }
  });
});

it("a multipart upload that could not be recorded is aborted: the sweep would not find it", async () => {
  const write = WRITES.find(({ isInParts }) => isInParts) as Write;
  const owner = await createOwner();
  const at = (await faultsOf(write, owner)).callNames.indexOf("USERS.noteUpload");
  const target = await prepare(write, owner);
  const run = await withFault({ at, kind: "lost", isPermanent: true }, () => send(write, target));
  expect(run.result.status).toBe(503);
  expect(run.calls).toContain("BODIES.abort");
});

describe.each(WRITES)("§5 $title beyond a limit of the provider's plan", (write) => {
  it.each([
    ["day", [503]],
    ["space", [503, 507]],
    ["length", [503, 507]],
  ] as const)("is refused, and nothing is changed: %s", async (kind, statuses) => {
    const owner = await createOwner();
    const calls = (await faultsOf(write, owner)).callNames;
    const other = await prepare(write, owner);
    const at = calls.findIndex((call) => call.startsWith("DB."));
    const { result } = await withFault({ at, kind, isPermanent: true }, () => send(write, other));
    expect(statuses).toContain(result.status);
    if (result.status === 503) expectRetryAfter(result, kind);
    expect(((await result.json()) as { message: string }).message).toMatch(/^[A-Z].*\.$/);
    expect(await loadConsistentTree(other.app.user, kind)).toEqual(other.tree);
  });
});
