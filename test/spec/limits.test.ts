/** Rate limits: §5 (429), §14 (guessing, denial of service), and what they must not affect. */

import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { Env } from "../../src/env";
import {
  limitAnonymousRequests,
  limitApp,
  limitFolders,
  recordMiss,
} from "../../src/http/rate-limits";
import { advanceClock, freezeClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import {
  connectApp,
  createUser,
  createUserWithApp,
  fragmentParameters,
  incomingRequest,
  send,
  submitConsent,
  type TestApp,
} from "../support/provider";
import { accountId } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";
import { expectUnchanged } from "../support/storage";

/** A sustained rate of one request a second, with a burst of a hundred. */
const LIMITED = { REQUESTS_PER_SECOND: "1" };

const sendLimited = sendWithSettings(LIMITED);

const BURST = 100;

/** Folders above a document: beyond the free ones, forty-four such writes are within the limit of an app. */
const DEPTH = 64;

const withTokenOf = (app: TestApp, headers: Record<string, string> = {}): RequestInit => ({
  headers: { Authorization: `Bearer ${app.token}`, "Content-Type": "text/plain", ...headers },
});

const list = (app: TestApp) => sendLimited(`/storage/${app.user}/`, withTokenOf(app));

/** Counts requests of the app, as if it had sent them; they must be within its limit. */
function spend(app: TestApp, requests: number): void {
  expect(limitApp({ ...env, ...LIMITED }, app.claims, Date.now(), requests)).toBeNull();
}

const retryAfter = (response: Response): number => Number(response.headers.get("retry-after"));

async function repeat(count: number, request: () => Promise<Response>): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await request()).status);
  return statuses;
}

const times = (count: number, status: number): number[] => Array<number>(count).fill(status);

describe("An app with too many requests", () => {
  it("§5.14 §14.4 gets 429 after a long burst, and is served again after Retry-After", async () => {
    const app = await createUserWithApp();
    freezeClock();
    expect(await repeat(BURST, () => list(app))).toEqual(times(BURST, 200));
    const refused = await list(app);
    expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    expect(await refused.json()).toMatchObject({ error: "too-many-requests" });
    advanceClock(retryAfter(refused) * SECOND_MS);
    expect((await list(app)).status).toBe(200);
    expect((await list(app)).status).toBe(429);
  });

  it("§14.4 gets 429 for many writes below dozens of folders, and then still for no others", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    const other = await connectApp(user, "*:rw");
    freezeClock();
    const folder = `/storage/${app.user}/notes/${"a/".repeat(DEPTH - 2)}`;
    const putBy = (app: TestApp, path: string) =>
      send(path, { ...withTokenOf(app), method: "PUT", body: "x" });
    const put = (path: string) => putBy(app, path);
    for (let writes = 0; writes < 40; writes++) {
      expect(limitFolders(app.claims, DEPTH, Date.now())).toBeNull();
    }
    const statuses = await repeat(10, () => put(`${folder}${crypto.randomUUID()}`));
    expect(statuses.indexOf(429)).toBeGreaterThan(0);
    await expectUnchanged(app, async () => {
      const refused = await put(`${folder}refused`);
      expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    });
    expect((await put(`/storage/${app.user}/notes/a/b/c/d/e/f`)).status).toBe(201);
    expect((await putBy(other, `${folder}other`)).status).toBe(201);
    advanceClock(SECOND_MS);
    expect((await put(`${folder}refused`)).status).toBe(201);
  });

  it("§5.14 §7.1 gets the 429 with CORS headers, and its write changes nothing", async () => {
    const app = await createUserWithApp();
    freezeClock();
    spend(app, BURST);
    await expectUnchanged(app, async () => {
      const init = {
        ...withTokenOf(app, { Origin: "https://app.example" }),
        method: "PUT",
        body: "x",
      };
      const refused = await sendLimited(`/storage/${app.user}/notes/a`, init);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("access-control-allow-origin")).toBe("https://app.example");
      expect(refused.headers.get("access-control-expose-headers")).toContain("Retry-After");
    });
  });

  it("has a long burst again after a pause", async () => {
    const app = await createUserWithApp();
    freezeClock();
    spend(app, BURST);
    expect((await list(app)).status).toBe(429);
    advanceClock(10 * MINUTE_MS);
    spend(app, BURST - 1);
    expect((await list(app)).status).toBe(200);
    expect((await list(app)).status).toBe(429);
  });

  it("stays limited, however many addresses send requests meanwhile", async () => {
    const app = await createUserWithApp();
    freezeClock();
    spend(app, BURST);
    const anonymous = new Hono<{ Bindings: Env }>()
      .use(limitAnonymousRequests)
      .get("/", (c) => c.body(null, 204));
    for (let i = 0; i <= 20_000; i++) {
      const address = `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`;
      const request = incomingRequest("/", { headers: { "CF-Connecting-IP": address } });
      await anonymous.fetch(request, env);
    }
    expect((await list(app)).status).toBe(429);
  });

  it("does not get a new burst from a request with a slightly earlier time", async () => {
    const app = await createUserWithApp();
    freezeClock();
    spend(app, BURST);
    advanceClock(-15);
    expect((await list(app)).status).toBe(429);
    expect((await list(app)).status).toBe(429);
  });

  it("is not locked out when the clock is set back", async () => {
    const app = await createUserWithApp();
    advanceClock(60 * MINUTE_MS);
    spend(app, BURST);
    advanceClock(-60 * MINUTE_MS);
    expect((await list(app)).status).toBe(200);
  });

  it("does not affect other apps of the user, or other users", async () => {
    const user = await createUser();
    const [loud, quiet] = [await connectApp(user), await connectApp(user, "notes:rw")];
    const other = await createUserWithApp();
    freezeClock();
    spend(loud, BURST);
    expect((await list(loud)).status).toBe(429);
    expect((await sendLimited(`/storage/${quiet.user}/notes/`, withTokenOf(quiet))).status).toBe(
      200,
    );
    expect((await list(other)).status).toBe(200);
  });

  it("cannot evade the limit with many tokens: the account has one too", async () => {
    const user = await createUser();
    const apps = [];
    while (apps.length < 3) apps.push(await connectApp(user));
    freezeClock();
    const statuses = [];
    for (const [index, app] of apps.entries()) {
      if (index < 2) spend(app, BURST - 1);
      statuses.push((await list(app)).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  it("does not affect other apps of the user after it is disconnected", async () => {
    const user = await createUser();
    const [disconnected, other] = [await connectApp(user), await connectApp(user, "notes:rw")];
    await env.DB.prepare("DELETE FROM grants WHERE account = ? AND scope = '*:rw'")
      .bind(await accountId(user.name))
      .run();
    freezeClock();
    const address = { "CF-Connecting-IP": "192.0.2.9" };
    const request = () => sendLimited(`/storage/${user.name}/`, withTokenOf(disconnected, address));
    expect(await repeat(51, request)).toEqual(times(51, 401));
    expect((await request()).status).toBe(429);
    spend(other, BURST - 1);
    const list = await sendLimited(`/storage/${user.name}/notes/`, withTokenOf(other));
    expect(list.status).toBe(200);
  });

  it("is never limited during a first sync of remotestorage.js, ten requests at a time", async () => {
    const app = await createUserWithApp();
    const statuses = await Promise.all(
      Array.from({ length: 10 }, () => repeat(15, () => app.head("/notes/"))),
    );
    expect(statuses.flat()).toEqual(times(150, 200));
  });
});

describe("An anonymous client with too many requests", () => {
  const from = (address: string, init: RequestInit = {}): RequestInit => ({
    headers: { "CF-Connecting-IP": address, ...init.headers },
  });

  it("§5.14 §14.4 gets 429 instead of 401 whatever token it tries; other addresses do not", async () => {
    const { user } = await createUserWithApp();
    freezeClock();
    let attempts = 0;
    const tryToken = (address: string) =>
      sendLimited(
        `/storage/${user}/`,
        from(address, { headers: { Authorization: `Bearer ${attempts++}` } }),
      );
    expect(await repeat(50, () => tryToken("192.0.2.1"))).toEqual(times(50, 401));
    const refused = await tryToken("192.0.2.1");
    expect([refused.status, retryAfter(refused)]).toEqual([429, 2]);
    expect((await tryToken("192.0.2.2")).status).toBe(401);
    advanceClock(2 * SECOND_MS);
    expect((await tryToken("192.0.2.1")).status).toBe(401);
  });

  it("§5.14 is also limited at WebFinger and the token endpoint", async () => {
    freezeClock();
    const webfinger = () =>
      sendLimited("/.well-known/webfinger?resource=acct:nobody@satchel.example", from("192.0.2.3"));
    expect(await repeat(50, webfinger)).toEqual(times(50, 404));
    expect((await webfinger()).status).toBe(429);
    const token = await sendLimited("/oauth/token", { method: "POST", ...from("192.0.2.3") });
    expect([token.status, retryAfter(token)]).toEqual([429, 2]);
    expect(token.headers.get("access-control-allow-origin")).toBe("*");
  });

  it("does not affect an app with a token at the same address", async () => {
    const app = await createUserWithApp();
    const address = { "CF-Connecting-IP": "192.0.2.4" };
    freezeClock();
    await repeat(51, () => sendLimited(`/storage/${app.user}/`, from("192.0.2.4")));
    expect((await sendLimited(`/storage/${app.user}/`, from("192.0.2.4"))).status).toBe(429);
    expect((await sendLimited(`/storage/${app.user}/`, withTokenOf(app, address))).status).toBe(
      200,
    );
  });
});

describe("Clients behind a proxy", () => {
  const askBehind = (send: Send, forwarded: string) =>
    send("/storage/nobody/notes/", { headers: { "X-Forwarded-For": forwarded } });

  it("§5.14 have a limit each if it is trusted, whatever they send themselves", async () => {
    const sendTrusting = sendWithSettings({ ...LIMITED, TRUST_PROXY: "yes" });
    freezeClock();
    const forged = Array.from({ length: 51 }, (_, i) => `192.0.2.${i}, 203.0.113.11`);
    const statuses = [];
    for (const value of forged) statuses.push((await askBehind(sendTrusting, value)).status);
    expect(statuses).toEqual([...times(50, 401), 429]);
    expect((await askBehind(sendTrusting, "203.0.113.12")).status).toBe(401);
    // The /64 that one subscriber has.
    await repeat(50, () => askBehind(sendTrusting, "2001:db8:5:5::1"));
    expect((await askBehind(sendTrusting, "2001:db8:5:5::2")).status).toBe(429);
    expect((await askBehind(sendTrusting, "2001:db8:5:6::2")).status).toBe(401);
  });

  it("cannot get another limit with the header that the proxy does not set", async () => {
    const sendTrusting = sendWithSettings({ ...LIMITED, TRUST_PROXY: "yes" });
    freezeClock();
    let forged = 0;
    const ask = () =>
      sendTrusting("/storage/nobody/notes/", {
        headers: { Forwarded: `for=192.0.2.${forged++}`, "X-Forwarded-For": "203.0.113.21" },
      });
    expect((await repeat(51, ask)).at(-1)).toBe(429);
  });

  it("share one if it is not: the header could be anybody's", async () => {
    const sendUntrusting = sendWithSettings(LIMITED);
    freezeClock();
    let address = 0;
    const ask = () => askBehind(sendUntrusting, `203.0.113.${address++}`);
    expect((await repeat(51, ask)).at(-1)).toBe(429);
  });
});

describe("§14.3 A client that guesses public documents", () => {
  let usedAddresses = 0;
  const uniqueAddress = () => `198.51.100.${++usedAddresses}`;
  const guess = (user: string, name: string, headers: Record<string, string>) =>
    send(`/storage/${user}/public/${name}`, { headers });

  /** Misses that an address may have before it is blocked. */
  const MISSES = 60;

  /** Counts misses, as if the client had guessed names; they must be within its limit. */
  async function guessUntilBlocked(user: string, headers: Record<string, string>, count = MISSES) {
    const misses = new Hono<{ Bindings: Env }>().get("/", (c) =>
      c.body(null, recordMiss(c, user, Date.now()) === null ? 204 : 429),
    );
    const miss = async () => misses.fetch(incomingRequest("/", { headers }), env);
    expect(await repeat(count, miss)).toEqual(times(count, 204));
  }

  it("gets 429 for existing documents too, until Retry-After has passed", async () => {
    const app = await createUserWithApp();
    await app.put("/public/hard-to-guess", "secret");
    const headers = { "CF-Connecting-IP": uniqueAddress() };
    freezeClock();
    const misses = await repeat(MISSES, () => guess(app.user, crypto.randomUUID(), headers));
    expect(misses).toEqual(times(MISSES, 404));
    const miss = await guess(app.user, "guess-60", headers);
    const hit = await guess(app.user, "hard-to-guess", headers);
    expect([miss.status, hit.status]).toEqual([429, 429]);
    expect(await hit.text()).not.toContain("secret");
    expect(retryAfter(hit)).toBe(2);
    advanceClock(retryAfter(hit) * SECOND_MS);
    expect((await guess(app.user, "hard-to-guess", headers)).status).toBe(200);
    expect((await guess(app.user, "guess-61", headers)).status).toBe(404);
    expect((await guess(app.user, "guess-62", headers)).status).toBe(429);
  });

  it("gains nothing with concurrent requests", async () => {
    const app = await createUserWithApp();
    const headers = { "CF-Connecting-IP": uniqueAddress() };
    freezeClock();
    const guesses = Array.from({ length: 80 }, (_, i) => guess(app.user, `once-${i}`, headers));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 404)).toHaveLength(MISSES);
    expect(statuses.filter((status) => status === 429)).toHaveLength(80 - MISSES);
  });

  it("gains nothing with a token for another module of the user", async () => {
    const user = await createUser();
    const notes = await connectApp(user, "notes:r");
    const headers = {
      "CF-Connecting-IP": uniqueAddress(),
      Authorization: `Bearer ${notes.token}`,
    };
    freezeClock();
    await guessUntilBlocked(user.name, headers);
    expect((await guess(user.name, "more", headers)).status).toBe(429);
  });

  it("is identified by its address, or the /64 of its IPv6 address", async () => {
    const app = await createUserWithApp();
    await app.put("/public/a", "there");
    freezeClock();
    await guessUntilBlocked(app.user, { "CF-Connecting-IP": "2001:db8:1:2::1" });
    const neighbour = { "CF-Connecting-IP": "2001:db8:1:2:ffff::9" };
    expect((await guess(app.user, "a", neighbour)).status).toBe(429);
    const otherNetwork = { "CF-Connecting-IP": "2001:db8:1:3::1" };
    expect((await guess(app.user, "a", otherNetwork)).status).toBe(200);
  });

  it("can still read the public documents of other users", async () => {
    const [first, second] = [await createUserWithApp(), await createUserWithApp()];
    await second.put("/public/a", "there");
    const headers = { "CF-Connecting-IP": uniqueAddress() };
    freezeClock();
    await guessUntilBlocked(first.user, headers);
    expect((await guess(first.user, "a", headers)).status).toBe(429);
    expect((await guess(second.user, "a", headers)).status).toBe(200);
    expect((await guess(second.user, "b", headers)).status).toBe(404);
  });

  it("can still read what it found before, also after it was changed, and ask for what it missed", async () => {
    const app = await createUserWithApp();
    await app.put("/public/page", "the wiki");
    await app.put("/public/other", "secret");
    const headers = { "CF-Connecting-IP": uniqueAddress() };
    freezeClock();
    expect((await guess(app.user, "page", headers)).status).toBe(200);
    expect((await guess(app.user, "guess-7", headers)).status).toBe(404);
    await guessUntilBlocked(app.user, headers, MISSES - 1);
    expect(await repeat(3, () => guess(app.user, "guess-7", headers))).toEqual(times(3, 404));
    await app.put("/public/page", "the wiki, changed");
    expect(await (await guess(app.user, "%70age", headers)).text()).toBe("the wiki, changed");
    for (const name of ["other", "guess-60"]) {
      expect((await guess(app.user, name, headers)).status).toBe(429);
    }
    const neighbour = { "CF-Connecting-IP": uniqueAddress() };
    await guessUntilBlocked(app.user, neighbour);
    expect((await guess(app.user, "page", neighbour)).status).toBe(429);
  });

  it("is not a page with a picture that is missing, however often it is opened", async () => {
    const app = await createUserWithApp();
    const headers = { "CF-Connecting-IP": uniqueAddress() };
    freezeClock();
    const missing = () => guess(app.user, "missing.png", headers);
    expect(await repeat(MISSES + 1, missing)).toEqual(times(MISSES + 1, 404));
  });

  it("gains nothing with a token for an account of its own", async () => {
    const [target, own] = [await createUserWithApp(), await createUserWithApp()];
    const headers = {
      "CF-Connecting-IP": uniqueAddress(),
      Authorization: `Bearer ${own.token}`,
    };
    freezeClock();
    await guessUntilBlocked(target.user, headers);
    expect((await guess(target.user, "more", headers)).status).toBe(429);
  });

  it("is not an app of the user, however many misses it has", async () => {
    const app = await createUserWithApp();
    freezeClock();
    const statuses = await repeat(MISSES + 1, () => app.get("/public/missing"));
    expect(statuses).toEqual(times(MISSES + 1, 404));
  });

  it("is not one that reads existing documents, however often", async () => {
    const app = await createUserWithApp();
    await app.put("/public/page", "read me");
    const headers = { "CF-Connecting-IP": uniqueAddress() };
    freezeClock();
    const statuses = await repeat(MISSES + 1, () => guess(app.user, "page", headers));
    expect(statuses).toEqual(times(MISSES + 1, 200));
  });
});

describe("Forms", () => {
  it("consent still works while an app of the user is limited", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    freezeClock();
    spend(app, BURST);
    expect((await list(app)).status).toBe(429);
    expect(
      fragmentParameters(await submitConsent(user, { scope: "photos:r" })).access_token,
    ).toBeTruthy();
  });
});
