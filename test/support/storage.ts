/** Helpers for tests of the storage: folders, bodies, and a check that nothing was changed. */

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { app as worker } from "../../src/app";
import type { Env, Variables } from "../../src/env";
import { guardBindings } from "./guard/bindings";
import { runInvocation } from "./guard/invocations";
import type { TestApp } from "./provider";
import { storageOrigin } from "./urls";

let folderCount = 0;

/** The path of a folder that no other test of the file uses, with the slash at its end. */
export const uniqueFolder = (parent = "/"): string => `${parent}folder${++folderCount}/`;

/** The headers of a response by their names in lower case. */
export const headersOf = (response: Response): Record<string, string> =>
  Object.fromEntries(response.headers);

/** The version in the ETag of a response, without the quotes. */
export const etagVersion = (response: Response): string | undefined =>
  /^"([^"]+)"$/.exec(response.headers.get("etag") ?? "")?.[1];

/** Runs an action, and expects that it changes no version, no row and no body. */
export async function expectUnchanged<T>(owner: TestApp, action: () => Promise<T>): Promise<T> {
  const before = await snapshot(owner);
  const result = await action();
  const after = await snapshot(owner);
  // As texts: many rows are compared quickly. If they differ, the rows say in what.
  if (after !== before) expect(JSON.parse(after)).toEqual(JSON.parse(before));
  return result;
}

/** By the rows, which have all versions: listing all folders would take longer with each test of a file. */
async function snapshot({ user }: TestApp): Promise<string> {
  const nodes = await env.DB.prepare(
    `SELECT accounts.id, nodes.* FROM accounts LEFT JOIN nodes ON accounts.id = account
     WHERE accounts.name = ? ORDER BY parent, nodes.name`,
  )
    .bind(user)
    .raw();
  const [[account] = []] = nodes;
  const { objects } = await env.BODIES.list({ prefix: `${account}/` });
  return JSON.stringify({ nodes, bodies: objects.map(({ key }) => key) });
}

/**
 * Sends a request of the app to a Worker with other settings or bindings. The Worker gets the same
 * body object, so that a test can see how much of it was read.
 */
export async function requestWithEnv(
  changes: Partial<Env> | Variables,
  app: TestApp,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("Authorization", `Bearer ${app.token}`);
  if (!headers.has("content-type")) headers.set("Content-Type", "text/plain");
  const url = `${storageOrigin(app.user)}/storage/${app.user}${path}`;
  const request = new Request(url, { ...init, method, headers });
  const context = createExecutionContext();
  const response = await runInvocation(() =>
    worker.fetch(request, guardBindings({ ...env, ...changes }), context),
  );
  await waitOnExecutionContext(context);
  return response;
}

/**
 * A stream of unknown length that yields these chunks one by one as they are pulled, and counts the
 * pulls.
 */
export function countedStream(chunks: Iterable<Uint8Array>): {
  pulls: number;
  body: ReadableStream;
} {
  const remaining = chunks[Symbol.iterator]();
  const stream = {
    pulls: 0,
    body: new ReadableStream({
      type: "bytes",
      pull(controller) {
        stream.pulls++;
        const { done, value } = remaining.next();
        if (!done) controller.enqueue(value as Uint8Array<ArrayBuffer>);
        else {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
    }),
  };
  return stream;
}

/** Bytes that are not text, and that repeat only after a long period. */
export function binaryBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) * 17 + (i >> 16);
  return bytes;
}

export const sha256 = async (bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

/** Sets the quota of the app's account; null: the provider's DEFAULT_QUOTA_BYTES. */
export async function setQuota(app: TestApp, bytes: number | null): Promise<void> {
  await env.DB.prepare("UPDATE accounts SET quota_bytes = ? WHERE name = ?")
    .bind(bytes, app.user)
    .run();
}
