/** Export and import: the pages, and the tokens with which their scripts read and write the storage. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { findElements, mainText } from "../support/html";
import {
  connectApp,
  createUser,
  ORIGIN,
  send,
  sendForm,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

const page = (path: string, { cookie }: TestUser, sendRequest = send): Promise<Response> =>
  sendRequest(path, { headers: { Cookie: cookie } });

const post = (path: string, fields: string[][], cookie: string): Promise<Response> =>
  send(`/transfer/token${path}`, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Cookie: cookie, Origin: ORIGIN, "Sec-Fetch-Site": "same-origin" },
  });

/** Gets a token as a page does, and uses it as an app. */
async function pageToken(
  user: TestUser,
  fields: string[][],
): Promise<{ id: string; storage: TestApp }> {
  const response = await post("", fields, user.cookie);
  expect(response.status).toBe(200);
  const { id, token } = (await response.json()) as { id: string; token: string };
  return { id, storage: new TestApp(user.name, token) };
}

const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status;

const activity = async (user: TestUser): Promise<string> =>
  mainText(await (await page("/activity", user)).text());

async function userWithDocuments(): Promise<TestUser> {
  const user = await createUser();
  const app = await connectApp(user);
  await app.put("/notes/a", "a");
  await app.put("/photos/b", "b");
  return user;
}

const EXPORT = [["purpose", "export"]];
const IMPORT = [["purpose", "import"]];

describe("The token of an export", () => {
  it("reads everything, and writes nothing", async () => {
    const user = await userWithDocuments();
    const { storage } = await pageToken(user, EXPORT);
    expect(await (await storage.get("/notes/a")).text()).toBe("a");
    expect(await statusOf(storage.get("/"))).toBe(200);
    expect(await statusOf(storage.put("/notes/c", "c"))).toBe(403);
    expect(await statusOf(storage.get("/notes/c"))).toBe(404);
  });

  it("reads only the modules that were chosen", async () => {
    const user = await userWithDocuments();
    const { storage } = await pageToken(user, [...EXPORT, ["module", "notes"]]);
    expect(await statusOf(storage.get("/notes/a"))).toBe(200);
    expect(await statusOf(storage.get("/public/notes/"))).toBe(200);
    expect(await statusOf(storage.get("/photos/b"))).toBe(403);
  });

  it("only reads, whatever the module is called", async () => {
    const user = await userWithDocuments();
    const { storage } = await pageToken(user, [...EXPORT, ["module", "notes:rw photos"]]);
    expect(await statusOf(storage.get("/photos/b"))).toBe(200);
    expect(await statusOf(storage.put("/notes/c", "c"))).toBe(403);
  });

  it("is in the activity log, and among the connected apps until it ends", async () => {
    const user = await userWithDocuments();
    const { id } = await pageToken(user, EXPORT);
    expect(await activity(user)).toContain("Data exported");
    const listed = async () => mainText(await (await page("/apps", user)).text());
    expect(await listed()).toContain("Export in the browser");
    expect((await post("/end", [["id", id]], user.cookie)).status).toBe(204);
    expect(await listed()).not.toContain("Export in the browser");
  });
});

describe("The token of an import", () => {
  it("writes, and is in the activity log", async () => {
    const user = await userWithDocuments();
    const { storage } = await pageToken(user, IMPORT);
    expect(await statusOf(storage.put("/new/c", "c"))).toBe(201);
    expect(await activity(user)).toContain("Data imported");
  });

  it("only reads while the import is a preview, which is no activity", async () => {
    const user = await userWithDocuments();
    const { storage } = await pageToken(user, [["purpose", "preview"]]);
    expect(await statusOf(storage.get("/notes/a"))).toBe(200);
    expect(await statusOf(storage.put("/notes/c", "c"))).toBe(403);
    expect(await activity(user)).not.toMatch(/imported|exported/);
  });
});

describe("The token of a page", () => {
  it("expires after five minutes, unless it is renewed", async () => {
    const user = await userWithDocuments();
    const { id, storage } = await pageToken(user, IMPORT);
    advanceClock(4 * MINUTE_MS);
    expect((await post("/renew", [["id", id]], user.cookie)).status).toBe(204);
    advanceClock(4 * MINUTE_MS);
    expect(await statusOf(storage.get("/notes/a"))).toBe(200);
    advanceClock(2 * MINUTE_MS);
    expect(await statusOf(storage.get("/notes/a"))).toBe(401);
    expect(await statusOf(storage.put("/notes/a", "changed"))).toBe(401);
  });

  it("that has expired, as in a computer that slept, is replaced by another", async () => {
    const user = await userWithDocuments();
    const { id, storage } = await pageToken(user, EXPORT);
    advanceClock(30 * MINUTE_MS);
    expect(await statusOf(storage.get("/notes/a"))).toBe(401);
    expect((await post("/renew", [["id", id]], "")).status).toBe(401);
    expect((await post("/renew", [["id", id]], user.cookie)).status).toBe(410);
    expect(await statusOf(storage.get("/notes/a"))).toBe(401);
    const { storage: other } = await pageToken(user, EXPORT);
    expect(await statusOf(other.get("/notes/a"))).toBe(200);
  });

  it("is not renewed when it was ended or disconnected", async () => {
    const user = await userWithDocuments();
    const [ended, disconnected] = [await pageToken(user, EXPORT), await pageToken(user, EXPORT)];
    await post("/end", [["id", ended.id]], user.cookie);
    await sendForm("/apps/disconnect-all", {}, { cookie: user.cookie });
    for (const { id, storage } of [ended, disconnected]) {
      expect((await post("/renew", [["id", id]], user.cookie)).status).toBe(404);
      expect(await statusOf(storage.get("/notes/a"))).toBe(401);
    }
  });

  it("is renewed and ended by its user only", async () => {
    const [user, other] = [await userWithDocuments(), await createUser()];
    const { id, storage } = await pageToken(user, EXPORT);
    const before = await allRows();
    expect((await post("/renew", [["id", id]], other.cookie)).status).toBe(404);
    expect((await post("/end", [["id", id]], other.cookie)).status).toBe(204);
    expect(await allRows()).toEqual(before);
    expect(await statusOf(storage.get("/notes/a"))).toBe(200);
  });

  it("is the only kind of token that is renewed and ended here", async () => {
    const user = await userWithDocuments();
    const grants = await env.DB.prepare("SELECT id FROM grants WHERE account = ?1")
      .bind(await accountId(user.name))
      .all<{ id: string }>();
    const before = await allRows();
    for (const { id } of grants.results) {
      expect((await post("/renew", [["id", id]], user.cookie)).status).toBe(404);
      expect((await post("/end", [["id", id]], user.cookie)).status).toBe(204);
    }
    expect(await allRows()).toEqual(before);
  });

  it.each([
    ["without a session", EXPORT, "", 401],
    ["for an unknown purpose", [["purpose", "more"]], null, 400],
  ])("is refused %s", async (_, fields, cookie, status) => {
    const user = await createUser();
    const before = await allRows();
    const response = await post("", fields, cookie ?? user.cookie);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      status,
      "application/json",
    ]);
    expect(await allRows()).toEqual(before);
  });

  it("is refused to an account with as many apps as it may have", async () => {
    const user = await createUser();
    await env.DB.prepare(
      `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at)
       WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)
       SELECT ?1, 'grant' || n, 'https://app.example', '', 'notes:r', 'implicit', 0 FROM numbers`,
    )
      .bind(await accountId(user.name))
      .run();
    const before = await allRows();
    const response = await post("", EXPORT, user.cookie);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: "too-many-apps" });
    expect(await allRows()).toEqual(before);
  });
});

describe("The pages", () => {
  it("lead from the data page to an export and an import", async () => {
    const user = await userWithDocuments();
    const links = async (path: string) =>
      findElements(await (await page(path, user)).text(), "a").map(({ href }) => href);
    expect(await links("/data")).toContain("/transfer");
    expect(await links("/transfer")).toEqual(
      expect.arrayContaining(["/transfer/export", "/transfer/import"]),
    );
  });

  it("offer the archives of the server without JavaScript", async () => {
    const user = await userWithDocuments();
    const html = await (await page("/transfer/export", user)).text();
    expect(findElements(html, "a").map(({ href }) => href)).toContain("/data/export");
  });

  it("name the modules that have documents, with how many there are", async () => {
    const user = await userWithDocuments();
    const html = await (await page("/transfer/export", user)).text();
    const modules = findElements(html, "input").filter(({ name }) => name === "module");
    expect(modules.map((box) => [box.value, box["data-documents"], box["data-bytes"]])).toEqual([
      ["notes", "1", "1"],
      ["photos", "1", "1"],
    ]);
  });

  it("say that there is nothing to export", async () => {
    const html = await (await page("/transfer/export", await createUser())).text();
    expect(mainText(html)).toContain("You have no documents yet.");
    expect(findElements(html, "button").map(({ type }) => type)).not.toContain("button");
  });

  it("§14 may connect to the storage on a host of its own, and no other page may", async () => {
    const user = await userWithDocuments();
    const sendWithHost = sendWithSettings({
      ORIGIN,
      STORAGE_ORIGIN: "https://storage.satchel.example",
    });
    const policyOf = async (path: string, sendRequest = send) =>
      (await page(path, user, sendRequest)).headers.get("content-security-policy");
    for (const path of ["/transfer/export", "/transfer/import"]) {
      expect(await policyOf(path, sendWithHost)).toContain(
        "connect-src 'self' https://storage.satchel.example;",
      );
      expect(await policyOf(path)).toContain("connect-src 'self';");
    }
    expect(await policyOf("/data", sendWithHost)).toContain("connect-src 'self';");
  });
});
