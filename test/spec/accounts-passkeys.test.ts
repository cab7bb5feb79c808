/** Passkeys: signing up and in with one, proving who one is, having several. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { Authenticator, type Wrong } from "../support/authenticator";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { findElements, mainText } from "../support/html";
import {
  makePasskey,
  optionsOf,
  sendJson,
  showPasskey,
  signUpWithPasskey,
} from "../support/passkeys";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";
import { accountId, allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import {
  createUser,
  PASSWORD,
  send,
  sendForm,
  sessionCookie,
  type TestUser,
  uniqueUserName,
} from "../support/provider";

type PasskeyPerson = TestUser & { device: Authenticator };

let alice: PasskeyPerson;

beforeAll(async () => {
  alice = await signUpWithPasskey("alice");
});

/** All rows but those of challenges: asking for one is no change. */
async function rows(): Promise<Record<string, unknown[]>> {
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

const WRONGS: [string, Wrong, string][] = [
  ["made on another site", { origin: "https://evil.example" }, "bad-passkey"],
  ["made for another relying party", { rpId: "evil.example" }, "bad-passkey"],
  ["without the person being verified", { isUnverified: true }, "bad-passkey"],
  ["without the person being there", { isAbsent: true }, "bad-passkey"],
  ["of the wrong kind", { type: "webauthn.other" }, "bad-passkey"],
  ["over a challenge that is none of ours", { challenge: "A".repeat(43) }, "late-passkey"],
];

describe("Signing up with a passkey", () => {
  it("makes an account without a password, and signs the person in", async () => {
    const name = uniqueUserName();
    const fields = { name: ` ${name.toUpperCase()} `, next: "/?x" };
    const { response } = await makePasskey("/sign-up/passkey", fields);
    expect([response.status, await response.json()]).toEqual([200, { next: "/?x" }]);
    expect(await signedInUser(sessionCookie(response))).toBe(name);
    expect((await submitSignIn(name, PASSWORD)).status).toBe(403);
    const [passkey] = await passkeysOf(name);
    expect(passkey).toMatchObject({ counter: 0, transports: '["internal"]', used_at: null });
  });

  it("asks for a passkey that is found without a name and verifies the person", async () => {
    const options = await optionsOf("/sign-up/passkey", { name: uniqueUserName() });
    expect(options).toMatchObject({
      rp: { id: "satchel.example" },
      attestation: "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      user: { name: expect.stringMatching(/^person-\d+@satchel\.example$/) },
    });
  });

  it.each([
    ["alice", 409, "name-taken"],
    ["admin", 409, "name-taken"],
    ["not a name", 400, "bad-name"],
    ["", 400, "bad-name"],
  ])("refuses the name %j before the device is asked", async (name, status, error) => {
    const before = await allRows();
    await expectRefused(await sendJson("/sign-up/passkey", { name }), status, error);
    expect(await allRows()).toEqual(before);
  });

  it.each(WRONGS)("with one %s makes nothing", async (_, wrong, error) => {
    const before = await rows();
    const { response } = await makePasskey(
      "/sign-up/passkey",
      { name: uniqueUserName() },
      { wrong },
    );
    await expectRefused(response, 403, error);
    expect(await rows()).toEqual(before);
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
  ])("is refused where %s has another shape, and makes nothing", async (field, value) => {
    const before = await rows();
    const name = uniqueUserName();
    const { response, ...rest } = (await new Authenticator().create(
      await optionsOf("/sign-up/passkey", { name }),
    )) as { response: Record<string, unknown> };
    const credential = { ...rest, response: { ...response, [field]: value } };
    const answer = await sendJson("/sign-up/passkey", { name, credential });
    await expectRefused(answer, 403, "late-passkey");
    expect(await rows()).toEqual(before);
  });

  it("with somebody's passkey makes nothing, and that one stays theirs", async () => {
    const before = await rows();
    const { response } = await makePasskey(
      "/sign-up/passkey",
      { name: uniqueUserName() },
      { wrong: { id: alice.device.id } },
    );
    await expectRefused(response, 403, "bad-passkey");
    expect(await rows()).toEqual(before);
  });

  it("gives the name that the challenge was for, once, whatever is said later", async () => {
    const name = uniqueUserName();
    const device = new Authenticator();
    const credential = await device.create(await optionsOf("/sign-up/passkey", { name }));
    const late = { name: uniqueUserName(), credential };
    const response = await sendJson("/sign-up/passkey", late);
    expect(await signedInUser(sessionCookie(response))).toBe(name);
    const before = await allRows();
    await expectRefused(await sendJson("/sign-up/passkey", late), 403, "late-passkey");
    expect(await allRows()).toEqual(before);
  });

  it("gives a name that two want at once to one of them", async () => {
    const name = uniqueUserName();
    const asked = await Promise.all([1, 2].map(() => optionsOf("/sign-up/passkey", { name })));
    const responses = await Promise.all(
      asked.map(async (options) =>
        sendJson("/sign-up/passkey", { credential: await new Authenticator().create(options) }),
      ),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await passkeysOf(name)).toHaveLength(1);
  });

  it.each([null, 1, "x", {}, { response: {} }, { response: { clientDataJSON: "e30" } }, [[]]])(
    "with %j for a passkey never fails on our side",
    async (credential) => {
      const before = await allRows();
      for (const door of ["/sign-up/passkey", "/sign-in/passkey"]) {
        await expectRefused(await sendJson(door, { name: "x", credential }), 403, "late-passkey");
      }
      expect(await allRows()).toEqual(before);
    },
  );
});

describe("Signing in with a passkey", () => {
  it("needs no name, and leads where one wanted to go, on this site alone", async () => {
    for (const [next, to] of [
      ["/?a=b", "/?a=b"],
      ["//evil.example", "/"],
      [{}, "/"],
    ]) {
      const response = await showPasskey("/sign-in/passkey", alice.device, { fields: { next } });
      expect([response.status, await response.json()]).toEqual([200, { next: to }]);
      expect(await signedInUser(sessionCookie(response))).toBe("alice");
    }
  });

  it("asks everybody for the same, whatever is said about who they are", async () => {
    const shape = async (fields: Record<string, unknown>) => {
      const { challenge, ...options } = await optionsOf("/sign-in/passkey", fields);
      return options;
    };
    const options = await shape({});
    expect(options).toMatchObject({ allowCredentials: [], userVerification: "required" });
    expect(await shape({ name: "alice" })).toEqual(options);
    expect(await shape({ name: "zz-top" })).toEqual(options);
  });

  it.each([
    ...WRONGS,
    ["with a signature that is none", { isForged: true }, "bad-passkey"],
    ["without a user handle", { userHandle: undefined }, "bad-passkey"],
    ["with another person's user handle", { userHandle: "c29tZW9uZQ" }, "bad-passkey"],
  ] as [string, Wrong, string][])("with one %s starts no session", async (_, wrong, error) => {
    const response = await showPasskey("/sign-in/passkey", alice.device, { wrong });
    const before = await rows();
    await expectRefused(response, 403, error);
    expect(await rows()).toEqual(before);
    expect((await showPasskey("/sign-in/passkey", alice.device)).status).toBe(200);
  });

  it("with one that nobody has starts no session", async () => {
    const stranger = new Authenticator();
    await stranger.create({ challenge: "x", user: { id: "eA", name: "x" } });
    const before = await rows();
    await expectRefused(await showPasskey("/sign-in/passkey", stranger), 403, "bad-passkey");
    expect(await rows()).toEqual(before);
  });

  it("takes an answer once: a replay starts no session", async () => {
    const credential = await alice.device.get(await optionsOf("/sign-in/passkey"));
    expect((await sendJson("/sign-in/passkey", { credential })).status).toBe(200);
    const before = await allRows();
    await expectRefused(await sendJson("/sign-in/passkey", { credential }), 403, "late-passkey");
    expect(await allRows()).toEqual(before);
  });

  it("takes one answer once also where it is sent many times at once", async () => {
    const credential = await alice.device.get(await optionsOf("/sign-in/passkey"));
    const responses = await Promise.all(
      Array.from({ length: 4 }, () => sendJson("/sign-in/passkey", { credential })),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403]);
    expect(responses.filter(({ headers }) => headers.get("set-cookie"))).toHaveLength(1);
  });

  it("takes an answer for five minutes", async () => {
    const options = await optionsOf("/sign-in/passkey");
    const credential = await alice.device.get(options);
    advanceClock(5 * MINUTE_MS);
    await expectRefused(await sendJson("/sign-in/passkey", { credential }), 403, "late-passkey");
  });

  it("takes no challenge that was for something else", async () => {
    const person = await signUpWithPasskey();
    const { cookie, device } = person;
    const before = await rows();
    for (const options of [
      await optionsOf("/sign-up/passkey", { name: uniqueUserName() }),
      await optionsOf("/security/passkeys/add", {}, { cookie }),
      await optionsOf("/confirm/passkey", {}, { cookie }),
    ]) {
      const credential = await device.get(options);
      await expectRefused(await sendJson("/sign-in/passkey", { credential }), 403, "late-passkey");
    }
    const made = await new Authenticator().create(await optionsOf("/sign-in/passkey"));
    const signUp = await sendJson("/sign-up/passkey", { credential: made });
    await expectRefused(signUp, 403, "late-passkey");
    expect(await rows()).toEqual(before);
  });

  it("refuses a counter that does not go on: the passkey was copied", async () => {
    const { device } = await signUpWithPasskey();
    const show = (counter: number) =>
      showPasskey("/sign-in/passkey", device, { wrong: { counter } });
    expect((await show(5)).status).toBe(200);
    const before = await rows();
    for (const counter of [5, 4, 0]) await expectRefused(await show(counter), 403, "bad-passkey");
    expect(await rows()).toEqual(before);
    expect((await show(6)).status).toBe(200);
  });

  it("of a suspended account is told so, in words; of a deleted one not", async () => {
    const { name, device } = await signUpWithPasskey();
    const set = async (column: string) =>
      env.DB.prepare(`UPDATE accounts SET ${column} = 1 WHERE name = ?`).bind(name).run();
    await set("suspended_at");
    await expectRefused(await showPasskey("/sign-in/passkey", device), 403, "suspended");
    await set("deleted_at");
    await expectRefused(await showPasskey("/sign-in/passkey", device), 403, "bad-passkey");
  });

  it("is not offered at an address of digits, to which no passkey can be bound", async () => {
    expect(await (await send("/sign-in")).text()).toContain("data-passkey");
    const there = await sendWithSettings({})("http://127.0.0.1:8000/sign-in");
    expect(await there.text()).not.toContain("data-passkey");
  });
});

describe("From one address", () => {
  it("only so many tries a minute reach the doors of passkeys", async () => {
    const before = await allRows();
    const address = { "CF-Connecting-IP": "192.0.2.7" };
    for (const [door, fields] of [
      ["/sign-up/passkey", { name: "?" }],
      ["/sign-in/passkey", { credential: 1 }],
    ] as const) {
      const flood = await Promise.all(
        Array.from({ length: 61 }, () => sendJson(door, fields, address)),
      );
      const refused = flood.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      for (const { headers } of refused) expect(Number(headers.get("retry-after"))).toBe(60);
    }
    expect(await allRows()).toEqual(before);
  });
});

describe("A proof of who one is", () => {
  const page = (cookie: string): Promise<Response> =>
    send("/security/password", { headers: { Cookie: cookie } });

  it("is asked for a quarter of an hour after the last one, and leads back", async () => {
    const { cookie, device } = await signUpWithPasskey();
    expect((await page(cookie)).status).toBe(200);
    advanceClock(15 * MINUTE_MS);
    const asked = await page(cookie);
    const to = "/confirm?next=%2Fsecurity%2Fpassword";
    expect([asked.status, asked.headers.get("location")]).toEqual([303, to]);
    const response = await showPasskey("/confirm/passkey", device, {
      cookie,
      fields: { next: "/security/password" },
    });
    expect(await response.json()).toEqual({ next: "/security/password" });
    expect((await page(cookie)).status).toBe(200);
  });

  it("has another way for who has a passkey alone and cannot use it", async () => {
    const { cookie } = await signUpWithPasskey();
    const headers = { Cookie: cookie };
    const ofDigits = sendWithSettings({ ORIGIN: "https://192.0.2.1" });
    for (const [html, why] of [
      [await (await send("/confirm", { headers })).text(), "JavaScript is switched off"],
      [await (await ofDigits("https://192.0.2.1/confirm", { headers })).text(), "no passkeys here"],
    ] as const) {
      expect(mainText(html)).toContain(why);
      expect(findElements(html, "a")).toContainEqual({ href: "/recover" });
    }
    const withPassword = await (
      await send("/confirm", { headers: { Cookie: (await createUser()).cookie } })
    ).text();
    expect(mainText(withPassword)).not.toMatch(/passkey|recovery/);
  });

  it("is a password, too, with the same delays as at sign-in", async () => {
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
    const before = await rows();
    for (let i = 0; i < 4; i++) expect((await confirm("wrong password")).status).toBe(403);
    expect((await confirm(PASSWORD)).status).toBe(429);
    expect(await rows()).toEqual(before);
    advanceClock(MINUTE_MS);
    const response = await confirm(PASSWORD);
    expect(response.headers.get("location")).toBe("/security/password");
    expect((await page(cookie)).status).toBe(200);
  });

  it("is not somebody else's passkey, nor one shown at sign-in, nor the same one twice", async () => {
    const { cookie, device } = await signUpWithPasskey();
    const shown = await device.get(await optionsOf("/confirm/passkey", {}, { cookie }));
    expect((await sendJson("/confirm/passkey", { credential: shown }, { cookie })).status).toBe(
      200,
    );
    advanceClock(15 * MINUTE_MS);
    const before = await rows();
    const foreign = await showPasskey("/confirm/passkey", alice.device, { cookie });
    await expectRefused(foreign, 403, "bad-passkey");
    const atSignIn = await device.get(await optionsOf("/sign-in/passkey"));
    for (const credential of [atSignIn, shown]) {
      const response = await sendJson("/confirm/passkey", { credential }, { cookie });
      await expectRefused(response, 403, "late-passkey");
    }
    const others = await device.get(
      await optionsOf("/confirm/passkey", {}, { cookie: alice.cookie }),
    );
    const response = await sendJson("/confirm/passkey", { credential: others }, { cookie });
    await expectRefused(response, 403, "late-passkey");
    expect(await rows()).toEqual(before);
    expect((await page(cookie)).status).toBe(303);
  });

  it("is wanted by every page that changes a way in", async () => {
    const { cookie, device } = await signUpWithPasskey();
    advanceClock(31 * MINUTE_MS);
    const before = await rows();
    for (const path of [
      "/security/password",
      "/security/password/remove",
      "/security/passkeys/add",
      `/security/passkeys/${device.id}`,
      `/security/passkeys/${device.id}/remove`,
      "/security/recovery-codes",
    ]) {
      const get = await send(path, { headers: { Cookie: cookie } });
      const post = await sendForm(path, { password: PASSWORD, name: "x" }, { cookie });
      for (const { status, headers } of [get, post]) {
        const to = `/confirm?${new URLSearchParams({ next: path })}`;
        expect([path, status, headers.get("location")]).toEqual([path, 303, to]);
      }
      const nobody = await sendForm(path, { password: PASSWORD, name: "x" });
      expect(nobody.headers.get("location")).toMatch(/^\/sign-in\?/);
    }
    expect(await rows()).toEqual(before);
  });
});

describe("Several passkeys", () => {
  const add = (person: TestUser, device = new Authenticator(), wrong: Wrong = {}) =>
    makePasskey(
      "/security/passkeys/add",
      { name: "My phone" },
      {
        device,
        wrong,
        cookie: person.cookie,
      },
    );

  const remove = ({ cookie }: TestUser, id: string) =>
    sendForm(`/security/passkeys/${id}/remove`, {}, { cookie });

  it("open the same account, each with its name", async () => {
    const person = await signUpWithPasskey();
    const { response, device } = await add(person);
    expect([response.status, await response.json()]).toEqual([200, { next: "/security" }]);
    expect(await signedInUser(sessionCookie(await showPasskey("/sign-in/passkey", device)))).toBe(
      person.name,
    );
    const page = await send("/security", { headers: { Cookie: person.cookie } });
    expect(mainText(await page.text())).toContain("My phone");
  });

  it.each(WRONGS)("one %s is not added", async (_, wrong, error) => {
    const before = await rows();
    const { response } = await add(alice, new Authenticator(), wrong);
    await expectRefused(response, 403, error);
    expect(await rows()).toEqual(before);
  });

  it("are asked for by a page, which answers a form that a browser sends without our script", async () => {
    const before = await allRows();
    const { cookie } = alice;
    const response = await sendForm("/security/passkeys/add", { name: "Phone" }, { cookie });
    expect([response.status, findElements(await response.text(), "h1").length]).toEqual([200, 1]);
    expect(await allRows()).toEqual(before);
  });

  it("somebody else's, or for somebody else, is not added", async () => {
    const other = await signUpWithPasskey();
    const before = await rows();
    const taken = await add(other, new Authenticator(), { id: alice.device.id });
    await expectRefused(taken.response, 403, "bad-passkey");
    const options = await optionsOf("/security/passkeys/add", {}, { cookie: alice.cookie });
    const credential = await new Authenticator().create(options);
    const { cookie } = other;
    const response = await sendJson("/security/passkeys/add", { credential }, { cookie });
    await expectRefused(response, 403, "late-passkey");
    expect(await rows()).toEqual(before);
  });

  it("are renamed; an empty name changes nothing, a long one is cut", async () => {
    const person = await signUpWithPasskey();
    const rename = (name: string) =>
      sendForm(`/security/passkeys/${person.device.id}`, { name }, { cookie: person.cookie });
    for (const [typed, name] of [
      [" Laptop ", "Laptop"],
      [" ", "Laptop"],
      ["<b>é</b>", "<b>é</b>"],
      ["x".repeat(200), "x".repeat(60)],
    ] as const) {
      expect((await rename(typed)).headers.get("location")).toBe("/security");
      expect((await passkeysOf(person.name))[0]?.name).toBe(name);
    }
  });

  it("one is removed after a question, and opens nothing any more", async () => {
    const person = await signUpWithPasskey();
    const { device } = await add(person);
    const path = `/security/passkeys/${device.id}/remove`;
    const question = await send(path, { headers: { Cookie: person.cookie } });
    expect(mainText(await question.text())).toContain('Remove "My phone"?');
    expect(await passkeysOf(person.name)).toHaveLength(2);
    expect((await remove(person, device.id)).headers.get("location")).toBe("/security");
    await expectRefused(await showPasskey("/sign-in/passkey", device), 403, "bad-passkey");
    expect((await showPasskey("/sign-in/passkey", person.device)).status).toBe(200);
  });

  it("the last way in is not removed; with a password it is", async () => {
    const person = await signUpWithPasskey();
    const before = await allRows();
    const refused = await remove(person, person.device.id);
    expect(refused.status).toBe(409);
    expect(mainText(await refused.text())).toContain("last way in");
    expect(await allRows()).toEqual(before);
    const { cookie } = person;
    await sendForm(
      "/security/password",
      { password: PASSWORD },
      { cookie, ...uniqueClientAddress() },
    );
    expect((await remove(person, person.device.id)).status).toBe(303);
    expect(await passkeysOf(person.name)).toEqual([]);
  });

  it("two that are removed at once leave one", async () => {
    const person = await signUpWithPasskey();
    const { device } = await add(person);
    await Promise.all([person.device.id, device.id].map((id) => remove(person, id)));
    expect(await passkeysOf(person.name)).toHaveLength(1);
  });

  it("of somebody else are not there", async () => {
    const { cookie } = await createUser();
    const before = await allRows();
    const path = `/security/passkeys/${alice.device.id}`;
    for (const at of [path, `${path}/remove`]) {
      expect((await send(at, { headers: { Cookie: cookie } })).status).toBe(404);
      await sendForm(at, { name: "mine" }, { cookie });
    }
    expect(await allRows()).toEqual(before);
  });
});
