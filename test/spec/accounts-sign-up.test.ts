/** Signing up: who gets which name, and what is kept. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { fieldValue, findInlineCode, mainText } from "../support/html";
import { challengeOf } from "../support/oauth";
import { signedInUser, submitSignIn, submitSignUp, uniqueClientAddress } from "../support/sign-in-forms";
import { allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
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

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

describe("Signing up", () => {
  it("§10.6 makes an account and signs the person in", async () => {
    const response = await submitSignUp("carol");
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(await signedInUser(sessionCookie(response))).toBe("carol");
    expect((await submitSignIn("carol")).status).toBe(303);
  });

  it("keeps of the password a scrypt hash with its cost, and of the cookie a hash", async () => {
    const name = uniqueUserName();
    const person = { name, cookie: sessionCookie(await submitSignUp(name)) };
    const rows = await allRows();
    const hash = await env.DB.prepare(
      "SELECT hash FROM passwords p JOIN accounts a ON a.id = p.account WHERE a.name = ?",
    )
      .bind(person.name)
      .first("hash");
    expect(hash).toMatch(/^scrypt\$16384\$8\$5\$[\w-]{22,}\$[\w-]{43}$/);
    const secret = person.cookie.split("=")[1] ?? "";
    expect(secret).toMatch(/^[\w-]{43,}$/);
    const text = JSON.stringify(rows);
    expect(text).not.toContain(secret);
    expect(text).not.toContain(PASSWORD);
    expect(text).toContain(await challengeOf(secret));
  });

  it("salts: one password of two people has two hashes", async () => {
    const names = [uniqueUserName(), uniqueUserName()];
    for (const name of names) await submitSignUp(name);
    const { results } = await env.DB.prepare(
      "SELECT hash FROM passwords JOIN accounts ON id = account WHERE name IN (?, ?)",
    )
      .bind(...names)
      .all<{ hash: string }>();
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(2);
  });

  it.each([
    "",
    " ",
    "a",
    "a".repeat(33),
    "-abc",
    "abc-",
    "a_b",
    "a.b",
    "a b",
    "a/b",
    "a@b",
    "a%20b",
    "älice",
    "аlice",
    "日本",
    "🎒🎒",
    "..",
    "a\u0000b",
    "a\nb",
    "<script>",
  ])("refuses the name %j with the rule, and makes nothing", async (name) => {
    const before = await allRows();
    const response = await submitSignUp(name);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([400, null]);
    const html = await response.text();
    expect(mainText(html)).toContain("2 to 32 characters");
    expect(findInlineCode(html)).toEqual([]);
    expect(await allRows()).toEqual(before);
  });

  it.each([
    ["ab", "ab"],
    ["a".repeat(32), "a".repeat(32)],
    ["007", "007"],
    ["  Jean-Luc ", "jean-luc"],
  ])("takes the name %j as %s", async (raw, name) => {
    expect(await signedInUser(sessionCookie(await submitSignUp(raw)))).toBe(name);
    expect((await submitSignIn(name)).status).toBe(303);
  });

  it.each(["admin", "Root", "webfinger", "storage"])(
    "does not give the reserved name %s, and makes nothing",
    async (name) => {
      const before = await allRows();
      const response = await submitSignUp(name);
      expect([response.status, response.headers.get("set-cookie")]).toEqual([409, null]);
      expect(await allRows()).toEqual(before);
    },
  );

  it.each(["alice", "ALICE", " Alice "])(
    "does not give %j twice, and leaves who has it alone",
    async (name) => {
      const before = await allRows();
      const response = await submitSignUp(name, "another password");
      expect([response.status, response.headers.get("set-cookie")]).toEqual([409, null]);
      expect(mainText(await response.text())).toContain("taken");
      expect(await allRows()).toEqual(before);
      expect(await signedInUser(alice.cookie)).toBe("alice");
    },
  );

  it("gives a name that many want at once to one of them, with that one's password", async () => {
    const name = uniqueUserName();
    const words = Array.from({ length: 3 }, (_, i) => `the password of number ${i}`);
    const responses = await Promise.all(words.map((password) => submitSignUp(name, password)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
    const winner = responses.findIndex(({ status }) => status === 303);
    expect((await submitSignIn(name, words[winner])).status).toBe(303);
    expect((await submitSignIn(name, words[winner === 0 ? 1 : 0])).status).toBe(403);
  });

  it.each(["", "123456789", "x".repeat(1025)])(
    "refuses a password that is too short or too long, and makes nothing",
    async (password) => {
      const before = await allRows();
      const response = await submitSignUp(uniqueUserName(), password);
      expect([response.status, response.headers.get("set-cookie")]).toEqual([400, null]);
      expect(mainText(await response.text())).toMatch(/at (least 10|most 1024) characters/);
      expect(await allRows()).toEqual(before);
    },
  );

  it.each(["          ", "x".repeat(1024), "a+b&c=d%20 日本 🎒🎒"])(
    "takes a password of 10 to 1024 characters as it is",
    async (password) => {
      const name = uniqueUserName();
      expect((await submitSignUp(name, password)).status).toBe(303);
      expect((await submitSignIn(name, password)).status).toBe(303);
      expect((await submitSignIn(name, `y${password.slice(1)}`)).status).toBe(403);
      if (password.trim() !== "")
        expect((await submitSignIn(name, password.trim())).status).toBe(303);
    },
  );

  it("keeps what was typed but the password, for the next try", async () => {
    const html = await (
      await sendForm(
        "/sign-up",
        { name: "a", password: "secret words", next: "/?x" },
        uniqueClientAddress(),
      )
    ).text();
    expect(fieldValue(html, "name")).toBe("a");
    expect(fieldValue(html, "next")).toBe("/?x");
    expect(html).not.toContain("secret words");
  });

  it("states the rules on the form, and the address that one will have", async () => {
    const text = mainText(await (await send("/sign-up")).text());
    expect(text).toContain("2 to 32 characters");
    expect(text).toContain("At least 10 characters");
    expect(text).toContain("name@satchel.example");
  });

  it("is closed where the operator says so: no form, no account, and no word of it elsewhere", async () => {
    const sendClosed = sendWithSettings({ SIGN_UP: "closed" });
    const before = await allRows();
    const page = await sendClosed("/sign-up");
    expect(page.status).toBe(403);
    expect(await page.text()).not.toContain("<input");
    const response = await sendClosed("/sign-up", {
      method: "POST",
      body: new URLSearchParams({ name: "latecomer", password: PASSWORD }),
      headers: { Origin: ORIGIN, ...uniqueClientAddress() },
    });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
    expect(await allRows()).toEqual(before);
    for (const path of ["/", "/sign-in"]) {
      expect(await (await sendClosed(path)).text()).not.toContain("/sign-up");
    }
    const signedIn = await sendClosed("/sign-in", {
      method: "POST",
      body: new URLSearchParams({ name: "alice", password: PASSWORD }),
      headers: { Origin: ORIGIN, ...uniqueClientAddress() },
    });
    expect(signedIn.status).toBe(303);
  });
});
