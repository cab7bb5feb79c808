/** Changing the password. */

import { describe, expect, it } from "vitest";
import { fieldValue, mainText } from "../support/html";
import { signIn, signUpAs, whoIs } from "../support/people";
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
  current: string,
  password: string,
  headers: Record<string, string> = {},
): Promise<Response> => sendForm("/change-password", { current, password }, { cookie, ...headers });

describe("Changing the password", () => {
  it("takes the new one from then on, and the old one no more", async () => {
    const person = await signUp();
    const response = await change(person, PASSWORD, NEW);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    expect(await whoIs(cookieOf(response))).toBe(person.name);
    expect((await signIn(person.name, PASSWORD)).status).toBe(403);
    expect((await signIn(person.name, NEW)).status).toBe(303);
  });

  it("ends all sessions but this one, which gets a new cookie; apps stay connected", async () => {
    const name = freshName();
    const other = { name, cookie: cookieOf(await signUpAs(name)) };
    const here = { name, cookie: cookieOf(await signIn(name)) };
    const app = await connect(here);
    const cookie = cookieOf(await change(here, PASSWORD, NEW));
    expect(await Promise.all([other.cookie, here.cookie, cookie].map(whoIs))).toEqual([
      "",
      "",
      name,
    ]);
    expect((await app.get("/")).status).toBe(200);
  });

  it.each([
    ["a wrong current one", "wrong password", NEW, 403],
    ["a new one that is too short", PASSWORD, "123456789", 400],
    ["a new one that is too long", PASSWORD, "x".repeat(1025), 400],
    ["none", "", "", 400],
  ])("refuses %s, and changes nothing", async (_, current, password, status) => {
    const person = await signUp();
    const before = await everyRow();
    const response = await change(person, current, password);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([status, null]);
    expect(mainText(await response.text())).toMatch(/current password is another|characters/);
    expect(await everyRow()).toEqual(before);
  });

  it("counts wrong ones like those at sign-in", async () => {
    const person = await signUp();
    for (let i = 0; i < 4; i++) await change(person, "wrong password", NEW);
    const refused = await change(person, PASSWORD, NEW);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("is not done for a form of another site, nor for nobody", async () => {
    const person = await signUp();
    const before = await everyRow();
    const foreign = await change(person, PASSWORD, NEW, { Origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    const nobody = await change({ name: "", cookie: "" }, PASSWORD, NEW);
    expect(nobody.headers.get("location")).toBe("/sign-in?next=/change-password");
    expect(await everyRow()).toEqual(before);
  });

  it("has a page, to which password managers and people without a session find the way", async () => {
    const person = await signUp();
    const wellKnown = await send("/.well-known/change-password");
    expect([wellKnown.status, wellKnown.headers.get("location")]).toEqual([
      302,
      "/change-password",
    ]);
    const asked = await send("/change-password");
    expect(asked.headers.get("location")).toBe("/sign-in?next=/change-password");
    const page = await send("/change-password", { headers: { Cookie: person.cookie } });
    expect(fieldValue(await page.text(), "username")).toBe(person.name);
  });
});
