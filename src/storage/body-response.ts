/** Responses with the bytes of one version of a document: RFC 9110 §14 on ranges. */

import { formatContentRange, parseRange } from "../core/range";
import { type Outcome, ok, refused } from "../core/refusals";
import type { Env } from "../env";
import { readBody } from "./bodies";
import { NO_VERSION } from "./refusals";

/**
 * Answers a GET or HEAD with a body of `length` bytes, or the range of it that the request asks for (206);
 * a HEAD without asking R2. `headers` are those of the response. Refuses with `range-not-satisfiable`, and
 * with `not-found` if the version is deleted.
 */
export async function serveBody(
  env: Env,
  request: Request,
  body: { key: string; length: number },
  headers: Headers,
): Promise<Outcome<Response>> {
  headers.set("Accept-Ranges", "bytes");
  // RFC 9110 §14.2: Range is defined for GET alone.
  const isGet = request.method === "GET";
  const range = isGet ? parseRange(request.headers.get("range"), body.length) : ok(null);
  if (!range.ok) return range;
  headers.set("Content-Length", String(range.value?.length ?? body.length));
  if (!isGet) return ok(new Response(null, { headers }));
  const stream = await readBody(env.BODIES, body.key, range.value);
  if (stream === null) return refused(NO_VERSION);
  if (range.value === null) return ok(new Response(stream, { headers }));
  headers.set("Content-Range", formatContentRange(range.value, body.length));
  return ok(new Response(stream, { status: 206, headers }));
}
