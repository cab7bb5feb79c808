/** The quota endpoint: a JSON resource that WebFinger advertises. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/env";
import { indexBytesOf } from "../support/index-bytes";
import {
  connectApp,
  createUser,
  createUserWithApp,
  ORIGIN,
  send,
  type TestApp,
} from "../support/provider";
import { sendWithSettings } from "../support/send-with-settings";
import { expectUnchanged, setQuota } from "../support/storage";

/** Reads the quota at the URL that WebFinger advertises. */
async function quotaUrl(user: string): Promise<string> {
  const finger = await send(`/.well-known/webfinger?resource=acct:${user}@${new URL(ORIGIN).host}`);
  const { links } = (await finger.json()) as { links: { properties: Record<string, string> }[] };
  return links[0]?.properties["urn:x-satchel:quota"] ?? "";
}

const ask = async (app: TestApp, init: RequestInit = {}): Promise<Response> =>
  send(await quotaUrl(app.user), { headers: { Authorization: `Bearer ${app.token}` }, ...init });

const read = async (app: TestApp): Promise<unknown> => (await ask(app)).json();

describe("The quota resource", () => {
  it("says what may be stored, what is stored and what is left in bytes, and how many documents", async () => {
    const app = await createUserWithApp();
    const indexBytes = indexBytesOf(["/notes/a", "/photos/b/c"]);
    await setQuota(app, 5000);
    await app.put("/notes/a", "x".repeat(300));
    await app.put("/photos/b/c", "x".repeat(100));
    expect(await read(app)).toEqual({
      quotaBytes: 5000,
      usedBytes: 400 + indexBytes,
      indexBytes,
      availableBytes: 4600 - indexBytes,
      documents: 2,
    });
  });

  it("of an account without its own quota has the provider's default, with nothing used", async () => {
    const app = await createUserWithApp();
    const { DEFAULT_QUOTA_BYTES: quotaBytes } = parseSettings({});
    expect(await read(app)).toEqual({
      quotaBytes,
      usedBytes: 0,
      indexBytes: 0,
      availableBytes: quotaBytes,
      documents: 0,
    });
  });

  it("follows overwrites and deletions", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "12345");
    await app.put("/notes/a", "12");
    const indexBytes = indexBytesOf(["/notes/a"]);
    expect(await read(app)).toMatchObject({ usedBytes: 2 + indexBytes, indexBytes, documents: 1 });
    await app.delete("/notes/a");
    expect(await read(app)).toMatchObject({ usedBytes: 0, documents: 0 });
  });

  it("a PUT may have exactly the available bytes, with its row in the index", async () => {
    const app = await createUserWithApp();
    await setQuota(app, 5000);
    await app.put("/notes/a", "x".repeat(123));
    const left = (await read(app)) as { availableBytes: number };
    const rowOfB = indexBytesOf(["/notes/a", "/notes/b"]) - indexBytesOf(["/notes/a"]);
    const availableBytes = left.availableBytes - rowOfB;
    await expectUnchanged(app, async () => {
      const refused = await app.put("/notes/b", "x".repeat(availableBytes + 1));
      expect(refused.status).toBe(507);
    });
    expect((await app.put("/notes/b", "x".repeat(availableBytes))).status).toBe(201);
    expect(await read(app)).toMatchObject({ availableBytes: 0 });
  });

  it("has 0 available bytes if the quota was lowered below what is used", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "12345");
    await setQuota(app, 1);
    expect(await read(app)).toMatchObject({
      quotaBytes: 1,
      usedBytes: 5 + indexBytesOf(["/notes/a"]),
      availableBytes: 0,
    });
    expect((await app.put("/notes/a", "1234")).status).toBe(200);
  });

  it("can be read with any scope, as a write with any of them can exceed the quota", async () => {
    const app = await connectApp(await createUser(), "notes:r");
    expect((await ask(app)).status).toBe(200);
  });
});

describe("Others cannot read the quota", () => {
  it("without a token 401, with a forged one 401, with another user's 403", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    const url = await quotaUrl(app.user);
    const statusWith = async (token: string) =>
      (await send(url, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect((await send(url)).status).toBe(401);
    expect(await statusWith(`${app.token}x`)).toBe(401);
    expect(await statusWith(other.token)).toBe(403);
  });

  it("with the token of a disconnected app 401", async () => {
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

describe("The quota endpoint", () => {
  it("has CORS headers, also on refusals, and answers preflights", async () => {
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

  it("is read-only", async () => {
    const app = await createUserWithApp();
    const refused = await ask(app, { method: "PUT", body: "{}" });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });

  it("is on the storage host if that is another one", async () => {
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
