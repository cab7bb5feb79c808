/** Faulty servers, §9: scopes, tokens and public documents. */

import { rules as sound } from "../reference/rules.js";
import { changing, isRead, nothing } from "./changing.js";

/** @type {import("./changing.js").Fault[]} */
export const accessFaults = [
  {
    fault: "the scope is not checked on writes",
    rules: {
      allows: (scope, method, path) =>
        sound.allows(scope, "GET", path) || method === "PUT" || method === "DELETE",
    },
    finds: [
      "scopes/other-modules",
      "scopes/root",
      "scopes/module-r",
      "scopes/module-r-public",
      "scopes/everything-r",
      "scopes/sum",
      "dialog/no-more-than-asked",
    ],
  },
  {
    fault: "a scope for reading allows DELETE",
    rules: {
      allows: (scope, method, path) =>
        sound.allows(scope, method === "DELETE" ? "GET" : method, path),
    },
    finds: ["scopes/module-r", "scopes/module-r-public", "scopes/everything-r", "scopes/sum"],
  },
  {
    fault: "a module is compared by its beginning",
    rules: {
      allows: (scope, method, path) =>
        sound.allows(scope, method, path) ||
        scope.split(" ").some((one) => {
          const [module, level] = one.split(":");
          return (
            (level === "rw" || isRead(/** @type {any} */ ({ method }))) &&
            path.startsWith(`/${module}`)
          );
        }),
    },
    finds: ["scopes/other-modules", "scopes/root", "scopes/name-of-the-module"],
  },
  {
    fault: "a scope does not include /public/<module>/",
    rules: {
      allows: (scope, method, path) =>
        (scope.startsWith("*") || !path.startsWith("/public/")) &&
        sound.allows(scope, method, path),
    },
    finds: ["scopes/module-rw"],
  },
  {
    fault: "a token opens every account",
    rules: { isOwn: () => true },
    finds: ["scopes/other-account", "scopes/other-account-403", "scopes/other-account-by-dots"],
  },
  {
    fault: "insufficient scope is 401",
    rules: changing((_, { status }) => status === 403, nothing, 401),
    finds: [
      "scopes/other-modules",
      "scopes/root",
      "scopes/name-of-the-module",
      "scopes/module-r",
      "scopes/module-r-public",
      "scopes/everything-r",
      "scopes/sum",
      "scopes/other-account-403",
      "dialog/no-more-than-asked",
    ],
  },
  {
    fault: "no token is 403",
    rules: changing((_, { status }) => status === 401, nothing, 403),
    finds: [
      "tokens/none",
      "tokens/none-folder",
      "tokens/invalid",
      "tokens/forged",
      "public/no-listing",
      "public/no-writing",
      "public/only-at-the-root",
    ],
  },
  {
    fault: "a 401 has no challenge",
    rules: changing(
      (_, { status }) => status === 401,
      (headers) => headers.delete("WWW-Authenticate"),
    ),
    finds: ["tokens/challenge"],
  },
  {
    fault: "the scheme Bearer is compared in its case",
    rules: {
      tokenOf: (request) =>
        /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? null,
    },
    finds: ["tokens/scheme-case"],
  },
  {
    fault: "the token is accepted in the query",
    rules: {
      tokenOf: (request) =>
        sound.tokenOf(request) ?? new URL(request.url).searchParams.get("access_token"),
    },
    finds: ["tokens/in-query-unannounced", "tokens/in-query-of-writes"],
  },
  {
    fault: "public folders are listed",
    rules: {
      isPublic: (method, path) =>
        isRead(/** @type {any} */ ({ method })) && path.startsWith("/public/"),
    },
    finds: ["scopes/other-modules", "scopes/root", "public/no-listing"],
  },
  {
    fault: "public documents need a token",
    rules: { isPublic: () => false },
    finds: [
      "public/get",
      "public/head",
      "public/with-invalid-token",
      "public/conditional",
      "public/missing",
      "public/sandboxed",
    ],
  },
  {
    fault: "public documents can be changed by anybody",
    rules: { isPublic: (_, path) => path.startsWith("/public/") && !path.endsWith("/") },
    finds: [
      "scopes/other-modules",
      "scopes/root",
      "scopes/module-r-public",
      "scopes/everything-r",
      "public/no-writing",
    ],
  },
  {
    fault: "HEAD of a public document needs a token",
    rules: { isPublic: (method, path) => method === "GET" && sound.isPublic(method, path) },
    finds: ["public/head"],
  },
  {
    fault: "every folder called public is public",
    rules: {
      isPublic: (method, path) =>
        isRead(/** @type {any} */ ({ method })) && /\/public\/.*[^/]$/.test(path),
    },
    finds: ["public/only-at-the-root"],
  },
  {
    fault: "*:rw does not reach modules that are not known",
    rules: {
      allows: (scope, method, path) =>
        sound.allows(scope, method, path) && !(scope === "*:rw" && path.includes("two/")),
    },
    finds: ["scopes/everything-rw"],
  },
  {
    fault: "*:rw does not reach documents in the root",
    rules: {
      allows: (scope, method, path) => sound.allows(scope, method, path) && !/^\/[^/]+$/.test(path),
    },
    finds: ["scopes/root-document"],
  },
  {
    fault: "*:r may write",
    rules: {
      allows: (scope, method, path) => scope === "*:r" || sound.allows(scope, method, path),
    },
    finds: ["scopes/everything-r"],
  },
  {
    fault: "only the first scope of a token counts",
    rules: { allows: (scope, method, path) => sound.allows(scope.split(" ")[0], method, path) },
    finds: ["scopes/sum"],
  },
  {
    fault: "a level applies to all modules of a token",
    rules: {
      allows: (scope, method, path) =>
        sound.allows(
          scope.includes(":rw") ? scope.replaceAll(/:r\b/g, ":rw") : scope,
          method,
          path,
        ),
    },
    finds: ["scopes/sum"],
  },
  {
    fault: "a token works only with the Origin of its app",
    rules: {
      answerFirst: (_, __, request) =>
        /elsewhere/.test(request.headers.get("origin") ?? "")
          ? new Response(null, { status: 401, headers: { "WWW-Authenticate": "Bearer" } })
          : null,
    },
    finds: ["tokens/any-origin"],
  },
  {
    fault: "a token is found by its beginning",
    rules: { tokenOf: (request) => sound.tokenOf(request)?.replace(/x$/, "") ?? null },
    finds: ["tokens/forged"],
  },
  {
    fault: "tokens in the query are announced, but not accepted",
    properties: { "http://tools.ietf.org/html/rfc6750#section-2.3": "true" },
    finds: ["tokens/in-query"],
  },
  {
    fault: "tokens are short",
    rules: { secret: (kind, count) => `${kind}${count}` },
    finds: ["tokens/hard-to-guess"],
  },
  {
    fault: "a missing private document is 404 without a token",
    rules: {
      answerFirst: ({ documents }, path, request) =>
        !request.headers.has("authorization") &&
        isRead(request) &&
        !path.endsWith("/") &&
        !documents.has(path)
          ? new Response(null, { status: 404 })
          : null,
    },
    finds: ["public/reveals-nothing"],
  },
  {
    fault: "an invalid token is refused even where none is needed",
    rules: {
      answerFirst: (_, __, request) =>
        /expired/.test(request.headers.get("authorization") ?? "")
          ? new Response(null, { status: 401 })
          : null,
    },
    finds: ["public/with-invalid-token"],
  },
];
