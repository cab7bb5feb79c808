/** Guessing passwords and flooding the forms: what stops it, and for how long. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, freezeClock, SECOND_MS } from "../support/clock";
import { mainText } from "../support/html";
import { allRows } from "../support/rows";
import { connectApp, createUser, PASSWORD, send, sendForm, uniqueUserName } from "../support/provider";

const addresses = new Map<string, number>();

/** The address from which the tries of this name come: nobody else has used it up. */
const addressFor = (name: string): string => {
  if (!addresses.has(name)) addresses.set(name, addresses.size + 1);
  return `203.0.113.${addresses.get(name)}`;
};

const signIn = (name: string, password: string, address = addressFor(name)): Promise<Response> =>
  sendForm("/sign-in", { name, password }, { "CF-Connecting-IP": address });

const wrong = (name: string): Promise<Response> => signIn(name, "wrong password");

const retryAfter = (response: Response): number => Number(response.headers.get("retry-after"));

/** Wrong passwords until there is a delay; all of them were weighed. The clock stands still then. */
async function useUpFreeTries(name: string): Promise<void> {
  freezeClock();
  for (let i = 0; i < 4; i++) expect((await wrong(name)).status).toBe(403);
}

describe("After wrong passwords", () => {
  it("the right one is refused too, for as long as Retry-After says, and then taken", async () => {
    const { name } = await createUser();
    await useUpFreeTries(name);
    const before = await allRows();
    const refused = await signIn(name, PASSWORD);
    expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    expect(refused.headers.get("set-cookie")).toBeNull();
    expect(mainText(await refused.text())).toContain("Try again in 1 second");
    expect(await allRows()).toEqual(before);
    advanceClock(retryAfter(refused) * SECOND_MS);
    expect((await signIn(name, PASSWORD)).status).toBe(303);
  });

  it("the owner gets in from another address", async () => {
    const { name } = await createUser();
    await useUpFreeTries(name);
    expect((await wrong(name)).status).toBe(429);
    expect((await signIn(name, PASSWORD, "198.51.100.1")).status).toBe(303);
  });

  it("from many addresses there is a delay too, in the end", async () => {
    const { name } = await createUser();
    freezeClock();
    const statuses: number[] = [];
    for (let i = 0; i < 52; i++) {
      statuses.push((await signIn(name, "wrong password", `198.51.100.${i}`)).status);
    }
    expect(statuses).toEqual([...Array(50).fill(403), 429, 429]);
  }, 90_000);

  it("the delay doubles with each, and Retry-After counts it down", async () => {
    const { name } = await createUser();
    await useUpFreeTries(name);
    for (const seconds of [1, 2, 4, 8, 16, 32]) {
      expect(retryAfter(await wrong(name))).toBe(seconds);
      if (seconds > 2) {
        advanceClock(2 * SECOND_MS);
        const refused = await signIn(name, PASSWORD);
        expect([refused.status, retryAfter(refused)]).toEqual([429, seconds - 2]);
        advanceClock((seconds - 2) * SECOND_MS);
      } else {
        advanceClock(seconds * SECOND_MS);
      }
      expect((await wrong(name)).status).toBe(403);
    }
  });

  it("tries in the meantime are not weighed and make the delay no longer", async () => {
    const { name } = await createUser();
    await useUpFreeTries(name);
    for (let i = 0; i < 5; i++) {
      const refused = await wrong(name);
      expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    }
  });

  it("at once no more are weighed than one after the other", async () => {
    const { name } = await createUser();
    freezeClock();
    const responses = await Promise.all(Array.from({ length: 12 }, () => wrong(name)));
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(4).fill(403), ...Array(8).fill(429)]);
  });

  it("the right one makes forget them", async () => {
    const { name } = await createUser();
    for (let i = 0; i < 3; i++) await wrong(name);
    expect((await signIn(name, PASSWORD)).status).toBe(303);
    await useUpFreeTries(name);
    expect((await signIn(name, PASSWORD)).status).toBe(429);
  });

  it("a day makes forget them, and leaves nothing in the object", async () => {
    const name = uniqueUserName();
    await useUpFreeTries(name);
    expect((await wrong(name)).status).toBe(429);
    advanceClock(DAY_MS);
    expect(await runDurableObjectAlarm(env.USERS.getByName(name))).toBe(true);
    await useUpFreeTries(name);
  });

  it("a name that nobody has is treated alike, and no row is made for it", async () => {
    const name = uniqueUserName();
    const before = await allRows();
    await useUpFreeTries(name);
    const refused = await wrong(name);
    expect([refused.status, retryAfter(refused)]).toEqual([429, 1]);
    expect(await allRows()).toEqual(before);
  });

  it("other people, sessions and apps go on as before", async () => {
    const [person, other] = [await createUser(), await createUser()];
    const app = await connectApp(person);
    await useUpFreeTries(person.name);
    expect((await wrong(person.name)).status).toBe(429);
    expect((await signIn(other.name, PASSWORD)).status).toBe(303);
    const home = await send("/", { headers: { Cookie: person.cookie } });
    expect(await home.text()).toContain(`${person.name}@`);
    expect((await app.get("/")).status).toBe(200);
  });
});

describe("From one address", () => {
  // A limit counts by the minute on the clock. Twice as many tries and one more cannot all fall
  // within it, wherever they start. Nobody can have the name, so that no password is weighed.
  const flood = (path: string, limit: number, address: string): Promise<Response[]> =>
    Promise.all(
      Array.from({ length: 2 * limit + 1 }, () =>
        sendForm(path, { name: "?", password: PASSWORD }, { "CF-Connecting-IP": address }),
      ),
    );

  it.each([
    ["/sign-in", 30, 403],
    ["/sign-up", 10, 400],
  ])("only so many tries a minute reach %s: %i", async (path, limit, usual) => {
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
    const elsewhere = { "CF-Connecting-IP": "192.0.2.99" };
    expect((await sendForm(path, { name: "?" }, elsewhere)).status).toBe(usual);
  });

  it("tries beyond the limit do not count against the account", async () => {
    const { name } = await createUser();
    await flood("/sign-in", 30, "192.0.2.55");
    await flood("/sign-in", 30, "192.0.2.55");
    expect((await signIn(name, PASSWORD)).status).toBe(303);
  });
});
