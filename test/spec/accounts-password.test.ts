/** Setting, changing and removing the password. */

import { describe, expect, it } from "vitest";
import { fieldValue, mainText } from "../support/html";
import { createPasskey, signUpWithPasskey, signWithPasskey } from "../support/passkeys";
import {
  connectApp,
  createUser,
  PASSWORD,
  send,
  sendForm,
  sessionCookie,
  type TestUser,
} from "../support/provider";
import { allRows } from "../support/rows";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";

const NEW_PASSWORD = "a new password";

const changePassword = (
  { cookie }: TestUser,
  password: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  sendForm("/security/password", { password }, { cookie, ...uniqueClientAddress(), ...headers });

const removePassword = ({ cookie }: TestUser): Promise<Response> =>
  sendForm("/security/password/remove", {}, { cookie });

describe("Changing the password", () => {
  it("makes the new password valid and the old one invalid", async () => {
    const user = await createUser();
    const response = await changePassword(user, NEW_PASSWORD);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/security?after=password",
    ]);
    expect((await submitSignIn(user.name, PASSWORD)).status).toBe(403);
    expect((await submitSignIn(user.name, NEW_PASSWORD)).status).toBe(303);
  });

  it("ends all other sessions; apps stay connected", async () => {
    const other = await createUser();
    const { name } = other;
    const here = { name, cookie: sessionCookie(await submitSignIn(name)) };
    const app = await connectApp(here);
    await changePassword(here, NEW_PASSWORD);
    expect(await Promise.all([other.cookie, here.cookie].map(signedInUser))).toEqual(["", name]);
    expect((await app.get("/")).status).toBe(200);
  });

  it.each([
    ["a password that is too short", "123456789"],
    ["a password that is too long", "x".repeat(1025)],
    ["an empty password", ""],
  ])("refuses %s, and changes nothing", async (_, password) => {
    const user = await createUser();
    const before = await allRows();
    const response = await changePassword(user, password);
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toMatch(/at (least 10|most 1024) characters/);
    expect(await allRows()).toEqual(before);
  });

  it("in two requests at the same time succeeds in one; the other reports a conflict", async () => {
    const user = await createUser();
    const passwords = ["the password of number 1", "the password of number 2"];
    const responses = await Promise.all(
      passwords.map((password) => changePassword(user, password)),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 409]);
    const winner = responses.findIndex(({ status }) => status === 303);
    expect((await submitSignIn(user.name, passwords[winner])).status).toBe(303);
  });

  it("is refused for a form of another site, and without a session", async () => {
    const user = await createUser();
    const before = await allRows();
    const foreign = await changePassword(user, NEW_PASSWORD, { Origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    const signedOut = await changePassword({ name: "", cookie: "" }, NEW_PASSWORD);
    expect(signedOut.headers.get("location")).toBe("/sign-in?next=%2Fsecurity%2Fpassword");
    expect(await allRows()).toEqual(before);
  });

  it("has a page that password managers find, also without a session", async () => {
    const user = await createUser();
    for (const path of ["/.well-known/change-password", "/change-password"]) {
      const response = await send(path);
      expect([response.status, response.headers.get("location")]).toEqual([
        302,
        "/security/password",
      ]);
    }
    const redirect = await send("/security/password");
    expect(redirect.headers.get("location")).toBe("/sign-in?next=%2Fsecurity%2Fpassword");
    const page = await send("/security/password", { headers: { Cookie: user.cookie } });
    expect(fieldValue(await page.text(), "username")).toBe(user.name);
  });
});

describe("An account without a password", () => {
  it("can get one, which then signs in beside the passkey", async () => {
    const user = await signUpWithPasskey();
    expect((await changePassword(user, NEW_PASSWORD)).status).toBe(303);
    expect((await submitSignIn(user.name, NEW_PASSWORD)).status).toBe(303);
    expect((await signWithPasskey("/sign-in/passkey", user.device)).status).toBe(200);
  });

  it("refuses every password as it does for an unknown name", async () => {
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
  it("asks for confirmation, keeps the passkey, and ends all other sessions", async () => {
    const user = await createUser();
    const { device } = await createPasskey(
      "/security/passkeys/add",
      { name: "a" },
      { cookie: user.cookie },
    );
    const other = sessionCookie(await submitSignIn(user.name));
    const form = await send("/security/password/remove", {
      headers: { Cookie: user.cookie },
    });
    expect(mainText(await form.text())).toContain("Remove your password?");
    expect((await submitSignIn(user.name)).status).toBe(303);
    expect((await removePassword(user)).headers.get("location")).toBe("/security");
    expect((await submitSignIn(user.name)).status).toBe(403);
    expect(await Promise.all([other, user.cookie].map(signedInUser))).toEqual(["", user.name]);
    expect((await signWithPasskey("/sign-in/passkey", device)).status).toBe(200);
  });

  it("is refused if it is the last sign-in method", async () => {
    const user = await createUser();
    const before = await allRows();
    const response = await removePassword(user);
    expect(response.status).toBe(409);
    expect(mainText(await response.text())).toContain("only sign-in method");
    expect(await allRows()).toEqual(before);
  });
});
