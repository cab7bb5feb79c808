/** Faulty servers, §4, §7: ranges, and what browsers are told. */

import { rules as sound } from "../reference/rules.js";
import { changing, isStorage, nothing } from "./changing.js";

/** @type {import("./changing.js").Fault[]} */
export const originsFaults = [
  {
    fault: "ranges are off by one",
    rules: {
      parseRange(header, length) {
        const range = sound.parseRange(header, length);
        return Array.isArray(range) ? [range[0], Math.max(range[0], range[1] - 1)] : range;
      },
    },
    finds: ["ranges/parts", "ranges/suffix"],
  },
  {
    fault: "ranges are announced and not served",
    rules: { parseRange: () => null },
    finds: [
      "ranges/parts",
      "ranges/suffix",
      "ranges/not-satisfiable",
      "ranges/if-range",
      "ranges/announced-in-webfinger",
      "ranges/truthful",
    ],
  },
  {
    fault: "ranges are served and not announced",
    rules: changing(isStorage, (headers) => headers.delete("Accept-Ranges")),
    properties: { "http://tools.ietf.org/html/rfc7233": null },
    finds: ["ranges/announced-in-header", "ranges/announced-in-webfinger"],
  },
  {
    fault: "CORS headers are missing on errors",
    rules: changing(
      (request, { status }) => isStorage(request) && status >= 400,
      (headers) => headers.delete("Access-Control-Allow-Origin"),
    ),
    finds: ["cors/on-401", "cors/on-404", "cors/on-412", "cors/on-malformed-path", "cors/on-403"],
  },
  {
    fault: "CORS headers are missing on 304",
    rules: changing(
      (_, { status }) => status === 304,
      (headers) => headers.delete("Access-Control-Allow-Origin"),
    ),
    finds: ["cors/on-304"],
  },
  {
    fault: "Authorization is allowed as *",
    rules: changing(
      ({ method }) => method === "OPTIONS",
      (headers) => headers.set("Access-Control-Allow-Headers", "*"),
    ),
    finds: ["cors/preflight-headers"],
  },
  {
    fault: "the ETag is not exposed to scripts",
    rules: changing(
      () => true,
      (headers) => headers.set("Access-Control-Expose-Headers", "Content-Length"),
    ),
    finds: ["cors/exposes-etag"],
  },
  {
    fault: "any origin is allowed with cookies",
    rules: changing(
      () => true,
      (headers) => headers.set("Access-Control-Allow-Credentials", "true"),
    ),
    finds: ["cors/no-credentials"],
  },
  {
    fault: "preflight requests need a token",
    rules: changing(({ method }) => method === "OPTIONS", nothing, 401),
    finds: ["cors/preflight-get", "cors/preflight-put", "cors/preflight-delete"],
  },
  {
    fault: "answers are compressed for those who ask",
    rules: changing(
      (request) => isStorage(request) && /gzip/.test(request.headers.get("accept-encoding") ?? ""),
      (headers) => headers.set("Content-Encoding", "gzip"),
    ),
    finds: ["documents/get-uncompressed"],
  },
  {
    fault: "stored HTML has no sandbox",
    rules: changing(isStorage, (headers) => headers.delete("Content-Security-Policy")),
    finds: ["public/sandboxed"],
  },
  {
    fault: "a number is taken for a range",
    rules: {
      parseRange: (header, length) => {
        const number = /^bytes=(\d)$/.exec(header ?? "")?.[1];
        return number ? [Number(number), Number(number)] : sound.parseRange(header, length);
      },
    },
    finds: ["ranges/ignored"],
  },
  {
    fault: "a range beyond the end is the whole document",
    rules: {
      parseRange: (header, length) => {
        const range = sound.parseRange(header, length);
        return range === "none" ? null : range;
      },
    },
    finds: ["ranges/not-satisfiable"],
  },
  {
    fault: "a part is taken for the whole document",
    rules: { statusOfParts: () => null },
    finds: ["ranges/part-of-a-put"],
  },
  {
    fault: "CORS headers are missing on success",
    rules: changing(
      (request, { status }) => isStorage(request) && request.method !== "OPTIONS" && status < 300,
      (headers) => headers.delete("Access-Control-Allow-Origin"),
    ),
    finds: ["cors/success"],
  },
  {
    fault: "CORS headers are missing on 403",
    rules: changing(
      (_, { status }) => status === 403,
      (headers) => headers.delete("Access-Control-Allow-Origin"),
    ),
    finds: ["cors/on-403"],
  },
  {
    fault: "an origin is named, but Vary is not",
    rules: changing(isStorage, (headers) =>
      headers.set("Access-Control-Allow-Origin", "https://app.example"),
    ),
    finds: ["cors/vary"],
  },
  {
    fault: "preflight requests do not allow PUT",
    rules: changing(
      ({ method }) => method === "OPTIONS",
      (headers) => headers.set("Access-Control-Allow-Methods", "GET, DELETE"),
    ),
    finds: ["cors/preflight-put"],
  },
];
