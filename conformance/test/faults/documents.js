/** Faulty servers, §4: what is stored, read and deleted. */

import { changing, isFolder, isStorage, nothing, remake } from "./changing.js";

/** @type {import("./changing.js").Fault[]} */
export const documentsFaults = [
  {
    fault: "the Content-Type loses its parameters",
    rules: changing(
      (request, { headers }) => isStorage(request) && headers.has("content-type"),
      (headers) => headers.set("Content-Type", String(headers.get("content-type")).split(";")[0]),
    ),
    finds: ["documents/get-content-type", "client/binary-charset"],
  },
  {
    fault: "a missing document is an empty 200",
    rules: changing(
      (request, { status }) => isStorage(request) && request.method === "GET" && status === 404,
      nothing,
      200,
    ),
    finds: [
      "documents/put-without-type",
      "documents/get-missing",
      "deletion/deletes",
      "names/composed-and-decomposed",
      "clashes/folder-without-slash",
      "preconditions/put-if-match-missing",
      "preconditions/put-if-match-any-missing",
      "preconditions/delete-if-match",
      "races/put-and-delete",
      "public/missing",
      "client/no-store-of-errors",
    ],
  },
  {
    fault: "bodies are stored as text",
    rules: { store: (bytes) => new TextEncoder().encode(new TextDecoder().decode(bytes)) },
    finds: ["documents/put-stores-bytes", "client/binary-charset"],
  },
  {
    fault: "a shorter body leaves the end of the longer one",
    rules: {
      store: (bytes, before) =>
        before && before.bytes.length > bytes.length
          ? Uint8Array.from([...bytes, ...before.bytes.slice(bytes.length)])
          : bytes,
    },
    finds: [
      "documents/put-replaces",
      "documents/put-empty",
      "preconditions/put-if-match",
      "preconditions/get-if-none-match-other",
      "races/replace",
    ],
  },
  {
    fault: "an empty body changes nothing",
    rules: { store: (bytes, before) => (bytes.length === 0 && before ? before.bytes : bytes) },
    finds: ["documents/put-empty"],
  },
  {
    fault: "bodies are cut off at a megabyte",
    isLarge: true,
    rules: { store: (bytes) => bytes.slice(0, 1_000_000) },
    finds: ["documents/put-large"],
  },
  {
    fault: "the first Content-Type stays",
    rules: { storeType: (type, before) => before?.type ?? type },
    finds: ["documents/put-replaces-type", "folders/latest"],
  },
  {
    fault: "a new document is answered with 202",
    rules: changing(({ method }, { status }) => method === "PUT" && status === 201, nothing, 202),
    finds: ["documents/put-status"],
  },
  {
    fault: "a deleted document cannot be stored again",
    rules: () => {
      const gone = new Set();
      return {
        answerFirst: (_, path, { method }) => {
          if (method === "DELETE") gone.add(path);
          return method === "PUT" && gone.has(path) ? new Response(null, { status: 410 }) : null;
        },
      };
    },
    finds: [
      "documents/put-again-after-delete",
      "clashes/after-deletion",
      "preconditions/put-if-none-match-any-new",
    ],
  },
  {
    fault: "a document without a Content-Type is refused, but stored",
    rules: {
      answerFirst(account, path, request) {
        if (request.method !== "PUT" || request.headers.has("content-type")) return null;
        account.documents.set(path, {
          bytes: new Uint8Array(),
          type: "",
          etag: '"t"',
          modified: "",
        });
        return new Response(null, { status: 400 });
      },
    },
    finds: ["documents/put-without-type"],
  },
  {
    fault: "Content-Length counts characters",
    rules: {
      async finish(response, request) {
        if (
          !isStorage(request) ||
          isFolder(request) ||
          request.method !== "GET" ||
          response.status !== 200
        )
          return response;
        const text = await response.clone().text();
        return remake(response, (headers) => headers.set("Content-Length", `${text.length}`));
      },
    },
    finds: ["documents/get-length"],
  },
  {
    fault: "HEAD has another Content-Type",
    rules: changing(
      ({ method }, { headers }) => method === "HEAD" && headers.has("content-type"),
      (headers) => headers.set("Content-Type", "text/html"),
    ),
    finds: ["documents/head", "folders/head"],
  },
  {
    fault: "HEAD has Content-Length: 0",
    rules: changing(
      ({ method }, { headers }) => method === "HEAD" && headers.has("content-length"),
      (headers) => headers.set("Content-Length", "0"),
    ),
    finds: ["documents/head-length"],
  },
  {
    fault: "HEAD is not supported",
    rules: changing((request) => isStorage(request) && request.method === "HEAD", nothing, 405),
    finds: [
      "documents/head",
      "documents/get-missing",
      "folders/head",
      "scopes/module-r",
      "scopes/module-r-public",
      "scopes/everything-r",
      "scopes/sum",
      "tokens/none",
      "tokens/invalid",
      "public/head",
    ],
  },
  {
    fault: "DELETE is answered with 202",
    rules: changing(
      ({ method }, { status }) => method === "DELETE" && status === 200,
      nothing,
      202,
    ),
    finds: ["deletion/status"],
  },
  {
    fault: "DELETE of a missing document is 200",
    rules: changing(
      ({ method }, { status }) => method === "DELETE" && status === 404,
      nothing,
      200,
    ),
    finds: ["deletion/missing", "clashes/folder-without-slash"],
  },
  {
    fault: "the folder above is deleted with all that is in it",
    rules: {
      deletedWith: ({ documents }, path) => {
        const above = path.split("/").slice(0, -2).join("/");
        return [...documents.keys()].filter(
          (other) => above.split("/").length > 4 && other.startsWith(`${above}/`),
        );
      },
    },
    finds: ["deletion/keeps-other-branches"],
  },
  {
    fault: "siblings are deleted with a document",
    rules: {
      deletedWith: ({ documents }, path) => {
        const folder = path.slice(0, path.lastIndexOf("/") + 1);
        return [...documents.keys()].filter((other) => other.startsWith(folder));
      },
    },
    finds: ["deletion/deletes", "versions/independent"],
  },
  {
    fault: "more than eight requests at once are refused",
    rules: () => {
      let open = 0;
      return {
        finish: async (response, request) => {
          if (!isStorage(request)) return response;
          open++;
          await Promise.resolve();
          await new Promise((resolve) => setTimeout(resolve, 0));
          const isTooMany = open > 8;
          open--;
          return isTooMany ? remake(response, nothing, 500) : response;
        },
      };
    },
    finds: ["client/parallel-requests"],
  },
  {
    fault: "a 404 is remembered",
    rules: () => {
      const missing = new Set();
      return {
        finish: (response, { url, method }) => {
          if (method === "GET" && response.status === 404) missing.add(url);
          return method === "GET" && missing.has(url) && /conformance.*doc$/.test(url)
            ? remake(response, nothing, 404)
            : response;
        },
      };
    },
    finds: ["client/no-store-of-errors"],
  },
];
