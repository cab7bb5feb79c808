/** §9: what anonymous requests may read, and what they reveal. */

import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, send, type TestApp } from "../support/provider";
import { expectUnchanged, headersOf, uniqueFolder } from "../support/storage";

let owner: TestApp;
beforeAll(async () => {
  owner = await createUserWithApp();
  await owner.put("/public/pages/doc", "open", { "Content-Type": "text/html" });
  await owner.put("/notes/doc", "secret");
});

const anonymous = (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  user = owner.user,
) =>
  send(`/storage/${user}${path}`, {
    method,
    headers: { ...(method === "PUT" ? { "Content-Type": "text/plain" } : {}), ...headers },
    ...(method === "PUT" ? { body: "anonymous" } : {}),
  });

/** All that a client sees of a response. */
const visible = async (response: Response) => {
  const { date: _, ...headers } = headersOf(response);
  return { status: response.status, headers, body: await response.text() };
};

describe("Public documents", () => {
  it("§9.8 §9.9 §10.8 are served without a token as to their owner", async () => {
    const [open, own] = [
      await anonymous("GET", "/public/pages/doc"),
      await owner.get("/public/pages/doc"),
    ];
    expect(open.status).toBe(200);
    expect(headersOf(open)).toEqual(headersOf(own));
    expect(await open.text()).toBe("open");
    const head = await anonymous("HEAD", "/public/pages/doc");
    expect(headersOf(head)).toEqual(headersOf(own));
    expect(await head.text()).toBe("");
  });

  it("§9.8 §6.8 preconditions and ranges work without a token", async () => {
    const etag = (await anonymous("HEAD", "/public/pages/doc")).headers.get("etag") ?? "";
    expect((await anonymous("GET", "/public/pages/doc", { "If-None-Match": etag })).status).toBe(
      304,
    );
    expect((await anonymous("GET", "/public/pages/doc", { "If-Match": '"x"' })).status).toBe(412);
    const part = await anonymous("GET", "/public/pages/doc", { Range: "bytes=0-1" });
    expect([part.status, await part.text()]).toEqual([206, "op"]);
  });

  it("§9.8 §5.7 a missing one -> 404, as for its owner", async () => {
    const path = `${uniqueFolder("/public/")}doc`;
    expect(await visible(await anonymous("GET", path))).toEqual(
      await visible(await owner.get(path)),
    );
    expect((await anonymous("GET", path)).status).toBe(404);
  });

  it("§9.8 one of a missing user -> the same 404", async () => {
    const path = `${uniqueFolder("/public/")}doc`;
    const missing = await visible(await anonymous("GET", path));
    expect(await visible(await anonymous("GET", path, {}, "nobody-at-all"))).toEqual(missing);
  });

  it("§9.8 a document called public, or one in a folder called similarly, is not public", async () => {
    for (const path of ["/public", "/publicity/doc", "/Public/doc"]) {
      const response = await anonymous("GET", path);
      expect([path, response.status]).toEqual([path, 401]);
    }
  });

  it("§9.8 encoded letters in /public/ are the same", async () => {
    expect((await anonymous("GET", "/%70ublic/pages/doc")).status).toBe(200);
    expect((await anonymous("GET", "/public%2Fpages/doc")).status).toBe(400);
  });

  it.each(["PUT", "DELETE"])("§5.4 %s without a token -> 401, nothing changed", async (method) => {
    await expectUnchanged(owner, async () => {
      for (const path of ["/public/pages/doc", "/public/pages/new", "/public/new"]) {
        expect([path, (await anonymous(method, path)).status]).toEqual([path, 401]);
      }
    });
  });
});

describe("Anonymous requests reveal nothing else", () => {
  const FOLDERS: [string, string][] = [
    ["public folders", "/public/pages/"],
    ["private folders", "/notes/"],
    ["private documents", "/notes/doc"],
    ["the root", "/"],
    ["the public root", "/public/"],
  ];

  it.each(FOLDERS)(
    "§9.8 §5.4 %s, existing or not -> the same 401, down to the headers",
    async (_, path) => {
      const folder = path.endsWith("/") ? uniqueFolder(path) : `${path}-missing`;
      for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
        const existing = await visible(await anonymous(method, path));
        expect([method, existing.status]).toEqual([method, 401]);
        expect(await visible(await anonymous(method, folder))).toEqual(existing);
        expect(await visible(await anonymous(method, path, {}, "nobody-at-all"))).toEqual(existing);
      }
    },
  );

  it("§5.4 a precondition makes no difference", async () => {
    const etag = (await owner.version("/public/pages/")) ?? "";
    const plain = await visible(await anonymous("GET", "/public/pages/"));
    expect(
      await visible(await anonymous("GET", "/public/pages/", { "If-None-Match": etag })),
    ).toEqual(plain);
    expect(await visible(await anonymous("GET", "/public/pages/", { "If-Match": '"x"' }))).toEqual(
      plain,
    );
  });

  it("§5.5 neither do requests of an app of another module", async () => {
    const other = await createUserWithApp("photos:rw");
    const app = (path: string) => other.get(path).then(visible);
    expect((await app("/notes/doc")).status).toBe(403);
    expect(await app("/notes/doc")).toEqual(await app("/notes/missing"));
    expect(await app("/public/notes/")).toEqual(await app("/public/missing/"));
  });
});
