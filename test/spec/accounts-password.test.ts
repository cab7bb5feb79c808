/** Setting, changing and removing the password. */

import { describe, expect, it } from "vitest";
import { fieldValue, mainText } from "../support/html";
import { showPasskey, signUpWithPasskey } from "../support/passkeys";
import { signedInUser, submitSignIn, submitSignUp, uniqueClientAddress } from "../support/sign-in-forms";
import { allRows } from "../support/rows";
import {
  connectApp,
  createUser,
  PASSWORD,
  send,
  sendForm,
  sessionCookie,
  type TestUser,
  uniqueUserName,
} from "../support/provider";

const NEW = "a new password";

const change = (
  { cookie }: TestUser,
  password: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  sendForm("/security/password", { password }, { cookie, ...uniqueClientAddress(), ...headers });

const remove = ({ cookie }: TestUser): Promise<Response> =>
  sendForm("/security/password/remove", {}, { cookie });

describe("Changing the password", () => {
  it("takes the new one from then on, and the old one no more", async () => {
    const person = await createUser();
    const response = await change(person, NEW);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/security?after=password",
    ]);
    expect((await submitSignIn(person.name, PASSWORD)).status).toBe(403);
    expect((await submitSignIn(person.name, NEW)).status).toBe(303);
  });

  it("ends all sessions but this one; apps stay connected", async () => {
    const name = uniqueUserName();
    const other = { name, cookie: sessionCookie(await submitSignUp(name)) };
    const here = { name, cookie: sessionCookie(await submitSignIn(name)) };
    const app = await connectApp(here);
    await change(here, NEW);
    expect(await Promise.all([other.cookie, here.cookie].map(signedInUser))).toEqual(["", name]);
    expect((await app.get("/")).status).toBe(200);
  });

  it.each([
    ["one that is too short", "123456789"],
    ["one that is too long", "x".repeat(1025)],
    ["none", ""],
  ])("refuses %s, and changes nothing", async (_, password) => {
    const person = await createUser();
    const before = await allRows();
    const response = await change(person, password);
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toMatch(/at (least 10|most 1024) characters/);
    expect(await allRows()).toEqual(before);
  });

  it("by two at once is done by one of them, and the other is told", async () => {
    const person = await createUser();
    const words = ["the password of number 1", "the password of number 2"];
    const responses = await Promise.all(words.map((password) => change(person, password)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 409]);
    const winner = responses.findIndex(({ status }) => status === 303);
    expect((await submitSignIn(person.name, words[winner])).status).toBe(303);
  });

  it("is not done for a form of another site, nor for nobody", async () => {
    const person = await createUser();
    const before = await allRows();
    const foreign = await change(person, NEW, { Origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    const nobody = await change({ name: "", cookie: "" }, NEW);
    expect(nobody.headers.get("location")).toBe("/sign-in?next=%2Fsecurity%2Fpassword");
    expect(await allRows()).toEqual(before);
  });

  it("has a page, to which password managers and people without a session find the way", async () => {
    const person = await createUser();
    for (const path of ["/.well-known/change-password", "/change-password"]) {
      const response = await send(path);
      expect([response.status, response.headers.get("location")]).toEqual([
        302,
        "/security/password",
      ]);
    }
    const asked = await send("/security/password");
    expect(asked.headers.get("location")).toBe("/sign-in?next=%2Fsecurity%2Fpassword");
    const page = await send("/security/password", { headers: { Cookie: person.cookie } });
    expect(fieldValue(await page.text(), "username")).toBe(person.name);
  });
});

describe("Without a password", () => {
  it("one can be set, and opens the account beside the passkey", async () => {
    const person = await signUpWithPasskey();
    expect((await change(person, NEW)).status).toBe(303);
    expect((await submitSignIn(person.name, NEW)).status).toBe(303);
    expect((await showPasskey("/sign-in/passkey", person.device)).status).toBe(200);
  });

  it("no password opens the account, and it takes the same refusal", async () => {
    const { name } = await signUpWithPasskey();
    const [without, unknown] = [
      await submitSignIn(name, "no password"),
      await submitSignIn("zz-top", "no password"),
    ];
    expect([without.status, unknown.status]).toEqual([403, 403]);
    expect((await without.text()).replaceAll(name, "NAME")).toBe(
      (await unknown.text()).replaceAll("zz-top", "NAME"),
    );
  });
});

describe("Removing the password", () => {
  it("asks first, leaves the passkey, and signs out everywhere else", async () => {
    const person = await signUpWithPasskey();
    await change(person, NEW);
    const other = sessionCookie(await submitSignIn(person.name, NEW));
    const question = await send("/security/password/remove", {
      headers: { Cookie: person.cookie },
    });
    expect(mainText(await question.text())).toContain("Remove the password?");
    expect((await submitSignIn(person.name, NEW)).status).toBe(303);
    expect((await remove(person)).headers.get("location")).toBe("/security");
    expect((await submitSignIn(person.name, NEW)).status).toBe(403);
    expect(await Promise.all([other, person.cookie].map(signedInUser))).toEqual(["", person.name]);
    expect((await showPasskey("/sign-in/passkey", person.device)).status).toBe(200);
  });

  it("is refused where it is the last way in", async () => {
    const person = await createUser();
    const before = await allRows();
    const response = await remove(person);
    expect(response.status).toBe(409);
    expect(mainText(await response.text())).toContain("last way in");
    expect(await allRows()).toEqual(before);
  });
});
