/** Signing up: who gets which name, and what is kept. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { fieldValue, inlineCode, mainText } from "../support/html";
import { challengeOf } from "../support/oauth";
import { fromElsewhere, signIn, signUpAs, whoIs } from "../support/people";
import { everyRow } from "../support/rows";
import { sendWith } from "../support/send-with-settings";
import {
  cookieOf,
  freshName,
  ORIGIN,
  PASSWORD,
  type Person,
  send,
  sendForm,
  signUp,
} from "../support/world";

let alice: Person;

beforeAll(async () => {
  alice = await signUp("alice");
});

describe("Signing up", () => {
  it("§10.6 makes an account and signs the person in", async () => {
    const response = await signUpAs("carol");
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(await whoIs(cookieOf(response))).toBe("carol");
    expect((await signIn("carol")).status).toBe(303);
  });

  it("keeps of the password a scrypt hash with its cost, and of the cookie a hash", async () => {
    const name = freshName();
    const person = { name, cookie: cookieOf(await signUpAs(name)) };
    const rows = await everyRow();
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
    const names = [freshName(), freshName()];
    for (const name of names) await signUpAs(name);
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
    const before = await everyRow();
    const response = await signUpAs(name);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([400, null]);
    const html = await response.text();
    expect(mainText(html)).toContain("2 to 32 characters");
    expect(inlineCode(html)).toEqual([]);
    expect(await everyRow()).toEqual(before);
  });

  it.each([
    ["ab", "ab"],
    ["a".repeat(32), "a".repeat(32)],
    ["007", "007"],
    ["  Jean-Luc ", "jean-luc"],
  ])("takes the name %j as %s", async (raw, name) => {
    expect(await whoIs(cookieOf(await signUpAs(raw)))).toBe(name);
    expect((await signIn(name)).status).toBe(303);
  });

  it.each(["admin", "Root", "webfinger", "storage"])(
    "does not give the reserved name %s, and makes nothing",
    async (name) => {
      const before = await everyRow();
      const response = await signUpAs(name);
      expect([response.status, response.headers.get("set-cookie")]).toEqual([409, null]);
      expect(await everyRow()).toEqual(before);
    },
  );

  it.each(["alice", "ALICE", " Alice "])(
    "does not give %j twice, and leaves who has it alone",
    async (name) => {
      const before = await everyRow();
      const response = await signUpAs(name, "another password");
      expect([response.status, response.headers.get("set-cookie")]).toEqual([409, null]);
      expect(mainText(await response.text())).toContain("taken");
      expect(await everyRow()).toEqual(before);
      expect(await whoIs(alice.cookie)).toBe("alice");
    },
  );

  it("gives a name that many want at once to one of them, with that one's password", async () => {
    const name = freshName();
    const words = Array.from({ length: 3 }, (_, i) => `the password of number ${i}`);
    const responses = await Promise.all(words.map((password) => signUpAs(name, password)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
    const winner = responses.findIndex(({ status }) => status === 303);
    expect((await signIn(name, words[winner])).status).toBe(303);
    expect((await signIn(name, words[winner === 0 ? 1 : 0])).status).toBe(403);
  });

  it.each(["", "123456789", "x".repeat(1025)])(
    "refuses a password that is too short or too long, and makes nothing",
    async (password) => {
      const before = await everyRow();
      const response = await signUpAs(freshName(), password);
      expect([response.status, response.headers.get("set-cookie")]).toEqual([400, null]);
      expect(mainText(await response.text())).toMatch(/at (least 10|most 1024) characters/);
      expect(await everyRow()).toEqual(before);
    },
  );

  it.each(["          ", "x".repeat(1024), "a+b&c=d%20 日本 🎒🎒"])(
    "takes a password of 10 to 1024 characters as it is",
    async (password) => {
      const name = freshName();
      expect((await signUpAs(name, password)).status).toBe(303);
      expect((await signIn(name, password)).status).toBe(303);
      expect((await signIn(name, `y${password.slice(1)}`)).status).toBe(403);
      if (password.trim() !== "") expect((await signIn(name, password.trim())).status).toBe(303);
    },
  );

  it("keeps what was typed but the password, for the next try", async () => {
    const html = await (
      await sendForm(
        "/sign-up",
        { name: "a", password: "secret words", next: "/?x" },
        fromElsewhere(),
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
    const sendClosed = sendWith({ SIGN_UP: "closed" });
    const before = await everyRow();
    const page = await sendClosed("/sign-up");
    expect(page.status).toBe(403);
    expect(await page.text()).not.toContain("<input");
    const response = await sendClosed("/sign-up", {
      method: "POST",
      body: new URLSearchParams({ name: "latecomer", password: PASSWORD }),
      headers: { Origin: ORIGIN, ...fromElsewhere() },
    });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
    expect(await everyRow()).toEqual(before);
    for (const path of ["/", "/sign-in"]) {
      expect(await (await sendClosed(path)).text()).not.toContain("/sign-up");
    }
    const signedIn = await sendClosed("/sign-in", {
      method: "POST",
      body: new URLSearchParams({ name: "alice", password: PASSWORD }),
      headers: { Origin: ORIGIN, ...fromElsewhere() },
    });
    expect(signedIn.status).toBe(303);
  });
});
