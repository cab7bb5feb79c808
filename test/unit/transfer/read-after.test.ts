/** Reading a storage from where an earlier export ended. */

import { describe, expect, it } from "vitest";
import { readStorage } from "../../../transfer/read-storage.js";
import { StorageClient } from "../../../transfer/storage.js";

/** In the order of the walk. */
const PATHS = [
  "/a/10",
  "/a/9",
  "/a/b/c",
  "/a/b.txt",
  "/a/ü",
  "/b/1",
  "/public/a/x",
  "/public/a/y/z",
];

/** A storage with these documents. */
const storage = new StorageClient({
  root: "https://example.com/storage/alice",
  network: {
    fetch: async (url) => {
      const path = decodeURIComponent(new URL(url).pathname.slice("/storage/alice".length));
      if (!path.endsWith("/")) return new Response("x", { headers: { ETag: '"1"' } });
      const items: Record<string, object> = {};
      for (const one of PATHS.filter((one) => one.startsWith(path))) {
        const [name = "", ...rest] = one.slice(path.length).split("/");
        const facts = { ETag: "1", "Content-Type": "text/plain", "Content-Length": 1 };
        items[rest.length === 0 ? name : `${name}/`] = rest.length === 0 ? facts : { ETag: "1" };
      }
      return Response.json({ items });
    },
  },
});

async function documentsAfter(after: string | null, folders: string[]): Promise<string[]> {
  const paths = [];
  for await (const entry of readStorage(storage, folders, after)) {
    if (entry.kind === "document") paths.push(entry.path);
  }
  return paths;
}

describe("What comes after a document", () => {
  it.each([
    ["the root", ["/"]],
    ["folders of modules, in their order", ["/b/", "/a/", "/public/b/", "/public/a/"]],
  ])("is read to the end, whichever it was, of %s", async (_, folders) => {
    const all = await documentsAfter(null, folders);
    expect(all.toSorted()).toEqual(PATHS.toSorted());
    for (const [index, path] of all.entries()) {
      expect([path, await documentsAfter(path, folders)]).toEqual([path, all.slice(index + 1)]);
    }
  });

  it("is found although that document is deleted by now", async () => {
    expect(await documentsAfter("/a/b/bb", ["/"])).toEqual([
      "/a/b/c",
      ...(await documentsAfter("/a/b/c", ["/"])),
    ]);
  });
});
