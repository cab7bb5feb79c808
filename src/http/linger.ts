/**
 * Refusals during an upload, on the local server. If it closed the connection while the client is still
 * sending, the client would get an error of the network in place of the refusal. Cloudflare's edge takes
 * care of that by itself.
 */

import type { Next } from "hono";
import { withTimeout } from "../platform/retry";
import type { HonoContext } from "./context";

/** What is read of a body that nobody needs: more than the largest document by default, for half a minute. */
const MAX_DISCARDED_BYTES = 256 * 1024 * 1024;
const MAX_LINGER_MS = 30_000;

/**
 * Middleware: sends a response at once, and keeps its connection open while the client is sending the rest
 * of the request's body, which is discarded.
 */
export function lingerWhileSending(c: HonoContext, next: Next): Promise<void> {
  const { body } = c.req.raw;
  return c.env.LOCAL_SERVER === undefined || body === null ? next() : linger(c, next, body);
}

async function linger(c: HonoContext, next: Next, body: ReadableStream<Uint8Array>): Promise<void> {
  await next();
  // A handler that has read from the body and succeeded has read all of it.
  if (body.locked || (c.req.raw.bodyUsed && c.res.ok)) return;
  // A 204 or 304 may not have a stream as its body, so nothing can keep its connection open.
  if (c.res.body === null) return;
  const content = new Uint8Array(await c.res.arrayBuffer());
  // With its length the client knows that it has the whole response, although the stream has not ended.
  const { readable, writable } = new FixedLengthStream(content.byteLength);
  c.executionCtx.waitUntil(sendAndDiscard(writable, content, body));
  c.res = new Response(readable, c.res);
}

async function sendAndDiscard(
  response: WritableStream<Uint8Array>,
  content: Uint8Array,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const writer = response.getWriter();
  // A client that goes away, or takes longer, needs no more from us.
  await writer.write(content).catch(() => {});
  await withTimeout(discard(body), MAX_LINGER_MS).catch(() => {});
  // Whatever has happened: the runtime waits for the end.
  await writer.close().catch(() => {});
}

async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  for (let bytes = 0; bytes < MAX_DISCARDED_BYTES; ) {
    const { done, value } = await reader.read();
    if (done) return;
    bytes += value.byteLength;
  }
}
