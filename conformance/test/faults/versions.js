/** Faulty servers, §6: versions and conditions. */

import { rules as sound } from "../reference/rules.js";
import { changing, isPublic, isStorage, nothing } from "./changing.js";

/** @type {import("./changing.js").Fault[]} */
export const versionsFaults = [
  {
    fault: "ETags are weak",
    rules: changing(
      (request, { headers }) => isStorage(request) && headers.has("etag"),
      (headers) => headers.set("ETag", `W/${headers.get("etag")}`),
    ),
    finds: [
      "folders/etags-of-documents",
      "folders/etags-of-folders",
      "folders/latest",
      "folders/empty-etag",
      "folders/root",
      "versions/put-etag",
      "versions/get-etag",
      "versions/folder-etag",
      "preconditions/get-if-none-match-weak",
      "races/siblings",
      "ranges/if-range",
      "client/put-then-put",
      "client/etag-characters",
    ],
  },
  {
    fault: "PUT has no ETag",
    rules: changing(
      ({ method }) => method === "PUT",
      (headers) => headers.delete("ETag"),
    ),
    finds: [
      "versions/put-etag",
      "preconditions/conflict-etag",
      "races/replace",
      "races/siblings",
      "client/put-then-put",
    ],
  },
  {
    fault: "DELETE has no ETag",
    rules: changing(
      ({ method }) => method === "DELETE",
      (headers) => headers.delete("ETag"),
    ),
    finds: ["versions/delete-etag"],
  },
  {
    fault: "412 has no ETag",
    rules: changing(
      (_, { status }) => status === 412,
      (headers) => headers.delete("ETag"),
    ),
    finds: ["preconditions/conflict-etag"],
  },
  {
    fault: "304 has no ETag",
    rules: changing(
      (_, { status }) => status === 304,
      (headers) => headers.delete("ETag"),
    ),
    finds: ["preconditions/not-modified-etag"],
  },
  {
    fault: "the ETag is a hash of the content",
    rules: {
      nextEtag: (_, bytes) =>
        `"h${bytes.reduce((hash, byte) => (hash * 31 + byte) % 1e9, bytes.length)}"`,
    },
    finds: ["versions/changes-with-content", "versions/never-comes-back"],
  },
  {
    fault: "the folder's version does not change up to the root",
    rules: { changedFolders: (folders) => folders.slice(-1) },
    finds: [
      "folders/root",
      "versions/up-with-new-document",
      "versions/up-with-changed-document",
      "versions/up-with-deleted-document",
      "versions/up-when-emptied",
      "versions/up-to-the-root",
      "preconditions/folder-if-none-match",
    ],
  },
  {
    fault: "the root's version does not change",
    rules: { changedFolders: (folders) => folders.slice(1) },
    finds: ["versions/up-to-the-root"],
  },
  {
    fault: "a DELETE leaves the versions of folders as they are",
    rules: { changedFolders: (folders, method) => (method === "DELETE" ? [] : folders) },
    finds: [
      "versions/up-with-deleted-document",
      "versions/up-when-emptied",
      "versions/up-to-the-root",
    ],
  },
  {
    fault: "If-Match is ignored",
    rules: { ifMatchHolds: () => true },
    finds: [
      "preconditions/put-if-match-stale",
      "preconditions/put-if-match-missing",
      "preconditions/put-if-match-sent-again",
      "preconditions/put-if-match-list",
      "preconditions/put-if-match-any-missing",
      "preconditions/delete-if-match-stale",
      "races/replace",
      "races/put-and-delete",
    ],
  },
  {
    fault: "If-None-Match is ignored",
    rules: { ifNoneMatchHolds: () => true },
    finds: [
      "preconditions/put-if-none-match-any",
      "preconditions/put-if-none-match-version",
      "preconditions/get-if-none-match",
      "preconditions/folder-if-none-match",
      "preconditions/get-if-none-match-weak",
      "races/create",
      "public/conditional",
      "client/listed-etag-as-condition",
    ],
  },
  {
    fault: "If-None-Match: * is ignored",
    rules: { matches: (tags, etag) => tags !== "*" && sound.matches(tags, etag) },
    finds: [
      "preconditions/put-if-match-list",
      "preconditions/put-if-none-match-any",
      "races/create",
    ],
  },
  {
    fault: "If-Match: * matches what does not exist",
    rules: { matches: (tags, etag) => tags === "*" || sound.matches(tags, etag) },
    finds: [
      "preconditions/put-if-match-any-missing",
      "preconditions/put-if-none-match-any-new",
      "races/create",
      "client/put-then-put",
    ],
  },
  {
    fault: "only the first version of a list is compared",
    rules: { matches: (tags, etag) => sound.matches(tags === "*" ? tags : tags.slice(0, 1), etag) },
    finds: ["preconditions/put-if-match-list", "preconditions/get-if-none-match"],
  },
  {
    fault: "If-None-Match is compared strongly",
    rules: { matches: (tags, etag) => etag !== null && (tags === "*" || tags.includes(etag)) },
    finds: ["preconditions/get-if-none-match-weak"],
  },
  {
    fault: "a malformed condition counts as none",
    rules: { parseTags: (value) => sound.parseTags(value) ?? "*" },
    finds: ["methods/malformed-conditions"],
  },
  {
    fault: "a failed condition is 409",
    rules: changing((_, { status }) => status === 412, nothing, 409),
    finds: [
      "preconditions/put-if-match-stale",
      "preconditions/put-if-match-missing",
      "preconditions/put-if-match-sent-again",
      "preconditions/put-if-match-list",
      "preconditions/put-if-match-any-missing",
      "preconditions/delete-if-match-stale",
      "preconditions/put-if-none-match-any",
      "preconditions/put-if-none-match-version",
      "races/create",
    ],
  },
  {
    fault: "the condition is checked before others write (a race)",
    rules: { beforeWrite: () => new Promise((resolve) => setTimeout(resolve, 1)) },
    finds: ["races/create", "races/replace", "races/put-and-delete"],
  },
  {
    fault: "Cache-Control is missing",
    rules: changing(isStorage, (headers) => headers.delete("Cache-Control")),
    finds: ["versions/no-cache", "versions/no-cache-public"],
  },
  {
    fault: "public documents are cached as private ones",
    rules: changing(
      (request, { headers }) => isPublic(request) && headers.has("cache-control"),
      (headers) => headers.set("Cache-Control", "no-cache"),
    ),
    finds: ["versions/no-cache-public"],
  },
  {
    fault: "a failed write is answered with 200",
    rules: changing(
      (request, { status }) => request.method === "PUT" && status === 412,
      nothing,
      200,
    ),
    finds: [
      "preconditions/put-if-match-stale",
      "preconditions/put-if-match-missing",
      "preconditions/put-if-match-sent-again",
      "preconditions/put-if-match-list",
      "preconditions/put-if-match-any-missing",
      "preconditions/put-if-none-match-any",
      "preconditions/put-if-none-match-version",
      "races/create",
      "races/replace",
      "races/put-and-delete",
    ],
  },
  {
    fault: "all folders of the account change with a document",
    rules: { changedFolders: (above, _, { folders }) => [...folders.keys(), ...above] },
    finds: ["versions/neighbours-stay"],
  },
  {
    fault: "documents have the version of their folder",
    rules: { currentEtag: (_, ofFolder) => ofFolder },
    finds: [
      "folders/etags-of-documents",
      "names/encodings-are-equal",
      "versions/put-etag",
      "versions/independent",
      "races/replace",
      "races/whole-documents",
      "ranges/parts",
      "ranges/if-range",
      "client/listed-etag-as-condition",
    ],
  },
  {
    fault: "reading a folder changes its version",
    rules: () => {
      let count = 0;
      return {
        onReadFolder: (account, folder) => {
          if (account.folders.has(folder)) account.folders.set(folder, `"r${++count}"`);
        },
      };
    },
    finds: [
      "folders/etags-of-folders",
      "folders/head",
      "folders/root",
      "versions/folder-etag",
      "versions/neighbours-stay",
      "versions/reading-changes-nothing",
      "preconditions/folder-if-none-match",
    ],
  },
];
