/** Wrong passwords and sign-ups of others neither lock a user out nor delay the user's writes. */

import { describe, expect, it } from "vitest";
import { advanceClock, freezeClock, SECOND_MS } from "../support/clock";
import { withFault } from "../support/fault-injection";
import { createUser, PASSWORD, sendForm, type TestUser, uniqueUserName } from "../support/provider";
import { allRows } from "../support/rows";
import { submitSignIn, submitSignUp, uniqueClientAddress } from "../support/sign-in-forms";

const NEW_PASSWORD = "a new password";

/** A browser: sends the cookies that it was given, as long as they are valid. */
class TestBrowser {
  readonly cookies = new Map<string, string>();
  /** The Set-Cookie headers of the last response. */
  lastCookies: string[] = [];
  readonly address: Record<string, string>;

  constructor(address = uniqueClientAddress()) {
    this.address = address;
  }

  async submit(path: string, fields: Record<string, string>): Promise<Response> {
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const response = await sendForm(path, fields, { cookie, ...this.address });
    this.lastCookies = response.headers.getSetCookie();
    for (const header of this.lastCookies) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (/Max-Age=0(;|$)/.test(header)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  signIn(name: string, password = PASSWORD): Promise<Response> {
    return this.submit("/sign-in", { name, password });
  }
}

/** A browser on which the user signed in once, and signed out. */
async function browserOf(name: string): Promise<TestBrowser> {
  const browser = new TestBrowser();
  expect((await browser.signIn(name)).status).toBe(303);
  await browser.submit("/sign-out", {});
  return browser;
}

const retryAfter = (response: Response): number => Number(response.headers.get("retry-after"));

/** Sends a wrong password from each of as many addresses as are free. The clock stands still from then on. */
async function attack(name: string): Promise<void> {
  freezeClock();
  await Promise.all(Array.from({ length: 50 }, () => submitSignIn(name, "wrong password")));
}

/** Sends wrong passwords from a browser's address, without its cookies. The clock stands still from then on. */
async function attackFrom({ address }: TestBrowser, name: string): Promise<void> {
  freezeClock();
  for (let i = 0; i < 4; i++) {
    expect((await submitSignIn(name, "wrong password", address)).status).toBe(403);
  }
  expect((await submitSignIn(name, PASSWORD, address)).status).toBe(429);
}

/** A wrong password from an address that has tried one before. */
async function expectDelayed(name: string): Promise<void> {
  const address = uniqueClientAddress();
  expect((await submitSignIn(name, "wrong password", address)).status).toBe(403);
  expect((await submitSignIn(name, "wrong password", address)).status).toBe(429);
}

describe("While wrong passwords come from many addresses", () => {
  it("a browser that has signed in before signs in at once, and a session confirms who the user is", async () => {
    const { name, cookie } = await createUser();
    const browser = await browserOf(name);
    await attack(name);
    await expectDelayed(name);
    expect((await browser.signIn(name)).status).toBe(303);
    await expectDelayed(name);
    const headers = { cookie, ...uniqueClientAddress() };
    const confirmed = await sendForm("/confirm", { password: PASSWORD, next: "/apps" }, headers);
    expect([confirmed.status, confirmed.headers.get("location")]).toEqual([303, "/apps"]);
    await expectDelayed(name);
  });

  it("the first attempt of an address is checked, the next one is delayed", async () => {
    const { name } = await createUser();
    await attack(name);
    const address = uniqueClientAddress();
    for (let i = 0; i < 2; i++) {
      expect((await submitSignIn(name, PASSWORD, address)).status).toBe(303);
    }
    await expectDelayed(name);
  });
});

describe("A browser that has signed in before", () => {
  it("or has signed up is not delayed by wrong passwords from its own address", async () => {
    const name = uniqueUserName();
    const browser = new TestBrowser();
    await browser.submit("/sign-up", { name, password: PASSWORD });
    await browser.submit("/sign-out", {});
    await attackFrom(browser, name);
    expect((await browser.signIn(name)).status).toBe(303);
  });

  it("is delayed after four wrong passwords of its own, wherever it is", async () => {
    const { name } = await createUser();
    const browser = await browserOf(name);
    freezeClock();
    for (let i = 0; i < 4; i++) {
      expect((await browser.signIn(name, "wrong password")).status).toBe(403);
    }
    const before = await allRows();
    const refused = await browser.signIn(name);
    expect([refused.status, retryAfter(refused), browser.lastCookies]).toEqual([429, 1, []]);
    expect(await allRows()).toEqual(before);
    advanceClock(retryAfter(refused) * SECOND_MS);
    expect((await browser.signIn(name)).status).toBe(303);
  });

  it("delays no other browser by its wrong passwords", async () => {
    const { name } = await createUser();
    const [browser, other] = [await browserOf(name), await browserOf(name)];
    freezeClock();
    for (let i = 0; i < 5; i++) await browser.signIn(name, "wrong password");
    expect((await browser.signIn(name)).status).toBe(429);
    expect((await other.signIn(name)).status).toBe(303);
  });

  it("has a cookie for this host only, over TLS, hidden from scripts", async () => {
    const { name } = await createUser();
    const browser = new TestBrowser();
    await browser.signIn(name);
    const [session = "", known = ""] = browser.lastCookies;
    expect(session).toMatch(/^__Host-session=/);
    const [pair, ...attributes] = known.split("; ");
    expect(pair).toMatch(new RegExp(`^__Host-browser-${name}=[\\w-]{22}\\.[\\w-]{43}$`));
    expect(new Set(attributes)).toEqual(
      new Set(["HttpOnly", "Secure", "SameSite=Lax", "Path=/", `Max-Age=${365 * 24 * 60 * 60}`]),
    );
  });

  it("stays known to several users who share it", async () => {
    const [first, second] = [await createUser(), await createUser()];
    const browser = await browserOf(first.name);
    await browser.signIn(second.name);
    await browser.submit("/sign-out", {});
    for (const { name } of [first, second]) {
      await attackFrom(browser, name);
      expect((await browser.signIn(name)).status).toBe(303);
    }
  });

  it("is not known any more after the password has changed, except where it was changed", async () => {
    const { name } = await createUser();
    const other = await browserOf(name);
    const here = new TestBrowser(other.address);
    await here.signIn(name);
    await here.submit("/security/password", { password: NEW_PASSWORD });
    await here.submit("/sign-out", {});
    await attackFrom(other, name);
    expect((await other.signIn(name, NEW_PASSWORD)).status).toBe(429);
    expect((await here.signIn(name, NEW_PASSWORD)).status).toBe(303);
  });

  it("is not recognised by a cookie of another user, or by one that was changed", async () => {
    const { name } = await createUser();
    const { name: otherName } = await createUser();
    const [own, foreign] = [await createCookie(name), await createCookie(otherName)];
    const cookies = [
      foreign.replace(otherName, name),
      own.replace(/=./, (first) => (first === "=_" ? "=A" : "=_")),
      `${own.slice(0, -4)}AAAA`,
      own.split(".")[0] ?? "",
    ];
    await attack(name);
    for (const cookie of cookies) {
      const headers = { cookie, ...uniqueClientAddress() };
      expect((await submitSignIn(name, "wrong password", headers)).status).toBe(403);
      expect((await submitSignIn(name, PASSWORD, headers)).status).toBe(429);
    }
  });
});

/** The cookie that a browser keeps after its user has signed in and out. */
async function createCookie(name: string): Promise<string> {
  const { cookies } = await browserOf(name);
  return [...cookies].map((pair) => pair.join("=")).join("; ");
}

describe("The object that orders a user's writes", () => {
  /** The calls to objects that an action causes. */
  const objectCalls = async (action: () => Promise<Response>): Promise<string[]> =>
    (await withFault(null, action)).calls.filter((call) => !/^(DB|BODIES)\./.test(call));

  it("is not called by a sign-up under the user's name, and no password is hashed", async () => {
    const { name } = await createUser();
    const before = await allRows();
    const calls = await objectCalls(async () => {
      const response = await submitSignUp(name, "another password");
      expect(response.status).toBe(409);
      return response;
    });
    expect(calls).toEqual([]);
    expect(await allRows()).toEqual(before);
  });

  it.each<[string, (user: TestUser) => Promise<Response>]>([
    ["signing up", () => submitSignUp(uniqueUserName())],
    ["signing in", ({ name }) => submitSignIn(name)],
    ["a wrong password", ({ name }) => submitSignIn(name, "wrong password")],
    [
      "/confirm",
      ({ cookie }) =>
        sendForm("/confirm", { password: PASSWORD }, { cookie, ...uniqueClientAddress() }),
    ],
    [
      "changing the password",
      ({ cookie }) =>
        sendForm(
          "/security/password",
          { password: NEW_PASSWORD },
          { cookie, ...uniqueClientAddress() },
        ),
    ],
  ])("is not called by %s, which is hashed in another object", async (_, action) => {
    const user = await createUser();
    const calls = await objectCalls(() => action(user));
    expect(calls).toContainEqual(expect.stringMatching(/^PASSWORDS\.(hash|verify)$/));
    expect(calls.filter((call) => !call.startsWith("PASSWORDS."))).toEqual([]);
  });
});
