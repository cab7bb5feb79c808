/** Rate limits against guessing passwords and flooding forms. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, freezeClock, SECOND_MS } from "../support/clock";
import { mainText } from "../support/html";
import {
  connectApp,
  createUser,
  ORIGIN,
  PASSWORD,
  send,
  sendForm,
  uniqueUserName,
} from "../support/provider";
import { allRows } from "../support/rows";

const addresses = new Map<string, number>();

/** The client address for attempts with this name; no other test uses up its limit. */
const addressFor = (name: string): string => {
  if (!addresses.has(name)) addresses.set(name, addresses.size + 1);
  return `203.0.113.${addresses.get(name)}`;
};

const signIn = (name: string, password: string, address = addressFor(name)): Promise<Response> =>
  sendForm("/sign-in", { name, password }, { "CF-Connecting-IP": address });

const signInWrongly = (name: string): Promise<Response> => signIn(name, "wrong password");

const retryAfter = (response: Response): number => Number(response.headers.get("retry-after"));

/** Sends wrong passwords until the next one is delayed. The clock stands still from then on. */
async function useUpFreeAttempts(name: string): Promise<void> {
  freezeClock();
  for (let i = 0; i < 4; i++) expect((await signInWrongly(name)).status).toBe(403);
}

describe("After too many wrong passwords", () => {
  it("even the right password is refused until Retry-After has passed", async () => {
    const { name } = await createUser();
    await useUpFreeAttempts(name);
    const before = await allRows();
    const refused = await signIn(name, PASSWORD);
    expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    expect(refused.headers.get("set-cookie")).toBeNull();
    expect(mainText(await refused.text())).toContain("Try again in 1 second");
    expect(await allRows()).toEqual(before);
    advanceClock(retryAfter(refused) * SECOND_MS);
    expect((await signIn(name, PASSWORD)).status).toBe(303);
  });

  it("the owner can still sign in from another address", async () => {
    const { name } = await createUser();
    await useUpFreeAttempts(name);
    expect((await signInWrongly(name)).status).toBe(429);
    expect((await signIn(name, PASSWORD, "198.51.100.1")).status).toBe(303);
  });

  it("a delay also applies to wrong passwords from many addresses, after the first of each", async () => {
    const { name } = await createUser();
    freezeClock();
    const attempts = (first: number, count: number): Promise<number[]> =>
      Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const response = await signIn(name, "wrong password", `198.51.100.${first + i}`);
          return response.status;
        }),
      );
    expect(await attempts(0, 25)).toEqual(Array(25).fill(403));
    expect(await attempts(0, 25)).toEqual(Array(25).fill(403));
    expect(await attempts(0, 25)).toEqual(Array(25).fill(429));
    expect(await attempts(25, 25)).toEqual(Array(25).fill(403));
    expect(await attempts(25, 25)).toEqual(Array(25).fill(429));
  }, 90_000);

  it("the delay doubles with each wrong password, and Retry-After counts it down", async () => {
    const { name } = await createUser();
    await useUpFreeAttempts(name);
    for (const seconds of [1, 2, 4, 8, 16, 32]) {
      expect(retryAfter(await signInWrongly(name))).toBe(seconds);
      if (seconds > 2) {
        advanceClock(2 * SECOND_MS);
        const refused = await signIn(name, PASSWORD);
        expect([refused.status, retryAfter(refused)]).toEqual([429, seconds - 2]);
        advanceClock((seconds - 2) * SECOND_MS);
      } else {
        advanceClock(seconds * SECOND_MS);
      }
      expect((await signInWrongly(name)).status).toBe(403);
    }
  });

  it("attempts during the delay are not checked and do not extend it", async () => {
    const { name } = await createUser();
    await useUpFreeAttempts(name);
    for (let i = 0; i < 5; i++) {
      const refused = await signInWrongly(name);
      expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    }
  });

  it("attempts count for their address even if their length is not known in advance", async () => {
    const { name } = await createUser();
    await useUpFreeAttempts(name);
    const form = String(new URLSearchParams({ name, password: "wrong password" }));
    const response = await send("/sign-in", {
      method: "POST",
      body: new Blob([form]).stream(),
      headers: {
        Origin: ORIGIN,
        "Content-Type": "application/x-www-form-urlencoded",
        "CF-Connecting-IP": addressFor(name),
      },
    });
    expect([response.status, retryAfter(response)]).toEqual([429, 1]);
  });

  it("concurrent attempts are limited like sequential ones", async () => {
    const { name } = await createUser();
    freezeClock();
    const responses = await Promise.all(Array.from({ length: 12 }, () => signInWrongly(name)));
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(4).fill(403), ...Array(8).fill(429)]);
  });

  it("the right password resets the count", async () => {
    const { name } = await createUser();
    for (let i = 0; i < 3; i++) await signInWrongly(name);
    expect((await signIn(name, PASSWORD)).status).toBe(303);
    await useUpFreeAttempts(name);
    expect((await signIn(name, PASSWORD)).status).toBe(429);
  });

  it("a day without attempts resets the count", async () => {
    const { name } = await createUser();
    await useUpFreeAttempts(name);
    expect((await signInWrongly(name)).status).toBe(429);
    advanceClock(DAY_MS);
    expect(await runDurableObjectAlarm(env.PASSWORDS.getByName(name))).toBe(true);
    await useUpFreeAttempts(name);
  });

  it("an unknown name is treated alike, and no row is written for it", async () => {
    const name = uniqueUserName();
    const before = await allRows();
    await useUpFreeAttempts(name);
    const refused = await signInWrongly(name);
    expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    expect(await allRows()).toEqual(before);
  });

  it("other users, sessions and apps are not affected", async () => {
    const [user, other] = [await createUser(), await createUser()];
    const app = await connectApp(user);
    await useUpFreeAttempts(user.name);
    expect((await signInWrongly(user.name)).status).toBe(429);
    expect((await signIn(other.name, PASSWORD)).status).toBe(303);
    const home = await send("/", { headers: { Cookie: user.cookie } });
    expect(await home.text()).toContain(`${user.name}@`);
    expect((await app.get("/")).status).toBe(200);
  });
});

describe("From one client address", () => {
  // Limits count per minute of the clock. Of twice as many attempts and one more, some always exceed
  // the limit, whenever they start. The name is invalid, so that no password is checked.
  const flood = (path: string, limit: number, address: string): Promise<Response[]> =>
    Promise.all(
      Array.from({ length: 2 * limit + 1 }, () =>
        sendForm(path, { name: "?", password: PASSWORD }, { "CF-Connecting-IP": address }),
      ),
    );

  it.each([
    ["/sign-in", 30, 403],
    ["/sign-up", 10, 400],
  ])("%s accepts only so many attempts per minute: %i", async (path, limit, usual) => {
    const before = await allRows();
    const responses = await flood(path, limit, `192.0.2.${limit}`);
    const refused = responses.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(responses.filter(({ status }) => status === usual).length).toBeGreaterThanOrEqual(limit);
    expect(responses.every(({ status }) => status === 429 || status === usual)).toBe(true);
    for (const response of refused) {
      expect(retryAfter(response)).toBeGreaterThan(0);
      expect(retryAfter(response)).toBeLessThanOrEqual(60);
      expect(response.headers.get("set-cookie")).toBeNull();
    }
    expect(await allRows()).toEqual(before);
    const otherAddress = { "CF-Connecting-IP": "192.0.2.99" };
    expect((await sendForm(path, { name: "?" }, otherAddress)).status).toBe(usual);
  });

  it("attempts beyond the rate limit do not count as wrong passwords", async () => {
    const { name } = await createUser();
    await flood("/sign-in", 30, "192.0.2.55");
    await flood("/sign-in", 30, "192.0.2.55");
    expect((await signIn(name, PASSWORD)).status).toBe(303);
  });
});
