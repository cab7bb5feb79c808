/** The live endpoint, which is not of the draft: docs/live.md. */

import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createAdministrator, submitAction } from "../support/admin";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { breakCommits, withFault } from "../support/fault-injection";
import { LiveClient, livePath, requestLiveSession } from "../support/live";
import { appWithTokens, obtainTokens, parseTokens, refreshTokens } from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  connectAppByForm,
  createUser,
  createUserWithApp,
  fragmentParameters,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { openSocket, requestUpgrade } from "../support/rxdb/sockets";
import { waitUntil } from "../support/rxdb/wait";
import { hasUserOrigins, hosts, socketOrigin, socketsOf } from "../support/urls";

const OTHER_ORIGIN = "https://other.example";

const disconnectApp = (user: TestUser, app = APP_ORIGIN) =>
  sendForm(`/apps/disconnect?${new URLSearchParams({ app })}`, {}, { cookie: user.cookie });

async function connectOtherApp(user: TestUser, origin = OTHER_ORIGIN): Promise<TestApp> {
  const query = { scope: "*:rw", redirect_uri: `${origin}/` };
  const { access_token = "" } = fragmentParameters(await submitConsent(user, query));
  return new TestApp(user.name, access_token);
}

describe("A client that watches folders", () => {
  it("is told of each change below them, with the folder's new ETag", async () => {
    const app = await createUserWithApp("notes:rw");
    const client = await LiveClient.open(app);
    await client.watch("/notes/", "/notes/a/");
    await app.put("/notes/a/b", "1");
    await client.waitForVersionOf(app, "/notes/");
    await client.waitForVersionOf(app, "/notes/a/");
    await app.put("/notes/c", "2");
    await client.waitForVersionOf(app, "/notes/");
    expect(client.changes.at(-1)).toEqual({
      type: "changed",
      folders: [{ path: "/notes/", ETag: client.versions["/notes/"] }],
    });
    await app.delete("/notes/a/b");
    await client.waitForVersionOf(app, "/notes/");
    await client.waitForVersionOf(app, "/notes/a/");
  });

  it("is told of the documents if it wants to, with null for those that were deleted", async () => {
    const app = await createUserWithApp("notes:rw");
    const client = await LiveClient.open(app);
    await client.watch({ path: "/notes/", documents: true });
    const etag = (await app.put("/notes/a/ä b", "1")).headers.get("etag");
    await waitUntil(() => client.changes.length === 1);
    const [first] = client.changes;
    expect(first?.documents).toEqual([{ path: "/notes/a/ä b", ETag: etag?.slice(1, -1) }]);
    await app.delete("/notes/a/%C3%A4%20b");
    await waitUntil(() => client.changes.length === 2);
    expect(client.changes[1]?.documents).toEqual([{ path: "/notes/a/ä b", ETag: null }]);
  });

  it("gets few messages for many changes, and the last one has the final ETag", async () => {
    const app = await createUserWithApp("notes:rw");
    const client = await LiveClient.open(app);
    await client.watch({ path: "/notes/", documents: true });
    await Promise.all(Array.from({ length: 80 }, (_, i) => app.put(`/notes/${i}`, "x")));
    await client.waitForVersionOf(app, "/notes/");
    expect(client.changes.length).toBeLessThan(40);
    const paths = client.changes.flatMap(({ documents = [] }) => documents);
    const isIncomplete = client.changes.some(({ incomplete }) => incomplete);
    expect(isIncomplete || new Set(paths.map(({ path }) => path)).size === 80).toBe(true);
  });

  it("is told at once what differs from the ETags that it names, also when it reconnects", async () => {
    const app = await createUserWithApp("*:rw");
    await app.put("/notes/a", "1");
    await app.put("/todos/a", "1");
    const notes = (await app.version("/notes/"))?.slice(1, -1) as string;
    const client = await LiveClient.open(app);
    const todos = { path: "/todos/", ETag: "older" };
    const answer = await client.watch({ path: "/notes/", ETag: notes }, todos);
    const now = (await app.version("/todos/"))?.slice(1, -1);
    expect(answer).toEqual({
      type: "watching",
      paths: ["/notes/", "/todos/"],
      folders: [{ path: "/todos/", ETag: now }],
    });
    client.socket.close();
    await app.put("/notes/b", "2");
    const again = await LiveClient.open(app);
    const { folders } = await again.watch({ path: "/notes/", ETag: notes });
    expect(`"${folders?.[0]?.ETag}"`).toBe(await app.version("/notes/"));
  });

  it("has the ETag that a listing of an empty folder has", async () => {
    const app = await createUserWithApp("*:rw");
    const client = await LiveClient.open(app);
    expect((await client.watch("/nothing/")).folders).toEqual([
      { path: "/nothing/", ETag: "untouched" },
    ]);
    await app.put("/notes/a", "1");
    const root = (await app.version("/nothing/"))?.slice(1, -1);
    expect((await client.watch("/nothing/")).folders).toEqual([{ path: "/nothing/", ETag: root }]);
  });

  it("is told no more of folders that it no longer watches", async () => {
    const app = await createUserWithApp("*:rw");
    const client = await LiveClient.open(app);
    await client.watch("/notes/", "/todos/");
    client.send({ type: "unwatch", paths: ["/notes/"] });
    await app.put("/notes/a", "1");
    await app.put("/todos/a", "1");
    await waitUntil(() => client.changes.length > 0);
    const told = client.changes.flatMap(({ folders = [] }) => folders.map(({ path }) => path));
    expect(new Set(told)).toEqual(new Set(["/todos/"]));
  });

  it("goes on after the object has hibernated", async () => {
    const app = await createUserWithApp("notes:rw");
    const client = await LiveClient.open(app);
    await client.watch("/notes/");
    await evictDurableObject(env.USERS.getByName(app.user));
    await app.put("/notes/a", "1");
    await client.waitForVersionOf(app, "/notes/");
  });

  it("is told what has become of a write whose outcome was unknown", async () => {
    const app = await createUserWithApp("notes:rw");
    const client = await LiveClient.open(app);
    await client.watch("/notes/");
    const restore = breakCommits(["lost", "lost", "lost", "lost", "lost"]);
    const response = await app.put("/notes/a", "1").finally(restore);
    expect([201, 503]).toContain(response.status);
    await client.waitForVersionOf(app, "/notes/");
  });

  it("is told what has become of a write of which D1 does not answer at all", async () => {
    const app = await createUserWithApp("notes:rw");
    await app.put("/notes/a", "1");
    const { calls } = await withFault(null, () => app.put("/notes/a", "2"));
    const client = await LiveClient.open(app);
    await client.watch("/notes/");
    const at = calls.indexOf("DB.batch");
    const fault = { at, kind: "lost", takesEffect: true, isPermanent: true } as const;
    const { result } = await withFault(fault, () => app.put("/notes/a", "3"));
    expect([result.status, await result.json()]).toMatchObject([503, { error: "unknown-outcome" }]);
    await client.waitForVersionOf(app, "/notes/");
    expect(await (await app.get("/notes/a")).text()).toBe("3");
  });

  it("is told nothing of writes that were refused", async () => {
    const app = await createUserWithApp("notes:rw");
    await app.put("/notes/a", "1");
    const client = await LiveClient.open(app);
    await client.watch("/notes/");
    expect((await app.put("/notes/a", "2", { "If-None-Match": "*" })).status).toBe(412);
    expect((await app.delete("/notes/b")).status).toBe(404);
    await app.put("/notes/c", "3");
    await client.waitForVersionOf(app, "/notes/");
    expect(client.changes).toHaveLength(1);
  });
});

describe("Scopes", () => {
  it("let a client watch what it may read, and nothing else", async () => {
    const user = await createUser();
    const owner = await connectApp(user, "*:rw");
    const app = await connectApp(user, "notes:r");
    const client = await LiveClient.open(app);
    const answer = await client.watch("/notes/", "/", "/todos/", "/public/notes/", "/public/");
    expect(answer.paths).toEqual(["/notes/", "/public/notes/"]);
    const refusals = client.messages.filter(({ type }) => type === "refused");
    expect(refusals.map(({ path, code }) => [path, code])).toEqual(
      ["/", "/todos/", "/public/"].map((path) => [path, "insufficient-scope"]),
    );
    await owner.put("/todos/a", "1");
    await owner.put("/notes/a", "1");
    await waitUntil(() => client.changes.length > 0);
    expect(client.changes).toHaveLength(1);
    expect(JSON.stringify(client.changes)).not.toContain("todos");
  });

  it("that were narrowed end what is no longer covered", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw todos:rw");
    const client = await LiveClient.open(app);
    await client.watch("/notes/", "/todos/");
    const path = `/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`;
    const fields = { end: "keep", "level:notes": "r", "level:todos": "none" };
    expect((await sendForm(path, fields, { cookie: user.cookie })).status).toBe(303);
    await waitUntil(() => client.messages.some(({ type }) => type === "refused"));
    expect(client.messages.at(-1)).toMatchObject({ path: "/todos/", code: "insufficient-scope" });
    expect(client.closed).toBeNull();
  });
});

describe("An open socket", () => {
  it("is closed when the user disconnects the app, and no other app's", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    const other = await connectOtherApp(user);
    const client = await LiveClient.open(app);
    const others = await LiveClient.open(other);
    await disconnectApp(user);
    await waitUntil(() => client.closed !== null);
    expect(client.closed).toEqual({ code: 4401, reason: "unauthorized" });
    await others.watch("/notes/");
    expect(others.closed).toBeNull();
    expect((await requestLiveSession(app)).status).toBe(401);
  });

  it("is checked together with all others of the account: with as many calls for three apps as for one", async () => {
    const callsFor = async (origins: string[]): Promise<string[]> => {
      const user = await createUser();
      const app = await connectApp(user, "notes:rw");
      const others = await Promise.all(origins.map((origin) => connectOtherApp(user, origin)));
      const clients = await Promise.all(others.map((other) => LiveClient.open(other)));
      const disconnected = await LiveClient.open(app);
      const { calls } = await withFault(null, () => disconnectApp(user));
      await waitUntil(() => disconnected.closed !== null);
      expect(clients.map(({ closed }) => closed)).toEqual(origins.map(() => null));
      // Neither disconnecting nor checking calls `run`: that is a note of an earlier request, such as of its traffic.
      return calls.filter((call) => call !== "DB.run").sort();
    };
    const origins = ["one", "two", "three"].map((name) => `https://${name}.example`);
    expect(await callsFor(origins)).toEqual(await callsFor(origins.slice(0, 1)));
  });

  it("is closed if a message cannot be answered, so that its client opens another one", async () => {
    const app = await createUserWithApp("notes:rw");
    const client = await LiveClient.open(app);
    const closed = new Promise((resolve) => client.socket.addEventListener("close", resolve));
    await withFault({ at: 0, kind: "lost", isPermanent: true }, () => {
      client.send({ type: "watch", folders: [{ path: "/notes/" }] });
      return closed;
    });
    expect(client.closed).toEqual({ code: 4500, reason: "unavailable" });
    expect(client.messages).toMatchObject([{ type: "refused", code: "unavailable" }]);
    const again = await LiveClient.open(app);
    expect((await again.watch("/notes/")).paths).toEqual(["/notes/"]);
  });

  it("is closed while the account is suspended", async () => {
    const admin = await createAdministrator();
    const app = await createUserWithApp("notes:rw");
    const client = await LiveClient.open(app);
    await submitAction(admin, app.user, "suspend");
    await waitUntil(() => client.closed !== null);
    expect(client.closed?.code).toBe(4403);
    const refused = await LiveClient.open(app);
    await waitUntil(() => refused.closed !== null);
    expect(refused.closed?.code).toBe(4403);
  });

  it("is closed when the account is deleted", async () => {
    const user = await createUser();
    const client = await LiveClient.open(await connectApp(user));
    await sendForm("/settings/delete", { name: user.name }, { cookie: user.cookie });
    await waitUntil(() => client.closed !== null);
    expect(client.closed?.code).toBe(4401);
  });

  it.each<[string, Parameters<typeof breakCommits>[0]]>([
    ["a change", []],
    ["a change of which D1 has not told the outcome", ["lost", "lost", "lost", "lost", "lost"]],
  ])("is closed once its token has expired, and is not told of %s", async (_, faults) => {
    const user = await createUser();
    const client = await LiveClient.open(await connectAppByForm(user, "*:rw", { duration: "day" }));
    await client.watch("/notes/");
    const other = await connectOtherApp(user);
    advanceClock(DAY_MS);
    const restore = breakCommits(faults);
    const { status } = await other.put("/notes/a", "1").finally(restore);
    expect([201, 503]).toContain(status);
    await waitUntil(() => client.closed !== null);
    expect([client.closed?.code, client.changes]).toEqual([4401, []]);
  });

  it("is closed for its own token alone: another one of the grant expires later", async () => {
    const user = await createUser();
    const tokens = await obtainTokens(user);
    const expired = await LiveClient.open(appWithTokens(user, tokens));
    await connectOtherApp(user);
    advanceClock(40 * MINUTE_MS);
    const later = await parseTokens(await refreshTokens(tokens.refresh_token));
    advanceClock(40 * MINUTE_MS);
    const app = appWithTokens(user, later);
    const client = await LiveClient.open(app);
    await client.watch("/notes/");
    // This has all sockets of the account checked again.
    await disconnectApp(user, OTHER_ORIGIN);
    expect((await app.put("/notes/a", "1")).status).toBe(201);
    await client.waitForVersionOf(app, "/notes/");
    await waitUntil(() => expired.closed !== null);
    expect([expired.closed?.code, client.closed]).toEqual([4401, null]);
  });

  it("is closed after a long silence, when there is something to tell", async () => {
    const app = await createUserWithApp("notes:rw");
    const silent = await LiveClient.open(app);
    const alive = await LiveClient.open(app);
    await silent.watch("/notes/");
    await alive.watch("/notes/");
    advanceClock(3 * MINUTE_MS);
    alive.socket.send("ping");
    await app.put("/notes/a", "1");
    await waitUntil(() => silent.closed !== null);
    expect(silent.closed?.code).toBe(4408);
  });

  it.each([
    ["no JSON", "hello", 1008],
    ["another type", '{"type":"delete"}', 1008],
    ["a list of something else", '{"type":"watch","folders":[1]}', 1008],
    ["binary data", new Uint8Array([1]), 1008],
    ["too much", `{"type":"watch","folders":[],"x":"${"x".repeat(16 * 1024)}"}`, 1009],
  ])("is closed after a message that is %s", async (_, message, code) => {
    const client = await LiveClient.open(await createUserWithApp());
    client.socket.send(message);
    await waitUntil(() => client.closed !== null);
    expect(client.closed?.code).toBe(code);
  });

  it.each(["notes", "/notes", "/notes/a", "/a//b/", "/../", "", "/\ud800/"])(
    "does not watch %j",
    async (path) => {
      const client = await LiveClient.open(await createUserWithApp());
      expect((await client.watch(path)).paths).toEqual([]);
      expect(client.messages[0]).toMatchObject({ type: "refused", code: "malformed" });
    },
  );

  it("watches a bounded number of folders", async () => {
    const client = await LiveClient.open(await createUserWithApp());
    for (let round = 0; round < 30; round++) {
      await client.watch(
        ...Array.from({ length: 5 }, (_, i) => `/${round}-${i}-${"x".repeat(90)}/`),
      );
    }
    const codes = client.messages.filter(({ type }) => type === "refused").map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(["too-large"]));
    expect(client.closed).toBeNull();
  });
});

describe("The page of a folder", () => {
  const requestPageUrl = (folder: string, headers: Record<string, string>) =>
    sendForm(`/files${folder}?view=watch`, {}, headers);

  it("is told of changes for a minute, and then asks for another socket", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/notes/a", "1");
    const response = await requestPageUrl("/notes/", { cookie: user.cookie });
    expect([response.status, response.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const { url } = await response.json<{ url: string }>();
    const { pathname, search } = new URL(url);
    const client = await LiveClient.open(app, pathname + search);
    expect((await client.watch("/notes/", "/")).paths).toEqual(["/notes/", "/"]);
    await app.put("/notes/a", "2");
    await client.waitForVersionOf(app, "/notes/");
    const { length } = client.changes;
    advanceClock(MINUTE_MS);
    await app.put("/notes/a", "3");
    await waitUntil(() => client.closed !== null);
    expect([client.closed?.code, client.changes.length]).toEqual([4401, length]);
  });

  it("with a token that reads less than its app may is refused: a socket acts with the app's access", async () => {
    const user = await createUser();
    const { access_token, refresh_token } = await obtainTokens(user, "notes:rw work:r");
    const sessionStatus = async (token: string) =>
      (await requestLiveSession(new TestApp(user.name, token))).status;
    const narrowed = async (refresh: string, scope: string) =>
      parseTokens(await refreshTokens(refresh, { scope }));
    const reader = await narrowed(refresh_token, "notes:r work:r");
    const partial = await narrowed(reader.refresh_token, "notes:rw");
    expect(await sessionStatus(access_token)).toBe(201);
    expect(await sessionStatus(reader.access_token)).toBe(201);
    expect(await sessionStatus(partial.access_token)).toBe(403);
    const refused = await LiveClient.open(new TestApp(user.name, partial.access_token));
    await waitUntil(() => refused.closed !== null);
    expect(refused.closed?.reason).toBe("insufficient-scope");
  });

  it("has to show its session again when grants of the account have changed", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    const { url } = await (await requestPageUrl("/", { cookie: user.cookie })).json<{
      url: string;
    }>();
    const { pathname, search } = new URL(url);
    const client = await LiveClient.open(app, pathname + search);
    await client.watch("/");
    await disconnectApp(user);
    await waitUntil(() => client.closed !== null);
    expect(client.closed?.code).toBe(4401);
  });

  it("names the version that it shows, and may connect to the storage's host", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/notes/a", "1");
    const page = await send("/files/notes/", { headers: { Cookie: user.cookie } });
    const version = (await app.version("/notes/"))?.slice(1, -1);
    expect(await page.text()).toContain(`data-version="${version}"`);
    expect(page.headers.get("content-security-policy")).toContain(
      `connect-src 'self' ${socketsOf(hosts.namedOrigin(user.name))};`,
    );
  });

  it("of another site, or without a session, gets no socket", async () => {
    const user = await createUser();
    const other = await requestPageUrl("/", {
      cookie: user.cookie,
      Origin: "https://app.example",
    });
    expect(other.status).toBe(403);
    const anonymous = await requestPageUrl("/", {});
    expect([anonymous.status, anonymous.headers.get("location")]).toEqual([
      303,
      expect.stringContaining("/sign-in"),
    ]);
  });
});

describe("The live endpoint", () => {
  it("is named by WebFinger", async () => {
    const { user } = await createUserWithApp();
    const { host } = new URL((await send("/")).url || "https://satchel.example");
    const jrd = await send(`/.well-known/webfinger?resource=acct:${user}@${host}`);
    const { links } = await jrd.json<{ links: { properties?: Record<string, string> }[] }>();
    expect(links[0]?.properties?.["urn:x-satchel:live:1"]).toMatch(`/live/${user}`);
  });

  it("is named by the listings of folders, and by no other response", async () => {
    const app = await createUserWithApp("notes:rw");
    await app.put("/notes/a", "1");
    const listing = await app.get("/notes/");
    const link = `<${socketOrigin(app.user)}/live/${app.user}>; rel="urn:x-satchel:live:1"`;
    expect(listing.headers.get("link")).toBe(link);
    expect(listing.headers.get("access-control-expose-headers")?.split(",")).toContain("Link");
    expect((await app.head("/notes/empty/")).headers.get("link")).toBe(link);
    const etag = listing.headers.get("etag") ?? "";
    const known = await app.get("/notes/", { "If-None-Match": etag });
    expect([known.status, known.headers.get("link"), known.headers.get("etag")]).toEqual([
      304,
      null,
      etag,
    ]);
    expect((await app.get("/notes/a")).headers.get("link")).toBeNull();
  });

  it("opens a socket with a token in a header, in the query, or a one-time URL", async () => {
    const app = await createUserWithApp("notes:rw");
    const headers = { Authorization: `Bearer ${app.token}` };
    (await openSocket(`/live/${app.user}`, headers)).close();
    (await openSocket(livePath(app))).close();
    const response = await requestLiveSession(app);
    expect(response.status).toBe(201);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    const { url } = await response.json<{ url: string }>();
    const { pathname, search, protocol } = new URL(url);
    expect(protocol).toMatch(/^wss?:$/);
    const client = await LiveClient.open(app, pathname + search);
    await client.watch("/notes/");
    const again = await LiveClient.open(app, pathname + search);
    await waitUntil(() => again.closed !== null);
    expect(again.closed?.code).toBe(4401);
  });

  it("opens a socket with a one-time URL, although another app opens many of them meanwhile", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    const other = await connectOtherApp(user);
    const { url } = await (await requestLiveSession(app)).json<{ url: string }>();
    for (let i = 0; i < 120; i++) expect((await requestLiveSession(other)).status).toBe(201);
    const { pathname, search } = new URL(url);
    const client = await LiveClient.open(app, pathname + search);
    await client.watch("/notes/");
  });

  it("does not accept a one-time URL after a minute", async () => {
    const app = await createUserWithApp("notes:rw");
    const { url } = await (await requestLiveSession(app)).json<{ url: string }>();
    advanceClock(MINUTE_MS);
    const { pathname, search } = new URL(url);
    const client = await LiveClient.open(app, pathname + search);
    await waitUntil(() => client.closed !== null);
    expect(client.closed?.code).toBe(4401);
  });

  it.each([
    ["without a token", (user: string) => `/live/${user}`, 401],
    ["with a token that is none", (user: string) => `/live/${user}?access_token=x`, 401],
    ["of nobody", () => "/live/nobody-at-all?session=x", 101],
    // Where each user has a host, there is none for it.
    ["of no valid name", () => "/live/No?session=x", hasUserOrigins ? 421 : 401],
  ])("refuses a socket %s", async (_, path, status) => {
    const { user } = await createUserWithApp();
    expect((await requestUpgrade(path(user))).status).toBe(status);
  });

  it("refuses the token of another user", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    const headers = { Authorization: `Bearer ${app.token}` };
    expect((await requestUpgrade(`/live/${other.user}`, headers)).status).toBe(403);
  });

  it("answers 426 to what is no WebSocket, and 405 to other methods", async () => {
    const { user } = await createUserWithApp();
    expect((await send(`/live/${user}`)).status).toBe(426);
    expect((await send(`/live/${user}`, { method: "PUT" })).status).toBe(405);
    expect((await send(`/live/${user}/session`)).status).toBe(405);
    expect((await send("/live/")).status).toBe(404);
  });
});
