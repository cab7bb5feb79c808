/** Passkeys: signing up and in, authenticating again, and managing several of them. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { Authenticator, type AuthenticatorFaults } from "../support/authenticator";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { findElements, mainText } from "../support/html";
import {
  createPasskey,
  fetchPasskeyOptions,
  sendJson,
  signUpWithPasskey,
  signWithPasskey,
} from "../support/passkeys";
import {
  createUser,
  PASSWORD,
  send,
  sendForm,
  sessionCookie,
  type TestUser,
  uniqueUserName,
} from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";

type PasskeyUser = TestUser & { device: Authenticator };

let alice: PasskeyUser;

beforeAll(async () => {
  alice = await signUpWithPasskey("alice");
});

/** All rows except challenges: requesting options writes one each time. */
async function rowsButChallenges(): Promise<Record<string, unknown[]>> {
  const { challenges, ...others } = await allRows();
  return others;
}

const passkeysOf = async (name: string): Promise<Record<string, unknown>[]> =>
  (
    await env.DB.prepare("SELECT * FROM passkeys WHERE account = ? ORDER BY created_at, id")
      .bind(await accountId(name))
      .all()
  ).results;

const expectRefused = async (response: Response, status: number, error: string): Promise<void> => {
  expect([response.status, response.headers.get("set-cookie")]).toEqual([status, null]);
  expect(await response.json()).toMatchObject({ error, sentence: expect.stringMatching(/\w+\./) });
};

const FAULTS: [string, AuthenticatorFaults, string][] = [
  ["made on another site", { origin: "https://evil.example" }, "bad-passkey"],
  ["made for another relying party", { rpId: "evil.example" }, "bad-passkey"],
  ["without user verification", { isUserUnverified: true }, "bad-passkey"],
  ["without user presence", { isUserAbsent: true }, "bad-passkey"],
  ["of the wrong type", { type: "webauthn.other" }, "bad-passkey"],
  ["for a challenge that is not ours", { challenge: "A".repeat(43) }, "late-passkey"],
];

describe("Signing up with a passkey", () => {
  it("creates an account without a password, and signs the user in", async () => {
    const name = uniqueUserName();
    const fields = { name: ` ${name.toUpperCase()} `, next: "/?x" };
    const { response } = await createPasskey("/sign-up/passkey", fields);
    expect([response.status, await response.json()]).toEqual([200, { next: "/?x" }]);
    expect(await signedInUser(sessionCookie(response))).toBe(name);
    expect((await submitSignIn(name, PASSWORD)).status).toBe(403);
    const [passkey] = await passkeysOf(name);
    expect(passkey).toMatchObject({ counter: 0, transports: '["internal"]', used_at: null });
  });

  it("requires a discoverable passkey and user verification", async () => {
    const options = await fetchPasskeyOptions("/sign-up/passkey", { name: uniqueUserName() });
    expect(options).toMatchObject({
      rp: { id: "satchel.example" },
      attestation: "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      user: { name: expect.stringMatching(/^user-\d+@satchel\.example$/) },
    });
  });

  it.each([
    ["alice", 409, "name-taken"],
    ["admin", 409, "name-taken"],
    ["not a name", 400, "bad-name"],
    ["", 400, "bad-name"],
  ])("refuses the name %j before a passkey is created", async (name, status, error) => {
    const before = await allRows();
    await expectRefused(await sendJson("/sign-up/passkey", { name }), status, error);
    expect(await allRows()).toEqual(before);
  });

  it.each(FAULTS)("with a passkey %s creates nothing", async (_, faults, error) => {
    const before = await rowsButChallenges();
    const { response } = await createPasskey(
      "/sign-up/passkey",
      { name: uniqueUserName() },
      { faults },
    );
    await expectRefused(response, 403, error);
    expect(await rowsButChallenges()).toEqual(before);
  });

  it.each([
    ["clientDataJSON", { length: 60_000_000 }],
    ["clientDataJSON", null],
    ["clientDataJSON", "x".repeat(30_000)],
    ["attestationObject", { length: 20_000_000 }],
    ["attestationObject", 5],
    ["transports", "internal"],
    ["transports", null],
    ["transports", Array(1000).fill("usb")],
    ["transports", [{}]],
  ])("is refused if %s is malformed, and creates nothing", async (field, value) => {
    const before = await rowsButChallenges();
    const name = uniqueUserName();
    const { response, ...rest } = (await new Authenticator().create(
      await fetchPasskeyOptions("/sign-up/passkey", { name }),
    )) as { response: Record<string, unknown> };
    const credential = { ...rest, response: { ...response, [field]: value } };
    const answer = await sendJson("/sign-up/passkey", { name, credential });
    await expectRefused(answer, 403, "late-passkey");
    expect(await rowsButChallenges()).toEqual(before);
  });

  it("with another user's passkey creates nothing, and leaves it to that user", async () => {
    const before = await rowsButChallenges();
    const { response } = await createPasskey(
      "/sign-up/passkey",
      { name: uniqueUserName() },
      { faults: { id: alice.device.id } },
    );
    await expectRefused(response, 403, "bad-passkey");
    expect(await rowsButChallenges()).toEqual(before);
  });

  it("gives the name that the challenge was issued for, once, whatever the second request says", async () => {
    const name = uniqueUserName();
    const device = new Authenticator();
    const credential = await device.create(await fetchPasskeyOptions("/sign-up/passkey", { name }));
    const late = { name: uniqueUserName(), credential };
    const response = await sendJson("/sign-up/passkey", late);
    expect(await signedInUser(sessionCookie(response))).toBe(name);
    const before = await allRows();
    await expectRefused(await sendJson("/sign-up/passkey", late), 403, "late-passkey");
    expect(await allRows()).toEqual(before);
  });

  it("gives a name that two users request at the same time to one of them", async () => {
    const name = uniqueUserName();
    const options = await Promise.all(
      [1, 2].map(() => fetchPasskeyOptions("/sign-up/passkey", { name })),
    );
    const responses = await Promise.all(
      options.map(async (options) =>
        sendJson("/sign-up/passkey", { credential: await new Authenticator().create(options) }),
      ),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await passkeysOf(name)).toHaveLength(1);
  });

  it.each([null, 1, "x", {}, { response: {} }, { response: { clientDataJSON: "e30" } }, [[]]])(
    "with %j for a passkey is refused without a server error",
    async (credential) => {
      const before = await allRows();
      for (const path of ["/sign-up/passkey", "/sign-in/passkey"]) {
        await expectRefused(await sendJson(path, { name: "x", credential }), 403, "late-passkey");
      }
      expect(await allRows()).toEqual(before);
    },
  );
});

describe("Signing in with a passkey", () => {
  it("needs no name, and continues to the requested page, but never to another site", async () => {
    for (const [next, to] of [
      ["/?a=b", "/?a=b"],
      ["//evil.example", "/"],
      [{}, "/"],
    ]) {
      const response = await signWithPasskey("/sign-in/passkey", alice.device, {
        fields: { next },
      });
      expect([response.status, await response.json()]).toEqual([200, { next: to }]);
      expect(await signedInUser(sessionCookie(response))).toBe("alice");
    }
  });

  it("returns the same options for every name", async () => {
    const shape = async (fields: Record<string, unknown>) => {
      const { challenge, ...options } = await fetchPasskeyOptions("/sign-in/passkey", fields);
      return options;
    };
    const options = await shape({});
    expect(options).toMatchObject({ allowCredentials: [], userVerification: "required" });
    expect(await shape({ name: "alice" })).toEqual(options);
    expect(await shape({ name: "zz-top" })).toEqual(options);
  });

  it.each([
    ...FAULTS,
    ["with a forged signature", { isForged: true }, "bad-passkey"],
    ["without a user handle", { userHandle: undefined }, "bad-passkey"],
    ["with another user's user handle", { userHandle: "c29tZW9uZQ" }, "bad-passkey"],
  ] as [string, AuthenticatorFaults, string][])(
    "with a passkey %s starts no session",
    async (_, faults, error) => {
      const response = await signWithPasskey("/sign-in/passkey", alice.device, { faults });
      const before = await rowsButChallenges();
      await expectRefused(response, 403, error);
      expect(await rowsButChallenges()).toEqual(before);
      expect((await signWithPasskey("/sign-in/passkey", alice.device)).status).toBe(200);
    },
  );

  it("with an unknown passkey starts no session", async () => {
    const unknown = new Authenticator();
    await unknown.create({ challenge: "x", user: { id: "eA", name: "x" } });
    const before = await rowsButChallenges();
    await expectRefused(await signWithPasskey("/sign-in/passkey", unknown), 403, "bad-passkey");
    expect(await rowsButChallenges()).toEqual(before);
  });

  it("accepts a response once: a replay starts no session", async () => {
    const credential = await alice.device.get(await fetchPasskeyOptions("/sign-in/passkey"));
    expect((await sendJson("/sign-in/passkey", { credential })).status).toBe(200);
    const before = await allRows();
    await expectRefused(await sendJson("/sign-in/passkey", { credential }), 403, "late-passkey");
    expect(await allRows()).toEqual(before);
  });

  it("accepts a response once even if it is sent many times at the same time", async () => {
    const credential = await alice.device.get(await fetchPasskeyOptions("/sign-in/passkey"));
    const responses = await Promise.all(
      Array.from({ length: 4 }, () => sendJson("/sign-in/passkey", { credential })),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403]);
    expect(responses.filter(({ headers }) => headers.get("set-cookie"))).toHaveLength(1);
  });

  it("accepts a response for five minutes", async () => {
    const options = await fetchPasskeyOptions("/sign-in/passkey");
    const credential = await alice.device.get(options);
    advanceClock(5 * MINUTE_MS);
    await expectRefused(await sendJson("/sign-in/passkey", { credential }), 403, "late-passkey");
  });

  it("accepts no challenge that was issued for another purpose", async () => {
    const user = await signUpWithPasskey();
    const { cookie, device } = user;
    const before = await rowsButChallenges();
    for (const options of [
      await fetchPasskeyOptions("/sign-up/passkey", { name: uniqueUserName() }),
      await fetchPasskeyOptions("/security/passkeys/add", {}, { cookie }),
      await fetchPasskeyOptions("/confirm/passkey", {}, { cookie }),
    ]) {
      const credential = await device.get(options);
      await expectRefused(await sendJson("/sign-in/passkey", { credential }), 403, "late-passkey");
    }
    const created = await new Authenticator().create(await fetchPasskeyOptions("/sign-in/passkey"));
    const signUp = await sendJson("/sign-up/passkey", { credential: created });
    await expectRefused(signUp, 403, "late-passkey");
    expect(await rowsButChallenges()).toEqual(before);
  });

  it("refuses a counter that does not increase: the passkey was cloned", async () => {
    const { device } = await signUpWithPasskey();
    const show = (counter: number) =>
      signWithPasskey("/sign-in/passkey", device, { faults: { counter } });
    expect((await show(5)).status).toBe(200);
    const before = await rowsButChallenges();
    for (const counter of [5, 4, 0]) await expectRefused(await show(counter), 403, "bad-passkey");
    expect(await rowsButChallenges()).toEqual(before);
    expect((await show(6)).status).toBe(200);
  });

  it("says that an account is suspended, but not that it is deleted", async () => {
    const { name, device } = await signUpWithPasskey();
    const set = async (column: string) =>
      env.DB.prepare(`UPDATE accounts SET ${column} = 1 WHERE name = ?`).bind(name).run();
    await set("suspended_at");
    await expectRefused(await signWithPasskey("/sign-in/passkey", device), 403, "suspended");
    await set("deleted_at");
    await expectRefused(await signWithPasskey("/sign-in/passkey", device), 403, "bad-passkey");
  });

  it("is not offered on an IP address, to which no passkey can be bound", async () => {
    expect(await (await send("/sign-in")).text()).toContain("data-passkey");
    const there = await sendWithSettings({ ORIGIN: "" })("http://127.0.0.1:8000/sign-in");
    expect(await there.text()).not.toContain("data-passkey");
  });
});

describe("From one client address", () => {
  it("the passkey endpoints accept only so many attempts per minute", async () => {
    const before = await allRows();
    const address = { "CF-Connecting-IP": "192.0.2.7" };
    for (const [path, fields] of [
      ["/sign-up/passkey", { name: "?" }],
      ["/sign-in/passkey", { credential: 1 }],
    ] as const) {
      const flood = await Promise.all(
        Array.from({ length: 61 }, () => sendJson(path, fields, address)),
      );
      const refused = flood.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      for (const { headers } of refused) expect(Number(headers.get("retry-after"))).toBe(60);
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("Authenticating again", () => {
  const page = (cookie: string): Promise<Response> =>
    send("/security/password", { headers: { Cookie: cookie } });

  it("is required after fifteen minutes, and leads back to the page", async () => {
    const { cookie, device } = await signUpWithPasskey();
    expect((await page(cookie)).status).toBe(200);
    advanceClock(15 * MINUTE_MS);
    const redirect = await page(cookie);
    const to = "/confirm?next=%2Fsecurity%2Fpassword";
    expect([redirect.status, redirect.headers.get("location")]).toEqual([303, to]);
    const response = await signWithPasskey("/confirm/passkey", device, {
      cookie,
      fields: { next: "/security/password" },
    });
    expect(await response.json()).toEqual({ next: "/security/password" });
    expect((await page(cookie)).status).toBe(200);
  });

  it("offers recovery to a user who has only a passkey and cannot use it", async () => {
    const { cookie } = await signUpWithPasskey();
    const headers = { Cookie: cookie };
    const sendToIpAddress = sendWithSettings({ ORIGIN: "https://192.0.2.1" });
    for (const [html, why] of [
      [await (await send("/confirm", { headers })).text(), "JavaScript is turned off"],
      [
        await (await sendToIpAddress("https://192.0.2.1/confirm", { headers })).text(),
        "Passkeys aren’t available here",
      ],
    ] as const) {
      expect(mainText(html)).toContain(why);
      expect(findElements(html, "a")).toContainEqual({ href: "/recover" });
    }
    const withPassword = await (
      await send("/confirm", { headers: { Cookie: (await createUser()).cookie } })
    ).text();
    expect(mainText(withPassword)).not.toMatch(/passkey|recovery/);
  });

  it("works with the password too, with the same delays as signing in", async () => {
    const { cookie } = await createUser();
    advanceClock(15 * MINUTE_MS);
    const confirm = (password: string) =>
      sendForm(
        "/confirm",
        { password, next: "/security/password" },
        {
          cookie,
          "CF-Connecting-IP": "203.0.113.77",
        },
      );
    const before = await rowsButChallenges();
    for (let i = 0; i < 4; i++) expect((await confirm("wrong password")).status).toBe(403);
    expect((await confirm(PASSWORD)).status).toBe(429);
    expect(await rowsButChallenges()).toEqual(before);
    advanceClock(MINUTE_MS);
    const response = await confirm(PASSWORD);
    expect(response.headers.get("location")).toBe("/security/password");
    expect((await page(cookie)).status).toBe(200);
  });

  it("does not accept another user's passkey, a response for signing in, or the same response twice", async () => {
    const { cookie, device } = await signUpWithPasskey();
    const used = await device.get(await fetchPasskeyOptions("/confirm/passkey", {}, { cookie }));
    expect((await sendJson("/confirm/passkey", { credential: used }, { cookie })).status).toBe(200);
    advanceClock(15 * MINUTE_MS);
    const before = await rowsButChallenges();
    const foreign = await signWithPasskey("/confirm/passkey", alice.device, { cookie });
    await expectRefused(foreign, 403, "bad-passkey");
    const forSignIn = await device.get(await fetchPasskeyOptions("/sign-in/passkey"));
    for (const credential of [forSignIn, used]) {
      const response = await sendJson("/confirm/passkey", { credential }, { cookie });
      await expectRefused(response, 403, "late-passkey");
    }
    const others = await device.get(
      await fetchPasskeyOptions("/confirm/passkey", {}, { cookie: alice.cookie }),
    );
    const response = await sendJson("/confirm/passkey", { credential: others }, { cookie });
    await expectRefused(response, 403, "late-passkey");
    expect(await rowsButChallenges()).toEqual(before);
    expect((await page(cookie)).status).toBe(303);
  });

  it("is required by every page that changes a sign-in method", async () => {
    const { cookie, device } = await signUpWithPasskey();
    advanceClock(31 * MINUTE_MS);
    const before = await rowsButChallenges();
    for (const path of [
      "/security/password",
      "/security/password/remove",
      "/security/passkeys/add",
      `/security/passkeys/rename/${device.id}`,
      `/security/passkeys/remove/${device.id}`,
      "/security/recovery-codes",
    ]) {
      const get = await send(path, { headers: { Cookie: cookie } });
      const post = await sendForm(path, { password: PASSWORD, name: "x" }, { cookie });
      for (const { status, headers } of [get, post]) {
        const to = `/confirm?${new URLSearchParams({ next: path })}`;
        expect([path, status, headers.get("location")]).toEqual([path, 303, to]);
      }
      const signedOut = await sendForm(path, { password: PASSWORD, name: "x" });
      expect(signedOut.headers.get("location")).toMatch(/^\/sign-in\?/);
    }
    expect(await rowsButChallenges()).toEqual(before);
  });
});

describe("Several passkeys", () => {
  const add = (user: TestUser, device = new Authenticator(), faults: AuthenticatorFaults = {}) =>
    createPasskey(
      "/security/passkeys/add",
      { name: "My phone" },
      {
        device,
        faults,
        cookie: user.cookie,
      },
    );

  const remove = ({ cookie }: TestUser, id: string) =>
    sendForm(`/security/passkeys/remove/${id}`, {}, { cookie });

  it("sign in to the same account, each with its own name", async () => {
    const user = await signUpWithPasskey();
    const { response, device } = await add(user);
    expect([response.status, await response.json()]).toEqual([200, { next: "/security" }]);
    expect(
      await signedInUser(sessionCookie(await signWithPasskey("/sign-in/passkey", device))),
    ).toBe(user.name);
    const page = await send("/security", { headers: { Cookie: user.cookie } });
    expect(mainText(await page.text())).toContain("My phone");
  });

  it.each(FAULTS)("a passkey %s is not added", async (_, faults, error) => {
    const before = await rowsButChallenges();
    const { response } = await add(alice, new Authenticator(), faults);
    await expectRefused(response, 403, error);
    expect(await rowsButChallenges()).toEqual(before);
  });

  it("are added on a page that also answers a form sent without our script", async () => {
    const before = await allRows();
    const { cookie } = alice;
    const response = await sendForm("/security/passkeys/add", { name: "Phone" }, { cookie });
    expect([response.status, findElements(await response.text(), "h1").length]).toEqual([200, 1]);
    expect(await allRows()).toEqual(before);
  });

  it("another user's passkey, or a response for another user, is not added", async () => {
    const other = await signUpWithPasskey();
    const before = await rowsButChallenges();
    const taken = await add(other, new Authenticator(), { id: alice.device.id });
    await expectRefused(taken.response, 403, "bad-passkey");
    const options = await fetchPasskeyOptions(
      "/security/passkeys/add",
      {},
      { cookie: alice.cookie },
    );
    const credential = await new Authenticator().create(options);
    const { cookie } = other;
    const response = await sendJson("/security/passkeys/add", { credential }, { cookie });
    await expectRefused(response, 403, "late-passkey");
    expect(await rowsButChallenges()).toEqual(before);
  });

  it("can be renamed; an empty name changes nothing, a long one is shortened", async () => {
    const user = await signUpWithPasskey();
    const rename = (name: string) =>
      sendForm(`/security/passkeys/rename/${user.device.id}`, { name }, { cookie: user.cookie });
    for (const [typed, name] of [
      [" Laptop ", "Laptop"],
      [" ", "Laptop"],
      ["<b>é</b>", "<b>é</b>"],
      ["x".repeat(200), "x".repeat(60)],
    ] as const) {
      expect((await rename(typed)).headers.get("location")).toBe("/security");
      expect((await passkeysOf(user.name))[0]?.name).toBe(name);
    }
  });

  it("can be removed after a confirmation, and no longer sign in then", async () => {
    const user = await signUpWithPasskey();
    const { device } = await add(user);
    const path = `/security/passkeys/remove/${device.id}`;
    const form = await send(path, { headers: { Cookie: user.cookie } });
    expect(mainText(await form.text())).toContain("Remove “My phone”?");
    expect(await passkeysOf(user.name)).toHaveLength(2);
    expect((await remove(user, device.id)).headers.get("location")).toBe("/security");
    await expectRefused(await signWithPasskey("/sign-in/passkey", device), 403, "bad-passkey");
    expect((await signWithPasskey("/sign-in/passkey", user.device)).status).toBe(200);
  });

  it("the last sign-in method cannot be removed; beside a password, a passkey can", async () => {
    const user = await signUpWithPasskey();
    const before = await allRows();
    const refused = await remove(user, user.device.id);
    expect(refused.status).toBe(409);
    expect(mainText(await refused.text())).toContain("only sign-in method");
    expect(await allRows()).toEqual(before);
    const { cookie } = user;
    await sendForm(
      "/security/password",
      { password: PASSWORD },
      { cookie, ...uniqueClientAddress() },
    );
    expect((await remove(user, user.device.id)).status).toBe(303);
    expect(await passkeysOf(user.name)).toEqual([]);
  });

  it("removing both at the same time leaves one", async () => {
    const user = await signUpWithPasskey();
    const { device } = await add(user);
    await Promise.all([user.device.id, device.id].map((id) => remove(user, id)));
    expect(await passkeysOf(user.name)).toHaveLength(1);
  });

  it("of other users are not found", async () => {
    const { cookie } = await createUser();
    const before = await allRows();
    const path = `/security/passkeys/rename/${alice.device.id}`;
    for (const at of [path, path.replace("rename", "remove")]) {
      expect((await send(at, { headers: { Cookie: cookie } })).status).toBe(404);
      await sendForm(at, { name: "mine" }, { cookie });
    }
    expect(await allRows()).toEqual(before);
  });
});
