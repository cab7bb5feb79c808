/** §4: descriptions of folders with more items than one page of the index. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { fillFolder } from "../../bench/cost/fill-folder";
import { startMeter } from "../../bench/cost/meter";
import { ITEMS_PER_PAGE } from "../../src/storage/db/nodes";
import { breakCalls } from "../support/fault-injection";
import { createUserWithApp, type ListedItem, type TestApp } from "../support/provider";
import { accountId } from "../support/rows";
import { headersOf, requestWithEnv, uniqueFolder } from "../support/storage";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

/** A folder with so many documents. */
async function createFolder(documents: number): Promise<string> {
  const folder = uniqueFolder();
  await fillFolder(env.DB, await accountId(app.user), folder, documents);
  return folder;
}

/** Calls to D1 while an action runs. */
async function countTrips(action: () => Promise<unknown>): Promise<number> {
  const meter = startMeter(env as never);
  try {
    await action();
  } finally {
    meter.stop();
  }
  return meter.counts.trips;
}

const listText = async (folder: string): Promise<string> => (await app.get(folder)).text();

describe("A folder of any size", () => {
  it.each([ITEMS_PER_PAGE - 1, ITEMS_PER_PAGE, ITEMS_PER_PAGE + 1, 2 * ITEMS_PER_PAGE, 3456])(
    "§4.12 of %i documents is described completely, each of them once",
    async (documents) => {
      const folder = await createFolder(documents);
      await app.put(`${folder}z/deep`, "x");
      const text = await listText(folder);
      const { items } = JSON.parse(text) as { items: Record<string, ListedItem> };
      const names = Object.keys(items);
      expect(names).toHaveLength(documents + 1);
      expect(text.match(/"ETag":/g)).toHaveLength(documents + 1);
      expect(names).toEqual([...names].sort());
      expect(items["z/"]).toEqual({ ETag: expect.any(String) });
    },
  );

  it("§4.13 has the same headers for GET and HEAD, and a 304 for its version", async () => {
    const folder = await createFolder(ITEMS_PER_PAGE + 1);
    const [get, head] = [await app.get(folder), await app.head(folder)];
    expect(headersOf(head)).toEqual(headersOf(get));
    expect(get.headers.get("content-type")).toBe("application/ld+json");
    await get.text();
    const headers = { "If-None-Match": get.headers.get("etag") ?? "" };
    expect((await app.get(folder, headers)).status).toBe(304);
    await app.put(`${folder}new`, "x");
    expect((await app.get(folder, headers)).status).toBe(200);
  });

  it("costs one round trip if it fits in a page, and for HEAD and 304 always", async () => {
    const small = await createFolder(ITEMS_PER_PAGE - 1);
    const large = await createFolder(4 * ITEMS_PER_PAGE - 1);
    const etag = (await app.head(large)).headers.get("etag") ?? "";
    expect(await countTrips(() => listText(small))).toBe(1);
    expect(await countTrips(() => listText(large))).toBe(4);
    expect(await countTrips(() => app.head(large))).toBe(1);
    expect(await countTrips(() => app.get(large, { "If-None-Match": etag }))).toBe(1);
  });

  it("is read no faster than it is fetched: one that stops has two more pages read, however many there are", async () => {
    const folder = await createFolder(10 * ITEMS_PER_PAGE);
    const trips = await countTrips(async () => {
      const { body } = await requestWithEnv({}, app, "GET", folder);
      const reader = (body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      expect(value?.byteLength).toBeGreaterThan(100);
      await reader.cancel();
    });
    expect(trips).toBeLessThanOrEqual(3);
  });
});

describe("A description that cannot be completed", () => {
  /** The first page is answered, the others are not. */
  const breakLaterPages = () =>
    onTestFinished(breakCalls(env.DB, "batch", [undefined, ...Array(9).fill("refused")]));

  it("breaks, and is never valid JSON", async () => {
    const folder = await createFolder(2 * ITEMS_PER_PAGE);
    breakLaterPages();
    const response = await requestWithEnv({}, app, "GET", folder);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow("Network connection lost.");
  });

  it("breaks if the app is disconnected meanwhile, without a later item", async () => {
    const other = await createUserWithApp();
    const account = await accountId(other.user);
    await fillFolder(env.DB, account, "/notes/", 3 * ITEMS_PER_PAGE);
    const { body } = await requestWithEnv({}, other, "GET", "/notes/");
    await env.DB.prepare("DELETE FROM grants WHERE account = ?").bind(account).run();
    await expect(new Response(body).text()).rejects.toThrow("unauthorized");
  });
});

describe("A folder that changes while it is sent", () => {
  it("has another version by then, so that the next request gets what was missed", async () => {
    const folder = await createFolder(3 * ITEMS_PER_PAGE);
    const response = await requestWithEnv({}, app, "GET", folder);
    await app.put(`${folder}a`, "before what was read");
    await app.put(`${folder}z`, "after it");
    const { items } = (await response.json()) as { items: Record<string, ListedItem> };
    expect(Object.keys(items).length).toBeGreaterThanOrEqual(3 * ITEMS_PER_PAGE);
    const headers = { "If-None-Match": response.headers.get("etag") ?? "" };
    const next = await app.get(folder, headers);
    expect(next.status).toBe(200);
    expect(Object.keys(((await next.json()) as { items: object }).items)).toEqual(
      expect.arrayContaining(["a", "z"]),
    );
  });
});
