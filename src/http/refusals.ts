/** Refusals as HTTP responses: the table of statuses (§5). */

import { formatETag } from "../core/etag";
import type { Refusal } from "../core/refusals";

const STATUS_BY_CODE = {
  malformed: 400,
  "folder-write": 400,
  unauthorized: 401,
  "insufficient-scope": 403,
  suspended: 403,
  "not-executable": 403,
  "not-found": 404,
  "method-not-allowed": 405,
  clash: 409,
  "precondition-failed": 412,
  "too-large": 413,
  "path-too-long": 414,
  "unsupported-coding": 415,
  "range-not-satisfiable": 416,
  misdirected: 421,
  "upgrade-required": 426,
  "too-many-requests": 429,
  unavailable: 503,
  "unknown-outcome": 503,
  "over-quota": 507,
} as const satisfies Record<Refusal["code"], number>;

/**
 * A refusal as a response: status, headers, and a JSON body with the code and a sentence. The body is
 * JSON for folders too, where remotestorage.js takes anything else for a lost connection.
 */
export function refusalResponse(refusal: Refusal): Response {
  const { code, message } = refusal;
  return Response.json(
    { error: code, message },
    {
      status: STATUS_BY_CODE[code],
      headers: { "Cache-Control": "no-cache", ...refusalHeaders(refusal) },
    },
  );
}

function refusalHeaders(refusal: Refusal): Record<string, string> {
  switch (refusal.code) {
    case "unauthorized":
      // RFC 6750 §3: no error code if the request had no token.
      return { "WWW-Authenticate": bearerChallenge(refusal.error) };
    case "insufficient-scope":
      return { "WWW-Authenticate": bearerChallenge("insufficient_scope") };
    case "method-not-allowed":
      return { Allow: refusal.allow };
    case "precondition-failed":
      return refusal.version === null ? {} : { ETag: formatETag(refusal.version) };
    case "range-not-satisfiable":
      return { "Content-Range": `bytes */${refusal.length}` };
    case "upgrade-required":
      return { Upgrade: "websocket", Connection: "Upgrade" };
    case "too-many-requests":
    case "unavailable":
    case "unknown-outcome":
      return { "Retry-After": String(refusal.retryAfterSeconds) };
    default:
      return {};
  }
}

const bearerChallenge = (error?: string): string =>
  `Bearer realm="remoteStorage"${error ? `, error="${error}"` : ""}`;
