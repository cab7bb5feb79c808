/** Setting, changing and removing the password. */

import { describe, expect, it } from "vitest";
import { fieldValue, mainText } from "../support/html";
import { showPasskey, signUpWithPasskey } from "../support/passkeys";
import { fromElsewhere, signIn, signUpAs, whoIs } from "../support/people";
import { everyRow } from "../support/rows";
import {
  connect,
  cookieOf,
  freshName,
  PASSWORD,
  type Person,
  send,
  sendForm,
  signUp,
} from "../support/world";

const NEW = "a new password";

const change = (
  { cookie }: Person,
  password: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  sendForm("/security/password", { password }, { cookie, ...fromElsewhere(), ...headers });

const remove = ({ cookie }: Person): Promise<Response> =>
  sendForm("/security/password/remove", {}, { cookie });

describe("Changing the password", () => {
  it("takes the new one from then on, and the old one no more", async () => {
    const person = await signUp();
    const response = await change(person, NEW);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/security?after=password",
    ]);
    expect((await signIn(person.name, PASSWORD)).status).toBe(403);
    expect((await signIn(person.name, NEW)).status).toBe(303);
  });

  it("ends all sessions but this one; apps stay connected", async () => {
    const name = freshName();
    const other = { name, cookie: cookieOf(await signUpAs(name)) };
    const here = { name, cookie: cookieOf(await signIn(name)) };
    const app = await connect(here);
    await change(here, NEW);
    expect(await Promise.all([other.cookie, here.cookie].map(whoIs))).toEqual(["", name]);
    expect((await app.get("/")).status).toBe(200);
  });

  it.each([
    ["one that is too short", "123456789"],
    ["one that is too long", "x".repeat(1025)],
    ["none", ""],
  ])("refuses %s, and changes nothing", async (_, password) => {
    const person = await signUp();
    const before = await everyRow();
    const response = await change(person, password);
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toMatch(/at (least 10|most 1024) characters/);
    expect(await everyRow()).toEqual(before);
  });

  it("by two at once is done by one of them, and the other is told", async () => {
    const person = await signUp();
    const words = ["the password of number 1", "the password of number 2"];
    const responses = await Promise.all(words.map((password) => change(person, password)));
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 409]);
    const winner = responses.findIndex(({ status }) => status === 303);
    expect((await signIn(person.name, words[winner])).status).toBe(303);
  });

  it("is not done for a form of another site, nor for nobody", async () => {
    const person = await signUp();
    const before = await everyRow();
    const foreign = await change(person, NEW, { Origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    const nobody = await change({ name: "", cookie: "" }, NEW);
    expect(nobody.headers.get("location")).toBe("/sign-in?next=%2Fsecurity%2Fpassword");
    expect(await everyRow()).toEqual(before);
  });

  it("has a page, to which password managers and people without a session find the way", async () => {
    const person = await signUp();
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
    expect((await signIn(person.name, NEW)).status).toBe(303);
    expect((await showPasskey("/sign-in/passkey", person.device)).status).toBe(200);
  });

  it("no password opens the account, and it takes the same refusal", async () => {
    const { name } = await signUpWithPasskey();
    const [without, unknown] = [
      await signIn(name, "no password"),
      await signIn("zz-top", "no password"),
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
    const other = cookieOf(await signIn(person.name, NEW));
    const question = await send("/security/password/remove", {
      headers: { Cookie: person.cookie },
    });
    expect(mainText(await question.text())).toContain("Remove the password?");
    expect((await signIn(person.name, NEW)).status).toBe(303);
    expect((await remove(person)).headers.get("location")).toBe("/security");
    expect((await signIn(person.name, NEW)).status).toBe(403);
    expect(await Promise.all([other, person.cookie].map(whoIs))).toEqual(["", person.name]);
    expect((await showPasskey("/sign-in/passkey", person.device)).status).toBe(200);
  });

  it("is refused where it is the last way in", async () => {
    const person = await signUp();
    const before = await everyRow();
    const response = await remove(person);
    expect(response.status).toBe(409);
    expect(mainText(await response.text())).toContain("last way in");
    expect(await everyRow()).toEqual(before);
  });
});
