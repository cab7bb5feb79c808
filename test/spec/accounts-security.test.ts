/** The security page with sign-in methods and sessions; suspended users; invitations. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/core/secrets";
import { Authenticator } from "../support/authenticator";
import { advanceClock, DAY_MS } from "../support/clock";
import { fieldValue, findElements, findInlineCode, mainText } from "../support/html";
import { createPasskey, signUpWithPasskey } from "../support/passkeys";
import {
  createUser,
  ORIGIN,
  PASSWORD,
  send,
  sendForm,
  sessionCookie,
  type TestUser,
  uniqueUserName,
} from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const security = async (cookie: string, headers: Record<string, string> = {}): Promise<string> =>
  (await send("/security", { headers: { Cookie: cookie, ...headers } })).text();

const activityKinds = async (name: string): Promise<unknown[]> => {
  const { results } = await env.DB.prepare("SELECT kind FROM activity WHERE account = ?")
    .bind(await accountId(name))
    .all();
  return results.map(({ kind }) => kind);
};

describe("Active sessions", () => {
  it("are listed with browser and system, the current one marked; one can be ended", async () => {
    const user = await createUser();
    const other = sessionCookie(await submitSignIn(user.name, PASSWORD, { "User-Agent": FIREFOX }));
    const html = await security(user.cookie);
    expect(mainText(html)).toContain("Firefox, Linux");
    expect(mainText(html)).toContain("This browser");
    const buttons = findElements(html, "button").filter(({ name }) => name === "session");
    expect(buttons).toHaveLength(2);
    const session = buttons.find(({ value }) => value !== "others")?.value ?? "";
    await sendForm("/security/sessions/end", { session }, { cookie: user.cookie });
    expect(await Promise.all([other, user.cookie].map(signedInUser))).toEqual(["", user.name]);
    expect(await activityKinds(user.name)).toContain("session-ended");
  });

  it("can all be ended at once, except for the current one", async () => {
    const user = await createUser();
    const others = [
      sessionCookie(await submitSignIn(user.name)),
      sessionCookie(await submitSignIn(user.name)),
    ];
    await sendForm("/security/sessions/end", { session: "others" }, { cookie: user.cookie });
    expect(await Promise.all(others.map(signedInUser))).toEqual(["", ""]);
    expect(await signedInUser(user.cookie)).toBe(user.name);
    expect(mainText(await security(user.cookie))).not.toContain("everywhere else");
  });

  it("of other users cannot be ended", async () => {
    const [user, other] = [await createUser(), await createUser()];
    const before = await allRows();
    const session = await sha256(other.cookie.split("=")[1] ?? "");
    for (const ended of [session, "", "x"]) {
      await sendForm("/security/sessions/end", { session: ended }, { cookie: user.cookie });
    }
    expect(await allRows()).toEqual(before);
    const signedOut = await sendForm("/security/sessions/end", { session });
    expect(signedOut.headers.get("location")).toMatch(/^\/sign-in\?/);
  });

  it("lead back to their page after a form that required a sign-in", async () => {
    for (const [path, page] of [
      ["/security/sessions/end", "/security"],
      ["/confirm/passkey", "/confirm"],
    ] as const) {
      const redirect = await sendForm(path, {});
      expect(redirect.headers.get("location")).toBe(`/sign-in?next=${encodeURIComponent(path)}`);
      const { cookie } = await createUser();
      const back = await send(path, { headers: { Cookie: cookie } });
      expect([back.status, back.headers.get("location")]).toEqual([303, page]);
    }
  });
});

describe("The security page", () => {
  it("is in German for browsers that prefer it, with all its forms", async () => {
    const { cookie } = await signUpWithPasskey();
    const german = { "Accept-Language": "de", Cookie: cookie };
    for (const [path, words] of [
      ["/security", "Überall sonst abmelden|Wiederherstellungscodes"],
      ["/security/password", "Mindestens 10 Zeichen"],
      ["/security/recovery-codes", "10 Codes"],
      ["/security/passkeys/add", "So kannst du deine Passkeys unterscheiden"],
      ["/sign-in", "Weiter mit einem Passkey"],
      ["/sign-up", "Erstelle dein Konto"],
      ["/recover", "Wiederherstellungscode"],
      ["/confirm", "Bestätige, dass du es bist"],
    ] as const) {
      const html = await (await send(path, { headers: german })).text();
      expect([path, mainText(html)]).toEqual([path, expect.stringMatching(words)]);
      expect(findElements(html, "html")).toEqual([{ lang: "de" }]);
    }
    const wrong = await sendForm(
      "/sign-in",
      { name: "?", password: "?" },
      { "Accept-Language": "de" },
    );
    expect(mainText(await wrong.text())).toContain("Der Name oder das Passwort ist falsch.");
  });

  it("and its forms label every field, and contain no inline code", async () => {
    const { cookie, device } = await signUpWithPasskey();
    for (const path of [
      "/security",
      "/security/password",
      "/security/password/remove",
      "/security/passkeys/add",
      `/security/passkeys/rename/${device.id}`,
      `/security/passkeys/remove/${device.id}`,
      "/security/recovery-codes",
      "/confirm",
      "/recover",
    ]) {
      const response = await send(path, { headers: { Cookie: cookie } });
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
      const html = await response.text();
      expect(findInlineCode(html)).toEqual([]);
      expect(findElements(html, "h1")).toHaveLength(1);
      const labelled = new Set(findElements(html, "label").map((label) => label.for));
      for (const { id, type } of findElements(html, "input")) {
        if (type !== "hidden") expect(labelled).toContain(id);
      }
    }
  });

  it("records every change in the activity log, once", async () => {
    const { name, cookie } = await signUpWithPasskey();
    await sendForm(
      "/security/password",
      { password: PASSWORD },
      { cookie, ...uniqueClientAddress() },
    );
    const device = new Authenticator();
    await createPasskey("/security/passkeys/add", { name: "b" }, { device, cookie });
    // The second request changes nothing.
    for (const name of ["c", "c"])
      await sendForm(`/security/passkeys/rename/${device.id}`, { name }, { cookie });
    await sendForm(`/security/passkeys/remove/${device.id}`, {}, { cookie });
    await sendForm("/security/recovery-codes", {}, { cookie });
    await sendForm("/security/password/remove", {}, { cookie });
    expect((await activityKinds(name)).sort()).toEqual([
      "passkey-added",
      "passkey-removed",
      "passkey-renamed",
      "password-removed",
      "password-set",
      "recovery-codes-made",
      "sign-up",
    ]);
  });
});

describe("A suspended user", () => {
  it("is told so after the right password, and only then", async () => {
    const { name } = await createUser();
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE name = ?").bind(name).run();
    const before = await allRows();
    const response = await submitSignIn(name);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
    expect(mainText(await response.text())).toContain("This account is suspended.");
    expect(mainText(await (await submitSignIn(name, "wrong password")).text())).not.toContain(
      "suspended",
    );
    expect(await allRows()).toEqual(before);
  });
});

describe("An invitation", () => {
  const invite = async (values: Record<string, number> = {}): Promise<string> => {
    const secret = `invitation ${uniqueUserName()}`;
    const { max_uses = 1, is_admin = 0, expires_at = Date.now() + DAY_MS } = values;
    await env.DB.prepare("INSERT INTO invitations VALUES (?, 'for a friend', ?, 5000, ?, 0, ?)")
      .bind(await sha256(secret), max_uses, is_admin, expires_at)
      .run();
    return secret;
  };

  const signUpInvited = (
    sendTo: Send,
    invitation: string,
    name = uniqueUserName(),
  ): Promise<Response> =>
    sendTo("/sign-up", {
      method: "POST",
      body: new URLSearchParams({ name, password: PASSWORD, invitation }),
      headers: { Origin: ORIGIN, ...uniqueClientAddress() },
    });

  const openForm = async (sendTo: Send, invitation: string): Promise<[number, string]> => {
    const path = `/sign-up?${new URLSearchParams({ invitation })}`;
    const response = await sendTo(path);
    return [response.status, await response.text()];
  };

  it.each([
    ["invitation", 0],
    ["open", 0],
    ["closed", 1],
  ])(
    "allows signing up while sign-up is %s (for an administrator: %i)",
    async (SIGN_UP, is_admin) => {
      const sendTo = sendWithSettings({ SIGN_UP });
      const invitation = await invite({ is_admin });
      const [status, html] = await openForm(sendTo, invitation);
      expect([status, fieldValue(html, "invitation")]).toEqual([200, invitation]);
      expect(mainText(html)).toContain("You’re invited.");
      const name = uniqueUserName();
      const response = await signUpInvited(sendTo, invitation, name);
      expect(await signedInUser(sessionCookie(response))).toBe(name);
      const account = await env.DB.prepare("SELECT * FROM accounts WHERE name = ?")
        .bind(name)
        .first();
      expect(account).toMatchObject({ is_admin, quota_bytes: 5000 });
    },
  );

  it("that makes no administrator is refused while sign-up is closed, with a password or a passkey", async () => {
    const sendTo = sendWithSettings({ SIGN_UP: "closed" });
    const invitation = await invite();
    const before = await allRows();
    const [status, html] = await openForm(sendTo, invitation);
    expect([status, fieldValue(html, "invitation")]).toEqual([403, undefined]);
    const response = await signUpInvited(sendTo, invitation);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
    expect(mainText(await response.text())).toContain("Sign-up is closed");
    const passkey = await sendTo("/sign-up/passkey", {
      method: "POST",
      body: JSON.stringify({ name: uniqueUserName(), invitation }),
      headers: { Origin: ORIGIN, ...uniqueClientAddress() },
    });
    expect([passkey.status, await passkey.json()]).toMatchObject([403, { error: "closed" }]);
    expect(await allRows()).toEqual(before);
  });

  it.each([
    ["invitation", "You need a valid invitation"],
    ["closed", "Sign-up is closed"],
    ["open", "You need a valid invitation"],
  ])(
    "that is unknown, used up or expired is refused while sign-up is %s",
    async (SIGN_UP, sentence) => {
      const sendTo = sendWithSettings({ SIGN_UP });
      const used = await invite({ is_admin: 1 });
      await env.DB.prepare("UPDATE accounts SET invitation = ? WHERE name = ?")
        .bind(await sha256(used), (await createUser()).name)
        .run();
      const old = await invite({ is_admin: 1, expires_at: Date.now() });
      const before = await allRows();
      for (const invitation of ["made up", used, old]) {
        const [status, html] = await openForm(sendTo, invitation);
        expect(status).toBe(403);
        expect(html).not.toContain("<input");
        const response = await signUpInvited(sendTo, invitation);
        expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
        expect(mainText(await response.text())).toContain(sentence);
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it("is required if sign-up is by invitation", async () => {
    const sendTo = sendWithSettings({ SIGN_UP: "invitation" });
    const before = await allRows();
    expect((await openForm(sendTo, ""))[0]).toBe(403);
    expect((await signUpInvited(sendTo, "")).status).toBe(403);
    expect(await allRows()).toEqual(before);
  });

  it("admits as many users as it is for, also at the same time, and also with passkeys", async () => {
    const sendTo = sendWithSettings({ SIGN_UP: "invitation" });
    const invitation = await invite({ max_uses: 2 });
    const responses = await Promise.all([1, 2, 3].map(() => signUpInvited(sendTo, invitation)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 303, 403]);

    const one = await invite();
    const fields = { name: uniqueUserName(), invitation: one };
    const { response } = await createPasskey("/sign-up/passkey", fields);
    expect(await signedInUser(sessionCookie(response))).toBe(fields.name);
    const late = await createPasskey("/sign-up/passkey", {
      name: uniqueUserName(),
      invitation: await invite(),
    });
    expect(late.response.status).toBe(200);
    await expect(
      createPasskey("/sign-up/passkey", { name: uniqueUserName(), invitation: one }),
    ).rejects.toThrow("403");
  });
});

describe("Expired sessions", () => {
  it("are not listed", async () => {
    const user: TestUser = await createUser();
    advanceClock(29 * DAY_MS);
    const here = sessionCookie(await submitSignIn(user.name));
    advanceClock(2 * DAY_MS);
    const buttons = findElements(await security(here), "button");
    expect(buttons.filter(({ name }) => name === "session")).toEqual([]);
  });
});
