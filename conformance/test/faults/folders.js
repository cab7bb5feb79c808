/** Faulty servers, §4: how folders are described. */

import { rules as sound } from "../reference/rules.js";
import { listPath } from "../reference/storage.js";
import { changing, isFolder, isRead, nothing } from "./changing.js";

/** @type {import("./changing.js").Fault[]} */
export const foldersFaults = [
  {
    fault: "an empty folder has no ETag",
    rules: changing(
      (_, { headers }) => headers.get("etag") === '"empty"',
      (headers) => headers.delete("ETag"),
    ),
    finds: ["folders/empty-etag"],
  },
  {
    fault: "an empty folder is 404",
    rules: changing(
      (request, { headers }) => isRead(request) && headers.get("etag") === '"empty"',
      nothing,
      404,
    ),
    finds: ["folders/empty"],
  },
  {
    fault: "the ETags in folders have quotes",
    rules: {
      describeDocument: (document) => ({
        ...sound.describeDocument(document),
        ETag: document.etag,
      }),
    },
    finds: [
      "folders/etags-of-documents",
      "folders/latest",
      "races/siblings",
      "client/listed-etag-as-condition",
    ],
  },
  {
    fault: "Content-Length in folders counts something else",
    rules: {
      describeDocument: (document) => ({
        ...sound.describeDocument(document),
        "Content-Length": document.bytes.length - 1,
      }),
    },
    finds: ["folders/document-fields", "folders/latest"],
  },
  {
    fault: "documents are listed without Last-Modified",
    rules: {
      describeDocument(document) {
        const { "Last-Modified": _, ...rest } = sound.describeDocument(document);
        return /** @type {any} */ (rest);
      },
    },
    finds: ["documents/get-last-modified", "folders/document-date"],
  },
  {
    fault: "dates are in ISO 8601",
    rules: {
      describeDocument: (document) => ({
        ...sound.describeDocument(document),
        "Last-Modified": new Date(document.modified).toISOString(),
      }),
    },
    finds: ["documents/get-last-modified", "folders/document-date"],
  },
  {
    fault: "folders are application/json",
    rules: changing(
      (request, { status }) => isFolder(request) && isRead(request) && status === 200,
      (headers) => headers.set("Content-Type", "application/json"),
    ),
    finds: ["folders/media-type"],
  },
  {
    fault: "empty folders are listed",
    rules: {
      items: (items, account, folder) => {
        const below = [...account.folders.keys()]
          .filter((other) => other.startsWith(folder) && other !== folder)
          .map((other) => `${other.slice(folder.length).split("/")[0]}/`);
        const missing = [...new Set(below)].filter(
          (name) => !items.some(([listed]) => listed === name),
        );
        return [
          ...items,
          ...missing.map((name) => /** @type {[string, object]} */ ([name, { ETag: "empty" }])),
        ];
      },
    },
    finds: [
      "deletion/removes-empty-folders",
      "deletion/keeps-other-branches",
      "folders/empty-not-listed",
    ],
  },
  {
    fault: "a folder is listed as soon as it is read",
    rules: {
      onReadFolder: (account, folder) => {
        if (account.items.has(folder)) return;
        const path = `${folder}.keep`;
        account.documents.set(path, {
          bytes: new Uint8Array(),
          type: "x/y",
          etag: '"keep"',
          modified: new Date().toUTCString(),
        });
        listPath(account, path);
      },
    },
    finds: [
      "deletion/removes-empty-folders",
      "folders/empty",
      "folders/empty-not-listed",
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
      "names/255-bytes",
      "names/empty-name",
      "names/null-character",
      "names/encoded-slash",
      "names/invalid-encoding",
    ],
  },
  {
    fault: "the @context is another",
    rules: { context: "http://remotestorage.io/spec/folder-version" },
    finds: ["folders/context"],
  },
  {
    fault: "folders are not listed",
    rules: { items: (items) => items.filter(([name]) => !name.endsWith("/")) },
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
    fault: "listings end after fifty items",
    rules: { items: (items) => items.slice(0, 50) },
    finds: ["folders/hundred-documents"],
  },
  {
    fault: "folders are listed with numbers as their ETags",
    rules: { describeFolder: (etag) => /** @type {any} */ ({ ETag: Number(etag.slice(2, -1)) }) },
    finds: ["folders/folder-fields", "folders/etags-of-folders", "folders/root"],
  },
  {
    fault: "HEAD of a folder has no ETag",
    rules: changing(
      (request) => isFolder(request) && request.method === "HEAD",
      (headers) => headers.delete("ETag"),
    ),
    finds: ["folders/head", "versions/folder-etag"],
  },
  {
    fault: "an empty folder is an empty answer",
    rules: {
      finish: (response, request) =>
        request.method === "GET" &&
        response.headers.get("etag") === '"empty"' &&
        response.status === 200
          ? new Response(null, { headers: response.headers })
          : response,
    },
    finds: ["folders/empty", "client/empty-folder-is-json"],
  },
  {
    fault: "reading an empty folder changes the one above",
    rules: () => {
      let count = 0;
      return {
        onReadFolder: (account, folder) => {
          if (!account.folders.has(folder))
            account.folders.set(folder.replace(/[^/]+\/$/, ""), `"r${++count}"`);
        },
      };
    },
    finds: ["versions/reading-changes-nothing"],
  },
];
