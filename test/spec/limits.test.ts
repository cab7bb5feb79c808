/** Too many requests: §5 (429), §14 (guessing, denial of service), and whom it leaves alone. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, freezeClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { accountId } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { unchanged } from "../support/storage";
import {
  connectApp,
  createUser,
  createUserWithApp,
  fragmentParameters,
  send,
  submitConsent,
  type TestApp,
} from "../support/provider";

/** One request a second for long, a hundred at once. */
const slowly = sendWithSettings({ REQUESTS_PER_SECOND: "1" });

const BURST = 100;

const as = (app: TestApp, headers: Record<string, string> = {}): RequestInit => ({
  headers: { Authorization: `Bearer ${app.token}`, "Content-Type": "text/plain", ...headers },
});

const list = (app: TestApp) => slowly(`/storage/${app.user}/`, as(app));

const retryAfter = (response: Response): number => Number(response.headers.get("retry-after"));

async function statusesOf(count: number, ask: () => Promise<Response>): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await ask()).status);
  return statuses;
}

const all = (count: number, status: number): number[] => Array<number>(count).fill(status);

describe("An app that asks too often", () => {
  it("§5.14 §14.4 gets 429 after a long burst, and is let in when Retry-After says", async () => {
    const app = await createUserWithApp();
    freezeClock();
    expect(await statusesOf(BURST, () => list(app))).toEqual(all(BURST, 200));
    const refused = await list(app);
    expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    expect(await refused.json()).toMatchObject({ error: "too-many-requests" });
    advanceClock(retryAfter(refused) * SECOND_MS);
    expect((await list(app)).status).toBe(200);
    expect((await list(app)).status).toBe(429);
  });

  it("§5.14 §7.1 is told so with CORS headers, and its write changes nothing", async () => {
    const app = await createUserWithApp();
    freezeClock();
    await statusesOf(BURST, () => list(app));
    await unchanged(app, async () => {
      const init = { ...as(app, { Origin: "https://app.example" }), method: "PUT", body: "x" };
      const refused = await slowly(`/storage/${app.user}/notes/a`, init);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("access-control-allow-origin")).toBe("https://app.example");
      expect(refused.headers.get("access-control-expose-headers")).toContain("Retry-After");
    });
  });

  it("has a long burst again after a pause", async () => {
    const app = await createUserWithApp();
    freezeClock();
    await statusesOf(BURST + 1, () => list(app));
    advanceClock(10 * MINUTE_MS);
    expect(await statusesOf(BURST, () => list(app))).toEqual(all(BURST, 200));
    expect((await list(app)).status).toBe(429);
  });

  it("does not get a fresh burst by a request that is a little late", async () => {
    const app = await createUserWithApp();
    freezeClock();
    await statusesOf(BURST, () => list(app));
    advanceClock(-15);
    expect((await list(app)).status).toBe(429);
    expect((await list(app)).status).toBe(429);
  });

  it("is not locked out when the clock is set back", async () => {
    const app = await createUserWithApp();
    advanceClock(60 * MINUTE_MS);
    await statusesOf(BURST, () => list(app));
    advanceClock(-60 * MINUTE_MS);
    expect((await list(app)).status).toBe(200);
  });

  it("does not take the turns of the same person's other app, nor of anybody else", async () => {
    const person = await createUser();
    const [loud, quiet] = [await connectApp(person), await connectApp(person, "notes:rw")];
    const other = await createUserWithApp();
    freezeClock();
    expect(await statusesOf(BURST + 1, () => list(loud))).toContain(429);
    expect((await slowly(`/storage/${quiet.user}/notes/`, as(quiet))).status).toBe(200);
    expect((await list(other)).status).toBe(200);
  });

  it("cannot do better with many tokens: the account has a limit too", async () => {
    const person = await createUser();
    const apps = [];
    while (apps.length < 3) apps.push(await connectApp(person));
    freezeClock();
    const statuses = [];
    for (const app of apps) statuses.push(...(await statusesOf(BURST, () => list(app))));
    expect(statuses).toEqual([...all(2 * BURST, 200), ...all(BURST, 429)]);
  });

  it("that was disconnected takes no turns from that person's other apps", async () => {
    const person = await createUser();
    const [gone, other] = [await connectApp(person), await connectApp(person, "notes:rw")];
    await env.DB.prepare("DELETE FROM grants WHERE account = ? AND scope = '*:rw'")
      .bind(await accountId(person.name))
      .run();
    freezeClock();
    const address = { "CF-Connecting-IP": "192.0.2.9" };
    const knock = () => slowly(`/storage/${person.name}/`, as(gone, address));
    expect(await statusesOf(51, knock)).toEqual(all(51, 401));
    expect((await knock()).status).toBe(429);
    const list = () => slowly(`/storage/${person.name}/notes/`, as(other));
    expect(await statusesOf(BURST, list)).toEqual(all(BURST, 200));
  });

  it("as remotestorage.js at its first sync, ten at a time, is never stopped", async () => {
    const app = await createUserWithApp();
    const statuses = await Promise.all(
      Array.from({ length: 10 }, () => statusesOf(60, () => app.head("/notes/"))),
    );
    expect(statuses.flat()).toEqual(all(600, 200));
  });
});

describe("A stranger who asks too often", () => {
  const from = (address: string, init: RequestInit = {}): RequestInit => ({
    headers: { "CF-Connecting-IP": address, ...init.headers },
  });

  it("§5.14 §14.4 gets 429 instead of 401, whatever tokens are tried; others do not", async () => {
    const { user } = await createUserWithApp();
    freezeClock();
    let tries = 0;
    const forge = (address: string) =>
      slowly(
        `/storage/${user}/`,
        from(address, { headers: { Authorization: `Bearer ${tries++}` } }),
      );
    expect(await statusesOf(50, () => forge("192.0.2.1"))).toEqual(all(50, 401));
    const refused = await forge("192.0.2.1");
    expect([refused.status, retryAfter(refused)]).toEqual([429, 2]);
    expect((await forge("192.0.2.2")).status).toBe(401);
    advanceClock(2 * SECOND_MS);
    expect((await forge("192.0.2.1")).status).toBe(401);
  });

  it("§5.14 is stopped at WebFinger and at the token endpoint as well", async () => {
    freezeClock();
    const finger = () =>
      slowly("/.well-known/webfinger?resource=acct:nobody@satchel.example", from("192.0.2.3"));
    expect(await statusesOf(50, finger)).toEqual(all(50, 404));
    expect((await finger()).status).toBe(429);
    const token = await slowly("/oauth/token", { method: "POST", ...from("192.0.2.3") });
    expect([token.status, retryAfter(token)]).toEqual([429, 2]);
    expect(token.headers.get("access-control-allow-origin")).toBe("*");
  });

  it("does not disturb an app behind the same address that has a token", async () => {
    const app = await createUserWithApp();
    const address = { "CF-Connecting-IP": "192.0.2.4" };
    freezeClock();
    await statusesOf(51, () => slowly(`/storage/${app.user}/`, from("192.0.2.4")));
    expect((await slowly(`/storage/${app.user}/`, from("192.0.2.4"))).status).toBe(429);
    expect((await slowly(`/storage/${app.user}/`, as(app, address))).status).toBe(200);
  });
});

describe("§14.3 Who guesses at public documents", () => {
  let addresses = 0;
  const freshAddress = () => `198.51.100.${++addresses}`;
  const guess = (user: string, name: string, headers: Record<string, string>) =>
    send(`/storage/${user}/public/${name}`, { headers });

  async function guessUntilBarred(user: string, headers: Record<string, string>) {
    const names = Array.from({ length: 60 }, (_, i) => `guess-${i}`);
    const statuses = [];
    for (const name of names) statuses.push((await guess(user, name, headers)).status);
    expect(statuses).toEqual(all(60, 404));
  }

  it("is not told any more what is there either, until Retry-After has passed", async () => {
    const app = await createUserWithApp();
    await app.put("/public/hard-to-guess", "secret");
    const headers = { "CF-Connecting-IP": freshAddress() };
    freezeClock();
    await guessUntilBarred(app.user, headers);
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

  it("gains nothing by asking for many at once", async () => {
    const app = await createUserWithApp();
    const headers = { "CF-Connecting-IP": freshAddress() };
    freezeClock();
    const guesses = Array.from({ length: 200 }, (_, i) => guess(app.user, `once-${i}`, headers));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 404)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(140);
  });

  it("gains nothing by a token for another module of the same person", async () => {
    const person = await createUser();
    const notes = await connectApp(person, "notes:r");
    const headers = {
      "CF-Connecting-IP": freshAddress(),
      Authorization: `Bearer ${notes.token}`,
    };
    freezeClock();
    await guessUntilBarred(person.name, headers);
    expect((await guess(person.name, "more", headers)).status).toBe(429);
  });

  it("is known by the address, or by the network of an IPv6 address, whoever is the target", async () => {
    const [first, second] = [await createUserWithApp(), await createUserWithApp()];
    await second.put("/public/a", "there");
    freezeClock();
    await guessUntilBarred(first.user, { "CF-Connecting-IP": "2001:db8:1:2::1" });
    const neighbour = { "CF-Connecting-IP": "2001:db8:1:2:ffff::9" };
    expect((await guess(second.user, "a", neighbour)).status).toBe(429);
    const stranger = { "CF-Connecting-IP": "2001:db8:1:3::1" };
    expect((await guess(second.user, "a", stranger)).status).toBe(200);
  });

  it("gains nothing by a token for an own account", async () => {
    const [target, own] = [await createUserWithApp(), await createUserWithApp()];
    const headers = {
      "CF-Connecting-IP": freshAddress(),
      Authorization: `Bearer ${own.token}`,
    };
    freezeClock();
    await guessUntilBarred(target.user, headers);
    expect((await guess(target.user, "more", headers)).status).toBe(429);
  });

  it("is not the owner's app, however often it asks for what is not there", async () => {
    const app = await createUserWithApp();
    freezeClock();
    const statuses = await statusesOf(100, () => app.get("/public/missing"));
    expect(statuses).toEqual(all(100, 404));
  });

  it("is nobody who reads what is there, however often", async () => {
    const app = await createUserWithApp();
    await app.put("/public/page", "read me");
    const headers = { "CF-Connecting-IP": freshAddress() };
    freezeClock();
    const statuses = await statusesOf(200, () => guess(app.user, "page", headers));
    expect(statuses).toEqual(all(200, 200));
  });
});

describe("The forms", () => {
  it("a consent still works while an app of that person has used up its turns", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    freezeClock();
    await statusesOf(BURST + 1, () => list(app));
    expect(
      fragmentParameters(await submitConsent(person, { scope: "photos:r" })).access_token,
    ).toBeTruthy();
  });
});
