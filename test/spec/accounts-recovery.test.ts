/** Account recovery: recovery codes, links by mail, and reset links from administrators. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { loadSignInMethods } from "../../src/accounts/accounts";
import { createResetLink } from "../../src/accounts/links";
import { listLocalEmails } from "../../src/accounts/send-email";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { findElements, mainText } from "../support/html";
import { createPasskey, signUpWithPasskey, signWithPasskey } from "../support/passkeys";
import {
  authorizeUrl,
  connectApp,
  createUser,
  ORIGIN,
  PASSWORD,
  send,
  sendForm,
  sessionCookie,
  type TestUser,
} from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";

const createCodes = async ({ cookie }: TestUser): Promise<string[]> => {
  const response = await sendForm("/security/recovery-codes", {}, { cookie });
  expect(response.status).toBe(200);
  const list = /<ul class="codes"[^>]*>(.*?)<\/ul>/s.exec(await response.text())?.[1] ?? "";
  return [...list.matchAll(/<li>\s*([^<\s]+)\s*<\/li>/g)].map(([, code = ""]) => code);
};

const recover = (name: string, code: string): Promise<Response> =>
  sendForm("/recover", { name, code }, uniqueClientAddress());

const signInMethods = async (name: string) => loadSignInMethods(env.DB, await accountId(name));

describe("Recovery codes", () => {
  it("are ten, of more than 80 bits each, without look-alike letters, and stored as hashes", async () => {
    const codes = await createCodes(await createUser());
    expect(new Set(codes).size).toBe(10);
    const alphabet = "23456789abcdefghjkmnpqrstvwxyz";
    for (const code of codes) {
      expect(code).toMatch(new RegExp(`^[${alphabet}]{6}-[${alphabet}]{6}-[${alphabet}]{5}$`));
    }
    expect(17 * Math.log2(alphabet.length)).toBeGreaterThan(80);
    const text = JSON.stringify(await allRows());
    for (const code of codes) {
      expect(text).not.toContain(code);
      expect(text).not.toContain(code.replaceAll("-", ""));
    }
  });

  it("are shown on a page without a language menu, which would reload the page and lose them", async () => {
    const { cookie } = await createUser();
    const path = "/security/recovery-codes";
    const asks = await (await send(path, { headers: { Cookie: cookie } })).text();
    expect(asks).toContain('action="/language"');
    expect(await (await sendForm(path, {}, { cookie })).text()).not.toContain("/language");
  });

  it("sign in once each, and lead to the page that sets a new sign-in method", async () => {
    const user = await signUpWithPasskey();
    const [first = "", second = ""] = await createCodes(user);
    const response = await recover(user.name, first);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/security?after=code",
    ]);
    const cookie = sessionCookie(response);
    expect(await signedInUser(cookie)).toBe(user.name);
    const page = await send("/security?after=code", { headers: { Cookie: cookie } });
    expect(mainText(await page.text())).toContain("You have 9 codes left");
    // This counts as a recent authentication.
    const set = await sendForm(
      "/security/password",
      { password: PASSWORD },
      { cookie, ...uniqueClientAddress() },
    );
    expect(set.headers.get("location")).toBe("/security?after=password");
    expect((await signInMethods(user.name)).hasPassword).toBe(true);
    const before = await allRows();
    const again = await recover(user.name, first);
    expect([again.status, again.headers.get("set-cookie")]).toEqual([403, null]);
    expect(await allRows()).toEqual(before);
    expect((await recover(user.name, second)).status).toBe(303);
  });

  it("are accepted in capitals, with spaces or without hyphens, and with the whole address", async () => {
    const { name, cookie } = await createUser();
    const codes = await createCodes({ name, cookie });
    const typed = [
      codes[0]?.toUpperCase(),
      codes[1]?.replaceAll("-", " "),
      ` ${codes[2]?.replaceAll("-", "")} `,
    ];
    for (const code of typed) expect((await recover(name, code ?? "")).status).toBe(303);
    expect((await recover(`${name}@satchel.example`, codes[3] ?? "")).status).toBe(303);
  });

  it("sign in once even if sent many times at the same time", async () => {
    const { name, cookie } = await createUser();
    const [code = ""] = await createCodes({ name, cookie });
    const responses = await Promise.all([1, 2, 3, 4].map(() => recover(name, code)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403]);
    expect(responses.filter(({ headers }) => headers.get("set-cookie"))).toHaveLength(1);
    expect((await signInMethods(name)).recoveryCodes).toBe(9);
  });

  it("are replaced by a new set", async () => {
    const { name, cookie } = await createUser();
    const [old = ""] = await createCodes({ name, cookie });
    const [code = ""] = await createCodes({ name, cookie });
    expect((await recover(name, old)).status).toBe(403);
    expect((await recover(name, code)).status).toBe(303);
    expect((await signInMethods(name)).recoveryCodes).toBe(9);
  });

  it("are refused alike if wrong, whether or not the name exists", async () => {
    const { name, cookie } = await createUser();
    const other = await createUser();
    const [code = ""] = await createCodes({ name, cookie });
    const before = await allRows();
    const pages = await Promise.all(
      [
        [name, "abcdef-abcdef-abcde"],
        ["zz-top", "abcdef-abcdef-abcde"],
        [other.name, code],
        [other.name, ""],
        ["?", code],
      ].map(async ([typed = "", wrong = ""]) => {
        const response = await recover(typed, wrong);
        expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
        return (await response.text()).replaceAll(`value="${typed}"`, "NAME");
      }),
    );
    expect(new Set(pages).size).toBe(1);
    expect(await allRows()).toEqual(before);
  });

  it("of a suspended account do not sign in, and are kept", async () => {
    const { name, cookie } = await createUser();
    const [code = ""] = await createCodes({ name, cookie });
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE name = ?").bind(name).run();
    const before = await allRows();
    const response = await recover(name, code);
    expect(mainText(await response.text())).toContain("suspended");
    expect(await allRows()).toEqual(before);
  });

  it("are accepted only so many times per minute from one address", async () => {
    const address = { "CF-Connecting-IP": "192.0.2.8" };
    const flood = await Promise.all(
      Array.from({ length: 61 }, () => sendForm("/recover", { name: "?", code: "?" }, address)),
    );
    expect(flood.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });
});

describe("What a user wanted to open before recovering", () => {
  const NEXT = authorizeUrl("alice", { state: "a=b&c" });

  /** The cookie with which the page at `path` remembers it; "" if it does not. */
  const nextCookie = async (path: string): Promise<string> =>
    (await send(path)).headers
      .getSetCookie()
      .map((cookie) => cookie.split(";", 1)[0] ?? "")
      .find((cookie) => cookie.startsWith("__Host-next=")) ?? "";

  const signInWith = (next: string): string => `/sign-in?${new URLSearchParams({ next })}`;

  /** Where the security page offers to continue; null if it does not. */
  const continuation = async (...cookies: string[]): Promise<string | null> => {
    const headers = { Cookie: cookies.join("; ") };
    const links = findElements(await (await send("/security", { headers })).text(), "a");
    const link = links.find(({ href }) => href === "/recover/continue");
    return link ? (await send("/recover/continue", { headers })).headers.get("location") : null;
  };

  it("is offered after a recovery code, a link of an administrator, and a new passkey", async () => {
    const user = await createUser();
    const [code = ""] = await createCodes(user);
    const next = await nextCookie(signInWith(NEXT));
    const recovered = await sendForm(
      "/recover",
      { name: user.name, code },
      { cookie: next, ...uniqueClientAddress() },
    );
    const session = sessionCookie(recovered);
    expect(await continuation(session, next)).toBe(NEXT);

    const path = await createResetLink(env, await accountId(user.name), Date.now());
    const cookie = `${sessionCookie(await sendForm(path, {}, { cookie: next }))}; ${next}`;
    const { response } = await createPasskey("/security/passkeys/add", { name: "x" }, { cookie });
    expect(await response.json()).toEqual({ next: "/security" });
    expect(await continuation(cookie)).toBe(NEXT);
    const left = await send("/recover/continue", { headers: { Cookie: cookie } });
    expect(left.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-next=; Max-Age=0/),
    ]);
  });

  it("is remembered by the page for recovery codes, too, to which others link", async () => {
    expect(await nextCookie(`/recover?${new URLSearchParams({ next: NEXT })}`)).not.toBe("");
    const { cookie } = await signUpWithPasskey();
    const confirm = `/confirm?${new URLSearchParams({ next: NEXT })}`;
    const links = findElements(
      await (await send(confirm, { headers: { Cookie: cookie } })).text(),
      "a",
    );
    const link = links.find(({ href }) => href?.startsWith("/recover"));
    expect(new URL(link?.href ?? "", ORIGIN).searchParams.get("next")).toBe(NEXT);
  });

  it("is not offered if it is on another site, the home page, or too long for a cookie", async () => {
    const { cookie } = await createUser();
    for (const next of [
      "//evil.example",
      "https://evil.example/",
      "/",
      `/apps?${"x".repeat(4000)}`,
    ])
      expect(await nextCookie(signInWith(next))).toBe("");
    expect(await continuation(cookie)).toBeNull();
    expect(await continuation(cookie, "__Host-next=%2F%2Fevil.example")).toBeNull();
    const planted = { Cookie: "__Host-next=https%3A%2F%2Fevil.example" };
    const left = await send("/recover/continue", { headers: planted });
    expect(left.headers.get("location")).toBe("/");
  });

  it("is forgotten by a user who signs in without recovering", async () => {
    const { name } = await createUser();
    const next = await nextCookie(signInWith(NEXT));
    const response = await submitSignIn(name, PASSWORD, { cookie: next });
    expect(response.headers.getSetCookie()).toContainEqual(
      expect.stringMatching(/^__Host-next=; Max-Age=0/),
    );
  });
});

describe("A reset link from an administrator", () => {
  it("says what it does, does nothing when it is opened, and removes the old sign-in methods", async () => {
    const user = await createUser();
    const { device } = await createPasskey(
      "/security/passkeys/add",
      { name: "a" },
      { cookie: user.cookie },
    );
    const [code = ""] = await createCodes(user);
    await env.DB.prepare("UPDATE accounts SET email = 'a@b.example' WHERE name = ?")
      .bind(user.name)
      .run();
    const app = await connectApp(user);
    const path = await createResetLink(env, await accountId(user.name), Date.now());
    const before = await allRows();
    const page = await send(path);
    expect(mainText(await page.text())).toContain(`Reset sign-in for ${user.name}`);
    expect(await allRows()).toEqual(before);

    const response = await sendForm(path, {});
    expect(response.headers.get("location")).toBe("/security?after=reset");
    const cookie = sessionCookie(response);
    expect(await Promise.all([user.cookie, cookie].map(signedInUser))).toEqual(["", user.name]);
    expect(await signInMethods(user.name)).toEqual({
      passkeys: 0,
      hasPassword: false,
      recoveryCodes: 0,
      email: null,
    });
    expect((await submitSignIn(user.name)).status).toBe(403);
    expect((await signWithPasskey("/sign-in/passkey", device)).status).toBe(403);
    expect((await recover(user.name, code)).status).toBe(403);
    expect((await app.get("/")).status).toBe(200);
    const security = await send("/security?after=reset", { headers: { Cookie: cookie } });
    const html = await security.text();
    expect(mainText(html)).toContain("Your apps and access tokens still work");
    expect(findElements(/<main.*<\/main>/s.exec(html)?.[0] ?? "", "a")[0]).toEqual({
      href: "/apps",
    });
    const set = await send("/security/password", { headers: { Cookie: cookie } });
    expect(set.status).toBe(200);
  });

  it("works once, for a day, and not for a form of another site", async () => {
    const { name, cookie } = await createUser();
    const createLink = async () => createResetLink(env, await accountId(name), Date.now());
    const path = await createLink();
    const foreign = await sendForm(path, {}, { Origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    expect(await signedInUser(cookie)).toBe(name);
    const responses = await Promise.all([1, 2, 3].map(() => sendForm(path, {})));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 404, 404]);
    for (const used of [await send(path), await send("/link/x"), await sendForm("/link/x", {})]) {
      expect([used.status, used.headers.get("set-cookie")]).toEqual([404, null]);
    }
    const late = await createLink();
    advanceClock(DAY_MS);
    expect((await sendForm(late, {})).status).toBe(404);
  });

  it("is stored as a hash", async () => {
    const path = await createResetLink(env, await accountId((await createUser()).name), Date.now());
    expect(JSON.stringify(await allRows())).not.toContain(path.split("/")[2]);
  });
});

describe("Mail", () => {
  const LOCAL = "http://localhost:8000";
  const KEY = "key-of-this-server";
  const sendLocal = sendWithSettings({ MAIL: "local", LOCAL_MAIL_KEY: KEY } as never);

  const post = (path: string, fields: Record<string, string>, cookie = "") =>
    sendLocal(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Origin: ORIGIN, Cookie: cookie, ...uniqueClientAddress() },
    });

  const linkIn = (text = ""): string => /\/link\/[\w-]+/.exec(text)?.[0] ?? "";

  const createUserWithEmail = async (email: string): Promise<TestUser> => {
    const user = await createUser();
    await post("/security/email", { email }, user.cookie);
    const confirmed = await post(linkIn(listLocalEmails()[0]?.text), {}, user.cookie);
    expect(confirmed.headers.get("location")).toBe("/security?after=email");
    return user;
  };

  it("requires an address to be confirmed first", async () => {
    const user = await createUser();
    const response = await post("/security/email", { email: " a@b.example " }, user.cookie);
    expect(mainText(await response.text())).toContain("We’ve sent a link to a@b.example");
    expect(listLocalEmails()[0]).toMatchObject({ to: "a@b.example" });
    expect((await signInMethods(user.name)).email).toBeNull();
    const path = linkIn(listLocalEmails()[0]?.text);
    expect(mainText(await (await sendLocal(path)).text())).toContain("a@b.example");
    expect((await signInMethods(user.name)).email).toBeNull();
    const confirmed = await post(path, {}, user.cookie);
    expect(confirmed.headers.get("set-cookie")).toBeNull();
    expect((await signInMethods(user.name)).email).toBe("a@b.example");
    expect((await post(path, {}, user.cookie)).status).toBe(404);
    await post("/security/email/remove", {}, user.cookie);
    expect((await signInMethods(user.name)).email).toBeNull();
  });

  it("confirms nothing after a sign-out, or for another user", async () => {
    const user = await createUser();
    const other = await createUser();
    await post("/security/email", { email: "attacker@b.example" }, user.cookie);
    const path = linkIn(listLocalEmails()[0]?.text);
    await sendForm("/sign-out", {}, { cookie: user.cookie });
    for (const cookie of ["", user.cookie, other.cookie]) {
      const response = await post(path, {}, cookie);
      expect(response.headers.get("location")).toMatch(/^\/sign-in\?/);
    }
    expect((await signInMethods(user.name)).email).toBeNull();
    expect((await signInMethods(other.name)).email).toBeNull();
  });

  it.each([
    "",
    "a",
    "a@",
    "@b",
    "a b@c",
    "a@b,c@d",
    "a@b\r\nBcc: c@d",
    "<a@b>",
    "a@b\u0000",
    "a@\u202eb",
  ])("is not sent to the invalid address %j", async (email) => {
    const { cookie } = await createUser();
    const [before, sent] = [await allRows(), listLocalEmails().length];
    expect((await post("/security/email", { email }, cookie)).status).toBe(400);
    expect([await allRows(), listLocalEmails().length]).toEqual([before, sent]);
  });

  it("says so if no more links are sent to a user for the time being", async () => {
    const { cookie } = await createUser();
    for (const email of ["a@b.example", "c@b.example", "d@b.example"]) {
      expect((await post("/security/email", { email }, cookie)).status).toBe(200);
    }
    const [before, sent] = [await allRows(), listLocalEmails().length];
    const refused = await post("/security/email", { email: "e@b.example" }, cookie);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "3600"]);
    expect(mainText(await refused.text())).toContain(
      "Use the latest one, or try again in an hour.",
    );
    expect([await allRows(), listLocalEmails().length]).toEqual([before, sent]);
  });

  it("signs in once, and ends no other session", async () => {
    const user = await createUserWithEmail("c@d.example");
    await post("/recover/mail", { name: user.name });
    const mail = listLocalEmails()[0];
    expect(mail).toMatchObject({ to: "c@d.example" });
    const path = linkIn(mail?.text);
    const response = await post(path, {});
    expect(response.headers.get("location")).toBe("/security?after=link");
    expect(await signedInUser(sessionCookie(response))).toBe(user.name);
    expect(await signedInUser(user.cookie)).toBe(user.name);
    expect((await submitSignIn(user.name)).status).toBe(303);
    expect((await post(path, {})).status).toBe(404);
  });

  it("answers alike for every name, and sends a user at most three", async () => {
    const user = await createUserWithEmail("e@f.example");
    const without = await createUser();
    const sent = listLocalEmails().length;
    const pages = await Promise.all(
      [without.name, "zz-top", "?"].map(async (name) =>
        (await post("/recover/mail", { name })).text(),
      ),
    );
    expect(listLocalEmails().length).toBe(sent);
    for (let i = 0; i < 5; i++) {
      pages.push(await (await post("/recover/mail", { name: user.name })).text());
    }
    expect(new Set(pages).size).toBe(1);
    expect(listLocalEmails().length).toBe(sent + 3);
    advanceClock(60 * MINUTE_MS);
    expect((await post(linkIn(listLocalEmails()[0]?.text), {})).status).toBe(404);
  });

  it("is shown only on this computer, to whoever has started the server", async () => {
    const mailbox = await sendLocal(`${LOCAL}/mail?key=${KEY}`);
    expect(mailbox.status).toBe(200);
    const html = await mailbox.text();
    expect(findElements(html, "a").some(({ href }) => href?.includes("/link/"))).toBe(true);
    const cf = { headers: { "cf-ray": "1" } };
    const sendWithoutKey = sendWithSettings({ MAIL: "local" });
    for (const response of [
      await sendLocal(`/mail?key=${KEY}`),
      // Through a proxy on this computer, with a forged Host header.
      await sendLocal(`${LOCAL}/mail?key=${KEY}`, { headers: { "X-Forwarded-For": "192.0.2.1" } }),
      await sendLocal(`${LOCAL}/mail?key=${KEY}`, { headers: { Forwarded: "for=192.0.2.1" } }),
      // Through one that says nothing, such as nginx with proxy_pass alone.
      await sendLocal(`${LOCAL}/mail`),
      await sendLocal(`${LOCAL}/mail?key=`),
      await sendLocal(`${LOCAL}/mail?key=${KEY}x`),
      await sendWithoutKey(`${LOCAL}/mail?key=`),
      await sendLocal(`${LOCAL.replace("http:", "https:")}/mail?key=${KEY}`, cf),
      await send(`${LOCAL}/mail?key=${KEY}`),
    ]) {
      expect(response.status).toBe(404);
    }
  });

  it("is not mentioned if the provider sends none, and its pages are not found", async () => {
    const { cookie } = await createUser();
    const headers = { Cookie: cookie };
    for (const path of ["/recover/mail", "/security/email", "/security/email/remove", "/mail"]) {
      expect((await send(path, { headers })).status).toBe(404);
    }
    expect((await sendForm("/recover/mail", { name: "x" })).status).toBe(404);
    for (const path of ["/sign-in", "/recover", "/security"]) {
      expect(await (await send(path, { headers })).text()).not.toMatch(/e-?mail|\/mail/i);
    }
  });
});
