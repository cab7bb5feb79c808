/** Many concurrent writers: §6, and the commit protocol. */

import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, SECOND_MS } from "../support/clock";
import { indexBytesOf } from "../support/index-bytes";
import {
  connectApp,
  createUser,
  createUserWithApp,
  listBodyKeys,
  type TestApp,
} from "../support/provider";
import { setQuota } from "../support/storage";

const times = <T>(n: number, make: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: n }, (_, i) => make(i)));

const statuses = (responses: Response[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** Expects that the root's totals are those of the documents, and that each has its body. */
async function expectConsistent(app: TestApp): Promise<void> {
  const tree = Object.entries(await app.tree());
  const documents = tree.filter(([path]) => !path.endsWith("/"));
  const bytes = documents.reduce((sum, [, item]) => sum + (item["Content-Length"] ?? 0), 0);
  const root = await env.DB.prepare(
    `SELECT length, documents FROM nodes n JOIN accounts a ON a.id = n.account
     WHERE a.name = ? AND parent = ''`,
  )
    .bind(app.user)
    .first();
  expect(root).toEqual({ length: bytes, documents: documents.length });
  const bodies = (await listBodyKeys(app.user)).map((key) => key.split("/")[2]);
  for (const [, item] of documents) expect(bodies).toContain(item.ETag);
}

describe("§6 Many writers of one document", () => {
  it("50 concurrent PUTs with If-None-Match: * -> one 201, 49 times 412, the winner's body", async () => {
    const app = await createUserWithApp();
    const responses = await times(50, (i) =>
      app.put("/notes/one", `from ${i}`, { "If-None-Match": "*" }),
    );
    expect(statuses(responses)).toEqual({ 201: 1, 412: 49 });
    const winner = responses.findIndex(({ status }) => status === 201);
    const stored = await app.get("/notes/one");
    expect(await stored.text()).toBe(`from ${winner}`);
    expect(stored.headers.get("etag")).toBe(responses[winner]?.headers.get("etag"));
    for (const loser of responses.filter(({ status }) => status === 412)) {
      expect(loser.headers.get("etag")).toBe(stored.headers.get("etag"));
    }
    await expectConsistent(app);
  });

  it("100 concurrent increments with If-Match -> the counter is the number of those that succeeded", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/counter", "0");
    const increment = async (): Promise<Response> => {
      const current = await app.get("/notes/counter");
      const next = String(Number(await current.text()) + 1);
      return app.put("/notes/counter", next, { "If-Match": current.headers.get("etag") ?? "" });
    };
    const responses = await times(10, async () => {
      const own: Response[] = [];
      while (own.length < 10) own.push(await increment());
      return own;
    });
    const { 200: succeeded = 0, 412: failed = 0 } = statuses(responses.flat());
    expect(succeeded + failed).toBe(100);
    expect(succeeded).toBeGreaterThan(0);
    expect(await (await app.get("/notes/counter")).text()).toBe(String(succeeded));
    await expectConsistent(app);
  });

  it("20 concurrent overwrites with the same If-Match -> exactly one succeeds", async () => {
    const app = await createUserWithApp();
    const etag = (await app.put("/notes/one", "first")).headers.get("etag") ?? "";
    const responses = await times(20, (i) => app.put("/notes/one", `${i}`, { "If-Match": etag }));
    expect(statuses(responses)).toEqual({ 200: 1, 412: 19 });
  });

  it("a document and a folder of the same name -> one of them, never both", async () => {
    const app = await createUserWithApp();
    const responses = await times(20, (i) => app.put(i % 2 ? "/notes/x" : "/notes/x/y", "z"));
    const names = Object.keys(await app.list("/notes/"));
    expect(names).toHaveLength(1);
    for (const [i, { status }] of responses.entries()) {
      expect(status === 409).toBe((names[0] === "x") !== (i % 2 === 1));
    }
    await expectConsistent(app);
  });

  it("PUTs and DELETEs of one document leave a consistent tree", async () => {
    const app = await createUserWithApp();
    await times(60, (i) =>
      i % 3 === 0 ? app.delete("/notes/a/b") : app.put("/notes/a/b", "x".repeat(i)),
    );
    await expectConsistent(app);
  });
});

describe("§4 Many writers of one account", () => {
  it("100 documents at once are all stored, and each changes its ancestors", async () => {
    const app = await createUserWithApp();
    const responses = await times(100, (i) => app.put(`/notes/${i % 7}/${i}`, `body ${i}`));
    expect(statuses(responses)).toEqual({ 201: 100 });
    const tree = await app.tree();
    for (const [i, response] of responses.entries()) {
      expect(`"${tree[`/notes/${i % 7}/${i}`]?.ETag}"`).toBe(response.headers.get("etag"));
    }
    await expectConsistent(app);
  });

  it("each change gives every ancestor a version that it never had", async () => {
    const app = await createUserWithApp();
    const folders = ["/", "/notes/", "/notes/a/", "/notes/a/b/"];
    const seen = new Set<string>();
    const expectFresh = async () => {
      for (const folder of folders) {
        const version = `${folder} ${await app.version(folder)}`;
        expect(seen).not.toContain(version);
        seen.add(version);
      }
    };
    await app.put("/notes/a/b/keep", "1");
    await expectFresh();
    await app.put("/notes/a/b/doc", "1");
    await expectFresh();
    await app.put("/notes/a/b/doc", "1");
    await expectFresh();
    await app.delete("/notes/a/b/doc");
    await expectFresh();
  });

  it("accounts do not affect each other", async () => {
    const apps = await times(5, () => createUserWithApp());
    const responses = await times(50, (i) => (apps[i % 5] as TestApp).put(`/notes/${i}`, "x"));
    expect(statuses(responses)).toEqual({ 201: 50 });
    for (const app of apps) expect(Object.keys(await app.list("/notes/"))).toHaveLength(10);
  });

  it("concurrent writers cannot exceed the quota", async () => {
    const app = await createUserWithApp();
    const paths = Array.from({ length: 20 }, (_, i) => `/notes/${10 + i}`);
    await setQuota(app, 1000 + indexBytesOf(paths.slice(0, 10)));
    const responses = await times(20, (i) => app.put(paths[i] as string, "x".repeat(100)));
    expect(statuses(responses)).toEqual({ 201: 10, 507: 10 });
    await expectConsistent(app);
  });

  it("Last-Modified does not go back if a slow upload began before a fast one", async () => {
    const app = await createUserWithApp();
    const startedAt = Date.now();
    let finishUpload = () => {};
    const held = new Promise<void>((resolve) => {
      finishUpload = resolve;
    });
    const slowBody = new ReadableStream({
      type: "bytes",
      async pull(controller) {
        await held;
        controller.enqueue(new TextEncoder().encode("slow"));
        controller.close();
        controller.byobRequest?.respond(0);
      },
    });
    const slow = app.put("/notes/a", slowBody);
    advanceClock(10 * SECOND_MS);
    const fast = await app.put("/notes/a", "fast");
    const date = (await app.head("/notes/a")).headers.get("last-modified") ?? "";
    expect(Date.parse(date)).toBeGreaterThan(startedAt);
    advanceClock(10 * SECOND_MS);
    finishUpload();
    expect([fast.status, (await slow).status]).toEqual([201, 200]);
    const later = (await app.head("/notes/a")).headers.get("last-modified") ?? "";
    expect(Date.parse(later)).toBeGreaterThan(Date.parse(date));
    expect((await app.get("/notes/a", { "If-Modified-Since": date })).status).toBe(200);
    const over = await app.put("/notes/a", "over", { "If-Unmodified-Since": date });
    expect(over.status).toBe(412);
  });

  it("writes continue after the user's object was evicted, and beside a second app", async () => {
    const user = await createUser();
    const [first, second] = [await connectApp(user), await connectApp(user, "notes:rw")];
    await first.put("/notes/a", "1");
    await evictAllDurableObjects();
    const etag = (await second.get("/notes/a")).headers.get("etag") ?? "";
    expect((await second.put("/notes/a", "2", { "If-Match": etag })).status).toBe(200);
    expect((await first.put("/notes/a", "3", { "If-Match": etag })).status).toBe(412);
    await expectConsistent(first);
  });
});
