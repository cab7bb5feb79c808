/** Faulty servers, §4, §5: names, clashes and methods. */

import { rules as sound } from "../reference/rules.js";
import { changing, isFolder, isRead, isStorage, nothing, refusingNames } from "./changing.js";

/** @type {import("./changing.js").Fault[]} */
export const namesFaults = [
  {
    fault: "names of an object's properties are refused",
    rules: refusingNames((name) => name in {}),
    finds: ["names/with-the-word-proto-", "names/with-the-word-constructor"],
  },
  {
    fault: "names are stored percent-encoded",
    rules: { parsePath: (path) => path.split("/").slice(1) },
    finds: [
      "names/with-spaces",
      "names/with-brackets",
      "names/with-a-plus",
      "names/with-colon-at-and-exclamation-mark",
      "names/with-quotes",
      "names/with-a-per-cent-sign",
      "names/with-text-that-looks-percent-encoded",
      "names/with-hash-and-question-mark",
      "names/with-semicolon-comma-equals-dollar",
      "names/with-tilde-caret-bar",
      "names/with-a-backslash",
      "names/with-umlauts",
      "names/with-chinese-and-hebrew",
      "names/with-an-emoji-of-several-code-points",
      "names/with-control-characters",
      "names/composed-and-decomposed",
      "names/encodings-are-equal",
      "names/long",
      "names/empty-name",
      "names/null-character",
      "names/encoded-slash",
      "names/invalid-encoding",
    ],
  },
  {
    fault: "names are compared without case",
    rules: {
      parsePath: (path) => sound.parsePath(path)?.map((name) => name.toLowerCase()) ?? null,
    },
    finds: [
      "names/with-text-that-looks-percent-encoded",
      "names/case-sensitive",
      "clashes/common-prefix",
    ],
  },
  {
    fault: "names are normalized",
    rules: {
      parsePath: (path) => sound.parsePath(path)?.map((name) => name.normalize("NFC")) ?? null,
    },
    finds: ["names/composed-and-decomposed"],
  },
  {
    fault: "encoded slashes lead into folders",
    rules: {
      parsePath: (path) =>
        sound.parsePath(path.replaceAll(/%2f/gi, "/").replaceAll(/[^/]+\/\.\.\//g, "")),
    },
    finds: ["names/encoded-dots-and-slashes", "names/encoded-slash"],
  },
  {
    fault: "two slashes count as one",
    rules: { parsePath: (path) => sound.parsePath(path.replaceAll(/\/{2,}/g, "/")) },
    finds: ["names/empty-name"],
  },
  {
    fault: "folders are listed without their slash",
    rules: { items: (items) => items.map(([name, item]) => [name.replace(/\/$/, ""), item]) },
    finds: [
      "documents/put-makes-folders",
      "deletion/keeps-other-branches",
      "folders/items",
      "folders/folder-fields",
      "folders/etags-of-folders",
      "folders/root",
      "names/with-spaces",
      "names/with-brackets",
      "names/with-a-plus",
      "names/with-colon-at-and-exclamation-mark",
      "names/with-quotes",
      "names/with-a-per-cent-sign",
      "names/with-text-that-looks-percent-encoded",
      "names/with-hash-and-question-mark",
      "names/with-semicolon-comma-equals-dollar",
      "names/with-a-star",
      "names/with-tilde-caret-bar",
      "names/with-a-backslash",
      "names/with-a-leading-dot",
      "names/with-three-dots",
      "names/with-a-suffix-that-servers-use-themselves",
      "names/with-umlauts",
      "names/with-chinese-and-hebrew",
      "names/with-an-emoji-of-several-code-points",
      "names/with-control-characters",
      "names/with-the-word-proto-",
      "names/with-the-word-constructor",
      "names/with-a-number",
      "clashes/folder-put",
      "clashes/folder-delete",
    ],
  },
  {
    fault: "names with a leading dot are refused",
    rules: refusingNames((name) => name.startsWith(".")),
    finds: ["names/with-a-leading-dot", "names/with-three-dots"],
  },
  {
    fault: "names that end with .meta are refused",
    rules: refusingNames((name) => name.endsWith(".meta")),
    finds: ["names/with-a-suffix-that-servers-use-themselves"],
  },
  {
    fault: "a star is refused",
    rules: refusingNames((name) => name === "*"),
    finds: ["names/with-a-star"],
  },
  {
    fault: "numbers are refused as names",
    rules: refusingNames((name) => /^\d+$/.test(name)),
    finds: ["names/with-a-number"],
  },
  {
    fault: "names have at most 200 bytes",
    rules: refusingNames((name) => name.length > 200),
    finds: ["names/255-bytes"],
  },
  {
    fault: "paths have at most fifteen names",
    rules: { parsePath: (path) => (path.split("/").length > 15 ? null : sound.parsePath(path)) },
    finds: ["names/deep"],
  },
  {
    fault: "long names are cut off",
    rules: {
      parsePath: (path) => sound.parsePath(path)?.map((name) => name.slice(0, 300)) ?? null,
    },
    finds: ["names/long"],
  },
  {
    fault: "a path that is too long is a server error",
    rules: changing((_, { status }) => status === 414, nothing, 500),
    finds: ["names/uri-too-long"],
  },
  {
    fault: "a malformed path is a server error",
    rules: changing(
      (request, { status }) => isStorage(request) && isRead(request) && status === 400,
      nothing,
      500,
    ),
    finds: [
      "names/null-character",
      "names/encoded-slash",
      "names/invalid-encoding",
      "methods/no-500",
    ],
  },
  {
    fault: "clashes are not noticed",
    rules: { isClash: () => false },
    finds: [
      "clashes/document-in-place-of-folder",
      "clashes/folder-in-place-of-document",
      "clashes/never-both",
    ],
  },
  {
    fault: "a document may have the name of a folder",
    rules: {
      isClash: ({ documents }, _, above) =>
        above.some((folder) => documents.has(folder.slice(0, -1))),
    },
    finds: ["clashes/document-in-place-of-folder", "clashes/never-both"],
  },
  {
    fault: "a document may be in a document",
    rules: {
      isClash: ({ documents }, path) =>
        [...documents.keys()].some((other) => other.startsWith(`${path}/`)),
    },
    finds: ["clashes/folder-in-place-of-document", "clashes/never-both"],
  },
  {
    fault: "folders that were emptied still clash",
    rules: {
      isClash: (account, path, above) =>
        account.folders.has(`${path}/`) || sound.isClash(account, path, above),
    },
    finds: ["clashes/after-deletion"],
  },
  {
    fault: "names with a common beginning clash",
    rules: {
      isClash: (account, path, above) =>
        [...account.documents.keys()].some(
          (other) => other !== path && other.startsWith(path) && other.includes("/", path.length),
        ) || sound.isClash(account, path, above),
    },
    finds: ["clashes/common-prefix"],
  },
  {
    fault: "a clash is 412",
    rules: changing((_, { status }) => status === 409, nothing, 412),
    finds: ["clashes/document-in-place-of-folder", "clashes/folder-in-place-of-document"],
  },
  {
    fault: "PUT of a folder is 200",
    rules: changing(
      (request, { status }) => isFolder(request) && request.method === "PUT" && status === 400,
      nothing,
      200,
    ),
    finds: ["clashes/folder-put"],
  },
  {
    fault: "DELETE of a folder is 200",
    rules: changing(
      (request, { status }) => isFolder(request) && request.method === "DELETE" && status === 400,
      nothing,
      200,
    ),
    finds: ["clashes/folder-delete"],
  },
  {
    fault: "a folder without its slash is redirected",
    rules: {
      answerFirst: ({ documents }, path, { method }) =>
        method === "GET" && [...documents.keys()].some((other) => other.startsWith(`${path}/`))
          ? new Response(null, { status: 301, headers: { Location: `${path}/` } })
          : null,
    },
    finds: ["clashes/folder-without-slash", "scopes/name-of-the-module"],
  },
  {
    fault: "POST is a PUT",
    rules: { methodOf: ({ method }) => (method === "POST" ? "PUT" : method) },
    finds: ["methods/unknown"],
  },
  {
    fault: "a huge range is a server error",
    rules: changing((request) => /\d{30}/.test(request.headers.get("range") ?? ""), nothing, 500),
    finds: ["methods/no-500"],
  },
  {
    fault: "a 404 is a page that shows the path",
    rules: {
      finish: (response, request) =>
        isStorage(request) && response.status === 404
          ? new Response(`<p>${decodeURIComponent(new URL(request.url).pathname)}</p>`, {
              status: 404,
              headers: [...response.headers, ["Content-Type", "text/html"]],
            })
          : response,
    },
    finds: ["methods/markup-is-not-rendered"],
  },
];
