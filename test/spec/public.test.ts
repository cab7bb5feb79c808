/** §9: what strangers may read, and what they can find out. */

import { beforeAll, describe, expect, it } from "vitest";
import { freshFolder, headersOf, unchanged } from "../support/storage";
import { createUserWithApp, send, type TestApp } from "../support/provider";

let owner: TestApp;
beforeAll(async () => {
  owner = await createUserWithApp();
  await owner.put("/public/pages/doc", "open", { "Content-Type": "text/html" });
  await owner.put("/notes/doc", "secret");
});

const stranger = (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  user = owner.user,
) =>
  send(`/storage/${user}${path}`, {
    method,
    headers: { ...(method === "PUT" ? { "Content-Type": "text/plain" } : {}), ...headers },
    ...(method === "PUT" ? { body: "stranger's" } : {}),
  });

/** Everything a stranger sees of an answer. */
const seen = async (response: Response) => {
  const { date: _, ...headers } = headersOf(response);
  return { status: response.status, headers, body: await response.text() };
};

describe("public documents", () => {
  it("§9.8 §9.9 §10.8 are served to anyone as to their owner", async () => {
    const [open, own] = [
      await stranger("GET", "/public/pages/doc"),
      await owner.get("/public/pages/doc"),
    ];
    expect(open.status).toBe(200);
    expect(headersOf(open)).toEqual(headersOf(own));
    expect(await open.text()).toBe("open");
    const head = await stranger("HEAD", "/public/pages/doc");
    expect(headersOf(head)).toEqual(headersOf(own));
    expect(await head.text()).toBe("");
  });

  it("§9.8 §6.8 conditions and ranges work for strangers", async () => {
    const etag = (await stranger("HEAD", "/public/pages/doc")).headers.get("etag") ?? "";
    expect((await stranger("GET", "/public/pages/doc", { "If-None-Match": etag })).status).toBe(
      304,
    );
    expect((await stranger("GET", "/public/pages/doc", { "If-Match": '"x"' })).status).toBe(412);
    const part = await stranger("GET", "/public/pages/doc", { Range: "bytes=0-1" });
    expect([part.status, await part.text()]).toEqual([206, "op"]);
  });

  it("§9.8 §5.7 one that is not there -> 404, as for its owner", async () => {
    const path = `${freshFolder("/public/")}doc`;
    expect(await seen(await stranger("GET", path))).toEqual(await seen(await owner.get(path)));
    expect((await stranger("GET", path)).status).toBe(404);
  });

  it("§9.8 one of a user who does not exist -> the same 404", async () => {
    const path = `${freshFolder("/public/")}doc`;
    const missing = await seen(await stranger("GET", path));
    expect(await seen(await stranger("GET", path, {}, "nobody-at-all"))).toEqual(missing);
  });

  it("§9.8 a private folder called public deeper down is not public", async () => {
    await owner.put("/notes/public/doc", "secret");
    expect((await stranger("GET", "/notes/public/doc")).status).toBe(401);
  });

  it("§9.8 neither is a document called public, nor one beside it", async () => {
    for (const path of ["/public", "/publicity/doc", "/Public/doc"]) {
      const response = await stranger("GET", path);
      expect([path, response.status]).toEqual([path, 401]);
    }
  });

  it("§9.8 encoded letters of /public/ mean the same", async () => {
    expect((await stranger("GET", "/%70ublic/pages/doc")).status).toBe(200);
    expect((await stranger("GET", "/public%2Fpages/doc")).status).toBe(400);
  });

  it.each(["PUT", "DELETE"])("§5.4 %s by a stranger -> 401, nothing changed", async (method) => {
    for (const path of ["/public/pages/doc", "/public/pages/new", "/public/new"]) {
      const response = await unchanged(owner, () => stranger(method, path));
      expect([path, response.status]).toEqual([path, 401]);
    }
  });
});

describe("nothing else can be told apart by a stranger", () => {
  const FOLDERS: [string, string][] = [
    ["public folders", "/public/pages/"],
    ["private folders", "/notes/"],
    ["private documents", "/notes/doc"],
    ["the root", "/"],
    ["the public root", "/public/"],
  ];

  it.each(FOLDERS)(
    "§9.8 §5.4 %s, there or not -> the same 401, down to the headers",
    async (_, path) => {
      const folder = path.endsWith("/") ? freshFolder(path) : `${path}-missing`;
      for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
        const there = await seen(await stranger(method, path));
        expect([method, there.status]).toEqual([method, 401]);
        expect(await seen(await stranger(method, folder))).toEqual(there);
        expect(await seen(await stranger(method, path, {}, "nobody-at-all"))).toEqual(there);
      }
    },
  );

  it("§5.4 a condition makes no difference", async () => {
    const etag = (await owner.version("/public/pages/")) ?? "";
    const plain = await seen(await stranger("GET", "/public/pages/"));
    expect(await seen(await stranger("GET", "/public/pages/", { "If-None-Match": etag }))).toEqual(
      plain,
    );
    expect(await seen(await stranger("GET", "/public/pages/", { "If-Match": '"x"' }))).toEqual(
      plain,
    );
  });

  it("§5.5 an app of another module cannot tell either", async () => {
    const other = await createUserWithApp("photos:rw");
    const app = (path: string) => other.get(path).then(seen);
    expect((await app("/notes/doc")).status).toBe(403);
    expect(await app("/notes/doc")).toEqual(await app("/notes/missing"));
    expect(await app("/public/notes/")).toEqual(await app("/public/missing/"));
  });
});
