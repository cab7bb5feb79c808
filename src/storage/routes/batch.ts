/**
 * The endpoint for reading many documents at once: POST /batch/<user>, which the draft does not define:
 * `docs/batch.md`. WebFinger names it.
 */

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as v from "valibot";
import { encodePath, formatPath, type NodePath, parseDecodedPath } from "../../core/path";
import { type Outcome, ok, type Refusal, refused } from "../../core/refusals";
import { randomId } from "../../core/secrets";
import { servesStorage } from "../../discovery/storage-hosts";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { appCors } from "../../http/cors";
import { limitAnonymous, limitApp } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { recordUse } from "../../oauth/app-usage";
import { logWarning } from "../../platform/log";
import { authenticate, authorizeOwner, rememberRevoked } from "../authorization";
import { type BatchAnswer, type BatchItem, maxBatchDocuments, readBatch } from "../batch";
import { MISDIRECTED, methodNotAllowed } from "../refusals";

/** Bytes of a request: paths may have 4 KiB. */
const MAX_REQUEST_BYTES = 256 * 1024;

const BatchRequest = v.object({
  documents: v.pipe(
    v.array(v.object({ path: v.string(), ETag: v.optional(v.nullable(v.string()), null) })),
    v.minLength(1),
  ),
});

/** Routes of /batch. */
export const batchRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(["POST"]))
  .post(
    "/:user",
    bodyLimit({ maxSize: MAX_REQUEST_BYTES, onError: () => refusalResponse(REQUEST_TOO_LARGE) }),
    async (c) => {
      const response = await serveBatch(c, () => Date.now());
      return response.ok ? response.value : refusalResponse(response.refusal);
    },
  )
  .all("*", (c) => refusalResponse(methodNotAllowed(c.req.method, ["POST", "OPTIONS"])));

const REQUEST_TOO_LARGE: Refusal = {
  code: "too-large",
  message: `A request has at most ${MAX_REQUEST_BYTES} bytes. Ask for fewer documents.`,
};

async function serveBatch(c: HonoContext, clock: () => number): Promise<Outcome<Response>> {
  const { env, req } = c;
  const now = clock();
  const user = req.param("user") ?? "";
  if (!(await servesStorage(env, req.url, user, now))) return refused(MISDIRECTED);
  const authenticated = await authenticate(env, req.raw, now);
  const isLimited = authenticated ? null : limitAnonymous(c, now);
  if (isLimited) return refused(isLimited);
  const claims = authorizeOwner(req.raw, authenticated, user);
  if (!claims.ok) return claims;
  const items = parseItems(await req.text(), maxBatchDocuments(env));
  // What cannot be understood counts as one request, all else as one for each document.
  const limit = limitApp(env, claims.value, now, items.ok ? items.value.length : 1);
  if (limit) return refused(limit);
  if (!items.ok) return items;
  const batch = await readBatch(env, claims.value, items.value, clock);
  if (!batch.ok) {
    if (batch.refusal.code === "unauthorized") rememberRevoked(claims.value);
    return batch;
  }
  const { count, answers } = batch.value;
  const boundary = randomId();
  const recordBytes = (bytes: number) =>
    recordUse(env, c.executionCtx, claims.value, bytes, clock());
  const urls = items.value.map(({ node }) => `/storage/${claims.value.user}${urlPath(node)}`);
  const body = multipart(boundary, urls, answers, recordBytes);
  const headers = {
    "Content-Type": `multipart/mixed; boundary=${boundary}`,
    "Batch-Documents": String(count),
    "Cache-Control": "no-store",
  };
  return ok(new Response(toStream(body), { headers }));
}

const urlPath = (node: NodePath): string => encodePath(formatPath(node));

/** Parses a request. Refuses with `malformed`, `path-too-long`, and `too-large` if it has too many. */
function parseItems(text: string, maxDocuments: number): Outcome<BatchItem[]> {
  const request = parseRequest(text);
  if (request === null) return refused(MALFORMED);
  if (request.documents.length > maxDocuments) {
    const message = `A request may ask for ${maxDocuments} documents at once.`;
    return refused({ code: "too-large", message });
  }
  const items: BatchItem[] = [];
  for (const { path, ETag: version } of request.documents) {
    const node = parseDecodedPath(path);
    if (!node.ok) return node;
    if (node.value.kind === "folder") return refused(MALFORMED);
    items.push({ node: node.value, version });
  }
  return ok(items);
}

const MALFORMED: Refusal = {
  code: "malformed",
  message:
    'The body must be {"documents": [{"path": "/notes/a", "ETag": "..."}]}, with paths of documents.',
};

function parseRequest(text: string): v.InferOutput<typeof BatchRequest> | null {
  try {
    const parsed = v.safeParse(BatchRequest, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** RFC 2046 §5.1, each part a response as RFC 9112 §10.2 has it. Breaks off if a body cannot be read. */
async function* multipart(
  boundary: string,
  urls: string[],
  answers: AsyncGenerator<BatchAnswer, void>,
  onEnd: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  let index = 0;
  let sent = 0;
  try {
    for await (const { status, headers, body, refusal } of answers) {
      const text = refusal ? JSON.stringify({ error: refusal.code, message: refusal.message }) : "";
      const own: [string, string][] = refusal
        ? [
            ["Content-Type", "application/json"],
            ["Content-Length", String(encoder.encode(text).byteLength)],
          ]
        : headers;
      yield encoder.encode(
        [
          `--${boundary}`,
          "Content-Type: application/http; msgtype=response",
          `Content-Location: ${urls[index++]}`,
          "",
          `HTTP/1.1 ${status} ${REASONS[status]}`,
          ...own.map(([name, value]) => `${name}: ${value}`),
          "",
          text,
        ].join("\r\n"),
      );
      for await (const chunk of body ?? []) {
        sent += chunk.byteLength;
        yield chunk;
      }
      yield encoder.encode("\r\n");
    }
    yield encoder.encode(`--${boundary}--\r\n`);
  } catch (error) {
    logWarning("A batch was broken off.", error);
    throw error;
  } finally {
    onEnd(sent);
  }
}

/** Nothing is generated before the client wants it. */
const toStream = (chunks: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );

const REASONS = { 200: "OK", 304: "Not Modified", 403: "Forbidden", 404: "Not Found" };
