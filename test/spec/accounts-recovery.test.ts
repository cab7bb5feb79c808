/** Getting in when nothing else works: recovery codes, links by mail, links of administrators. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createResetLink } from "../../src/accounts/links";
import { listLocalMail } from "../../src/accounts/mail";
import { loadSignInMethods } from "../../src/accounts/accounts";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { findElements, mainText } from "../support/html";
import { showPasskey, signUpWithPasskey } from "../support/passkeys";
import {
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

const makeCodes = async ({ cookie }: TestUser): Promise<string[]> => {
  const response = await sendForm("/security/recovery-codes", {}, { cookie });
  expect(response.status).toBe(200);
  const list = /<ul class="codes"[^>]*>(.*?)<\/ul>/s.exec(await response.text())?.[1] ?? "";
  return [...list.matchAll(/<li>\s*([^<\s]+)\s*<\/li>/g)].map(([, code = ""]) => code);
};

const recover = (name: string, code: string): Promise<Response> =>
  sendForm("/recover", { name, code }, uniqueClientAddress());

const signInMethods = async (name: string) => loadSignInMethods(env.DB, await accountId(name));

describe("Recovery codes", () => {
  it("are ten, of 80 bits and more, without letters that look alike, kept as hashes", async () => {
    const codes = await makeCodes(await createUser());
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

  it("stand on a page with nothing that would ask for it anew and lose them", async () => {
    const { cookie } = await createUser();
    const path = "/security/recovery-codes";
    const asks = await (await send(path, { headers: { Cookie: cookie } })).text();
    expect(asks).toContain('action="/language"');
    expect(await (await sendForm(path, {}, { cookie })).text()).not.toContain("/language");
  });

  it("each lets in once, and leads to where a new way in is set", async () => {
    const person = await signUpWithPasskey();
    const [first = "", second = ""] = await makeCodes(person);
    const response = await recover(person.name, first);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/security?after=code",
    ]);
    const cookie = sessionCookie(response);
    expect(await signedInUser(cookie)).toBe(person.name);
    const page = await send("/security?after=code", { headers: { Cookie: cookie } });
    expect(mainText(await page.text())).toContain("9 of them are left");
    // Proof enough to set a new way in.
    const set = { password: PASSWORD };
    await sendForm("/security/password", set, { cookie, ...uniqueClientAddress() });
    expect((await submitSignIn(person.name)).status).toBe(303);
    const before = await allRows();
    const again = await recover(person.name, first);
    expect([again.status, again.headers.get("set-cookie")]).toEqual([403, null]);
    expect(await allRows()).toEqual(before);
    expect((await recover(person.name, second)).status).toBe(303);
  });

  it("are taken in capitals, with spaces or without hyphens, and with the whole address", async () => {
    const { name, cookie } = await createUser();
    const codes = await makeCodes({ name, cookie });
    const typed = [
      codes[0]?.toUpperCase(),
      codes[1]?.replaceAll("-", " "),
      ` ${codes[2]?.replaceAll("-", "")} `,
    ];
    for (const code of typed) expect((await recover(name, code ?? "")).status).toBe(303);
    expect((await recover(`${name}@satchel.example`, codes[3] ?? "")).status).toBe(303);
  });

  it("one that is sent many times at once lets in once", async () => {
    const { name, cookie } = await createUser();
    const [code = ""] = await makeCodes({ name, cookie });
    const responses = await Promise.all([1, 2, 3, 4].map(() => recover(name, code)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403]);
    expect(responses.filter(({ headers }) => headers.get("set-cookie"))).toHaveLength(1);
    expect((await signInMethods(name)).recoveryCodes).toBe(9);
  });

  it("a new set replaces the old one", async () => {
    const { name, cookie } = await createUser();
    const [old = ""] = await makeCodes({ name, cookie });
    const [code = ""] = await makeCodes({ name, cookie });
    expect((await recover(name, old)).status).toBe(403);
    expect((await recover(name, code)).status).toBe(303);
    expect((await signInMethods(name)).recoveryCodes).toBe(9);
  });

  it("wrong ones are refused alike, whether or not somebody has the name", async () => {
    const { name, cookie } = await createUser();
    const other = await createUser();
    const [code = ""] = await makeCodes({ name, cookie });
    const before = await allRows();
    const answers = await Promise.all(
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
    expect(new Set(answers).size).toBe(1);
    expect(await allRows()).toEqual(before);
  });

  it("of a suspended account do not let in, and stay", async () => {
    const { name, cookie } = await createUser();
    const [code = ""] = await makeCodes({ name, cookie });
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE name = ?").bind(name).run();
    const before = await allRows();
    const response = await recover(name, code);
    expect(mainText(await response.text())).toContain("suspended");
    expect(await allRows()).toEqual(before);
  });

  it("only so many tries a minute are taken from one address", async () => {
    const address = { "CF-Connecting-IP": "192.0.2.8" };
    const flood = await Promise.all(
      Array.from({ length: 61 }, () => sendForm("/recover", { name: "?", code: "?" }, address)),
    );
    expect(flood.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });
});

describe("A link of an administrator", () => {
  it("says what it does, does nothing when it is opened, and voids the old ways in", async () => {
    const person = await signUpWithPasskey();
    await sendForm(
      "/security/password",
      { password: PASSWORD },
      { cookie: person.cookie, ...uniqueClientAddress() },
    );
    const [code = ""] = await makeCodes(person);
    await env.DB.prepare("UPDATE accounts SET email = 'a@b.example' WHERE name = ?")
      .bind(person.name)
      .run();
    const app = await connectApp(person);
    const path = await createResetLink(env, await accountId(person.name), Date.now());
    const before = await allRows();
    const page = await send(path);
    expect(mainText(await page.text())).toContain(`A new way in for ${person.name}`);
    expect(await allRows()).toEqual(before);

    const response = await sendForm(path, {});
    expect(response.headers.get("location")).toBe("/security?after=reset");
    const cookie = sessionCookie(response);
    expect(await Promise.all([person.cookie, cookie].map(signedInUser))).toEqual(["", person.name]);
    expect(await signInMethods(person.name)).toEqual({
      passkeys: 0,
      hasPassword: false,
      recoveryCodes: 0,
      email: null,
    });
    expect((await submitSignIn(person.name)).status).toBe(403);
    expect((await showPasskey("/sign-in/passkey", person.device)).status).toBe(403);
    expect((await recover(person.name, code)).status).toBe(403);
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
    const make = async () => createResetLink(env, await accountId(name), Date.now());
    const path = await make();
    const foreign = await sendForm(path, {}, { Origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    expect(await signedInUser(cookie)).toBe(name);
    const responses = await Promise.all([1, 2, 3].map(() => sendForm(path, {})));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 404, 404]);
    for (const used of [await send(path), await send("/link/x"), await sendForm("/link/x", {})]) {
      expect([used.status, used.headers.get("set-cookie")]).toEqual([404, null]);
    }
    const late = await make();
    advanceClock(DAY_MS);
    expect((await sendForm(late, {})).status).toBe(404);
  });

  it("is kept as a hash", async () => {
    const path = await createResetLink(env, await accountId((await createUser()).name), Date.now());
    expect(JSON.stringify(await allRows())).not.toContain(path.split("/")[2]);
  });
});

describe("Mail", () => {
  const LOCAL = "http://localhost:8000";
  const sendLocal = sendWithSettings({ MAIL: "local" });

  const post = (path: string, fields: Record<string, string>, cookie = "") =>
    sendLocal(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Origin: ORIGIN, Cookie: cookie, ...uniqueClientAddress() },
    });

  const linkIn = (text = ""): string => /\/link\/[\w-]+/.exec(text)?.[0] ?? "";

  const someoneWithEmail = async (email: string): Promise<TestUser> => {
    const person = await createUser();
    await post("/security/email", { email }, person.cookie);
    const confirmed = await post(linkIn(listLocalMail()[0]?.text), {}, person.cookie);
    expect(confirmed.headers.get("location")).toBe("/security?after=email");
    return person;
  };

  it("confirms an address before it counts", async () => {
    const person = await createUser();
    const response = await post("/security/email", { email: " a@b.example " }, person.cookie);
    expect(mainText(await response.text())).toContain("We have sent a link to a@b.example");
    expect(listLocalMail()[0]).toMatchObject({ to: "a@b.example" });
    expect((await signInMethods(person.name)).email).toBeNull();
    const path = linkIn(listLocalMail()[0]?.text);
    expect(mainText(await (await sendLocal(path)).text())).toContain("a@b.example");
    expect((await signInMethods(person.name)).email).toBeNull();
    const confirmed = await post(path, {}, person.cookie);
    expect(confirmed.headers.get("set-cookie")).toBeNull();
    expect((await signInMethods(person.name)).email).toBe("a@b.example");
    expect((await post(path, {}, person.cookie)).status).toBe(404);
    await post("/security/email/remove", {}, person.cookie);
    expect((await signInMethods(person.name)).email).toBeNull();
  });

  it("confirms nothing for who has been signed out, or is somebody else", async () => {
    const person = await createUser();
    const other = await createUser();
    await post("/security/email", { email: "thief@b.example" }, person.cookie);
    const path = linkIn(listLocalMail()[0]?.text);
    await sendForm("/sign-out", {}, { cookie: person.cookie });
    for (const cookie of ["", person.cookie, other.cookie]) {
      const response = await post(path, {}, cookie);
      expect(response.headers.get("location")).toMatch(/^\/sign-in\?/);
    }
    expect((await signInMethods(person.name)).email).toBeNull();
    expect((await signInMethods(other.name)).email).toBeNull();
  });

  it.each(["", "a", "a@", "@b", "a b@c", "a@b,c@d", "a@b\r\nBcc: c@d", "<a@b>"])(
    "goes to no such address: %j",
    async (email) => {
      const { cookie } = await createUser();
      const [before, sent] = [await allRows(), listLocalMail().length];
      expect((await post("/security/email", { email }, cookie)).status).toBe(400);
      expect([await allRows(), listLocalMail().length]).toEqual([before, sent]);
    },
  );

  it("lets in again, once, and ends nothing else", async () => {
    const person = await someoneWithEmail("c@d.example");
    await post("/recover/mail", { name: person.name });
    const mail = listLocalMail()[0];
    expect(mail).toMatchObject({ to: "c@d.example" });
    const path = linkIn(mail?.text);
    const response = await post(path, {});
    expect(response.headers.get("location")).toBe("/security?after=link");
    expect(await signedInUser(sessionCookie(response))).toBe(person.name);
    expect(await signedInUser(person.cookie)).toBe(person.name);
    expect((await submitSignIn(person.name)).status).toBe(303);
    expect((await post(path, {})).status).toBe(404);
  });

  it("answers alike whoever asks for whom, and sends no more than three to anybody", async () => {
    const person = await someoneWithEmail("e@f.example");
    const without = await createUser();
    const sent = listLocalMail().length;
    const answers = await Promise.all(
      [without.name, "zz-top", "?"].map(async (name) =>
        (await post("/recover/mail", { name })).text(),
      ),
    );
    expect(listLocalMail().length).toBe(sent);
    for (let i = 0; i < 5; i++) {
      answers.push(await (await post("/recover/mail", { name: person.name })).text());
    }
    expect(new Set(answers).size).toBe(1);
    expect(listLocalMail().length).toBe(sent + 3);
    advanceClock(60 * MINUTE_MS);
    expect((await post(linkIn(listLocalMail()[0]?.text), {})).status).toBe(404);
  });

  it("is shown on this computer alone", async () => {
    const box = await sendLocal(`${LOCAL}/mail`);
    expect(box.status).toBe(200);
    const html = await box.text();
    expect(findElements(html, "a").some(({ href }) => href?.includes("/link/"))).toBe(true);
    const cf = { headers: { "cf-ray": "1" } };
    for (const response of [
      await sendLocal("/mail"),
      await sendLocal(`${LOCAL.replace("http:", "https:")}/mail`, cf),
      await send(`${LOCAL}/mail`),
    ]) {
      expect(response.status).toBe(404);
    }
  });

  it("without it there is no word of it, and none of its pages", async () => {
    const { cookie } = await createUser();
    const headers = { Cookie: cookie };
    for (const path of ["/recover/mail", "/security/email", "/security/email/remove", "/mail"]) {
      expect((await send(path, { headers })).status).toBe(404);
    }
    expect((await sendForm("/recover/mail", { name: "x" })).status).toBe(404);
    for (const path of ["/sign-in", "/recover", "/security"]) {
      expect(await (await send(path, { headers })).text()).not.toMatch(/e-mail|\/mail/i);
    }
  });
});
