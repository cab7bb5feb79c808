/** How much room there is: the JSON resource that WebFinger names, and that it tells the truth. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/env";
import { sendWithSettings } from "../support/send-with-settings";
import { setQuota, unchanged } from "../support/storage";
import {
  connectApp,
  createUser,
  createUserWithApp,
  ORIGIN,
  send,
  type TestApp,
} from "../support/provider";

/** As an app finds it. */
async function quotaUrl(user: string): Promise<string> {
  const finger = await send(`/.well-known/webfinger?resource=acct:${user}@${new URL(ORIGIN).host}`);
  const { links } = (await finger.json()) as { links: { properties: Record<string, string> }[] };
  return links[0]?.properties["urn:x-satchel:quota"] ?? "";
}

const ask = async (app: TestApp, init: RequestInit = {}): Promise<Response> =>
  send(await quotaUrl(app.user), { headers: { Authorization: `Bearer ${app.token}` }, ...init });

const read = async (app: TestApp): Promise<unknown> => (await ask(app)).json();

describe("The quota resource", () => {
  it("says what may be stored, what is and what is left, in bytes, and how many documents", async () => {
    const app = await createUserWithApp();
    await setQuota(app, 1000);
    await app.put("/notes/a", "x".repeat(300));
    await app.put("/photos/b/c", "x".repeat(100));
    const expected = { quotaBytes: 1000, usedBytes: 400, availableBytes: 600, documents: 2 };
    expect(await read(app)).toEqual(expected);
  });

  it("without a quota of the account's own gives the provider's, with nothing used", async () => {
    const app = await createUserWithApp();
    const { DEFAULT_QUOTA_BYTES: quotaBytes } = readSettings({});
    const expected = { quotaBytes, usedBytes: 0, availableBytes: quotaBytes, documents: 0 };
    expect(await read(app)).toEqual(expected);
  });

  it("follows overwrites and deletions", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "12345");
    await app.put("/notes/a", "12");
    expect(await read(app)).toMatchObject({ usedBytes: 2, documents: 1 });
    await app.delete("/notes/a");
    expect(await read(app)).toMatchObject({ usedBytes: 0, documents: 0 });
  });

  it("what is available is just what a PUT may bring", async () => {
    const app = await createUserWithApp();
    await setQuota(app, 500);
    await app.put("/notes/a", "x".repeat(123));
    const { availableBytes } = (await read(app)) as { availableBytes: number };
    await unchanged(app, async () => {
      const refused = await app.put("/notes/b", "x".repeat(availableBytes + 1));
      expect(refused.status).toBe(507);
    });
    expect((await app.put("/notes/b", "x".repeat(availableBytes))).status).toBe(201);
    expect(await read(app)).toMatchObject({ availableBytes: 0 });
  });

  it("never says less than nothing, where a quota was lowered", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "12345");
    await setQuota(app, 1);
    expect(await read(app)).toMatchObject({ quotaBytes: 1, usedBytes: 5, availableBytes: 0 });
    expect((await app.put("/notes/a", "1234")).status).toBe(200);
  });

  it("can be read with any scope, for a write with any may be refused", async () => {
    const app = await connectApp(await createUser(), "notes:r");
    expect((await ask(app)).status).toBe(200);
  });
});

describe("Nobody else reads the quota", () => {
  it("without a token 401, with a forged one 401, with another person's 403", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    const url = await quotaUrl(app.user);
    const statusWith = async (token: string) =>
      (await send(url, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect((await send(url)).status).toBe(401);
    expect(await statusWith(`${app.token}x`)).toBe(401);
    expect(await statusWith(other.token)).toBe(403);
  });

  it("nor an app that was disconnected", async () => {
    const app = await createUserWithApp();
    await env.DB.prepare(
      "DELETE FROM grants WHERE account = (SELECT id FROM accounts WHERE name = ?)",
    )
      .bind(app.user)
      .run();
    const refused = await ask(app);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: "unauthorized" });
  });
});

describe("The door of the quota", () => {
  it("carries CORS headers, on refusals too, and answers preflights", async () => {
    const app = await createUserWithApp();
    const Origin = "https://app.example";
    const preflight = await ask(app, {
      method: "OPTIONS",
      headers: { Origin, "Access-Control-Request-Method": "GET" },
    });
    expect(preflight.status).toBe(204);
    for (const response of [preflight, await ask(app, { headers: { Origin } })]) {
      expect(response.headers.get("access-control-allow-origin")).toBe(Origin);
    }
  });

  it("can only be read", async () => {
    const app = await createUserWithApp();
    const refused = await ask(app, { method: "PUT", body: "{}" });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });

  it("is on the storage's host, where that is another", async () => {
    const app = await createUserWithApp();
    const elsewhere = sendWithSettings({
      ORIGIN: "https://satchel.example",
      STORAGE_ORIGIN: "https://storage.example",
    });
    const init = { headers: { Authorization: `Bearer ${app.token}` } };
    const there = await elsewhere(`https://storage.example/quota/${app.user}`, init);
    const here = await elsewhere(`https://satchel.example/quota/${app.user}`, init);
    expect([there.status, here.status]).toEqual([200, 421]);
  });
});
