/** Signing up with a name and a password, and what is stored then. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { fieldValue, findInlineCode, mainText } from "../support/html";
import { s256Challenge } from "../support/oauth";
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
import { allRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import {
  signedInUser,
  submitSignIn,
  submitSignUp,
  uniqueClientAddress,
} from "../support/sign-in-forms";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

describe("Signing up", () => {
  it("§10.6 creates an account and signs the user in", async () => {
    const response = await submitSignUp("carol");
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(await signedInUser(sessionCookie(response))).toBe("carol");
    expect((await submitSignIn("carol")).status).toBe(303);
  });

  it("stores a salted scrypt hash of the password with its parameters, and a hash of the cookie", async () => {
    const names = [uniqueUserName(), uniqueUserName()];
    const responses = [];
    for (const name of names) responses.push(await submitSignUp(name));
    const { results } = await env.DB.prepare(
      "SELECT hash FROM passwords JOIN accounts ON id = account WHERE name IN (?, ?)",
    )
      .bind(...names)
      .all<{ hash: string }>();
    const hashes = results.map(({ hash }) => hash);
    expect(hashes).toEqual(
      Array(2).fill(expect.stringMatching(/^scrypt\$16384\$8\$5\$[\w-]{22,}\$[\w-]{43}$/)),
    );
    // The same password of two users has two hashes.
    expect(new Set(hashes).size).toBe(2);
    const text = JSON.stringify(await allRows());
    expect(text).not.toContain(PASSWORD);
    for (const secret of responses.map((response) => sessionCookie(response).split("=")[1] ?? "")) {
      expect(secret).toMatch(/^[\w-]{43,}$/);
      expect(text).not.toContain(secret);
      expect(text).toContain(await s256Challenge(secret));
    }
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
  ])("refuses the name %j, states the rule, and creates nothing", async (name) => {
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
  ])("accepts the name %j as %s", async (raw, name) => {
    expect(await signedInUser(sessionCookie(await submitSignUp(raw)))).toBe(name);
  });

  it.each(["admin", "Root", "webfinger", "storage"])(
    "refuses the reserved name %s, and creates nothing",
    async (name) => {
      const before = await allRows();
      const response = await submitSignUp(name);
      expect([response.status, response.headers.get("set-cookie")]).toEqual([409, null]);
      expect(await allRows()).toEqual(before);
    },
  );

  it.each(["alice", "ALICE", " Alice "])(
    "refuses %j if the name is taken, and leaves its owner alone",
    async (name) => {
      const before = await allRows();
      const response = await submitSignUp(name, "another password");
      expect([response.status, response.headers.get("set-cookie")]).toEqual([409, null]);
      expect(mainText(await response.text())).toContain("taken");
      expect(await allRows()).toEqual(before);
      expect(await signedInUser(alice.cookie)).toBe("alice");
    },
  );

  it("gives a name that many request at the same time to one of them, with that user's password", async () => {
    const name = uniqueUserName();
    const passwords = Array.from({ length: 3 }, (_, i) => `the password of number ${i}`);
    const responses = await Promise.all(passwords.map((password) => submitSignUp(name, password)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
    const winner = responses.findIndex(({ status }) => status === 303);
    expect((await submitSignIn(name, passwords[winner])).status).toBe(303);
    expect((await submitSignIn(name, passwords[winner === 0 ? 1 : 0])).status).toBe(403);
  });

  it.each(["", "123456789", "x".repeat(1025)])(
    "refuses a password that is too short or too long, and creates nothing",
    async (password) => {
      const before = await allRows();
      const response = await submitSignUp(uniqueUserName(), password);
      expect([response.status, response.headers.get("set-cookie")]).toEqual([400, null]);
      expect(mainText(await response.text())).toMatch(/at (least 10|most 1024) characters/);
      expect(await allRows()).toEqual(before);
    },
  );

  it.each(["          ", "x".repeat(1024), "a+b&c=d%20 日本 🎒🎒"])(
    "accepts a password of 10 to 1024 characters unchanged",
    async (password) => {
      const name = uniqueUserName();
      expect((await submitSignUp(name, password)).status).toBe(303);
      expect((await submitSignIn(name, password)).status).toBe(303);
      expect((await submitSignIn(name, `${password.slice(0, -1)}y`)).status).toBe(403);
    },
  );

  it("keeps the input, except for the password, for the next attempt", async () => {
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

  it("shows the rules on the form, and the future address", async () => {
    const text = mainText(await (await send("/sign-up")).text());
    expect(text).toContain("2 to 32 characters");
    expect(text).toContain("At least 10 characters");
    expect(text).toContain("name@satchel.example");
  });

  it("is closed if the operator says so: no form, no account, and no link to it", async () => {
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
