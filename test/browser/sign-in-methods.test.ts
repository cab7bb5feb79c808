/** Ways in, in a browser with a device that keeps passkeys. */

import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { expectUsable } from "./support/axe";
import { fillSignIn, fillSignUp, newName, PASSWORD, signUp } from "./support/steps";
import { addressOf, type Stage, test } from "./support/test-site";

/** Gives a page a device that keeps passkeys, and unlocks whenever it is asked to. */
async function withDevice(
  page: Page,
  transport: "internal" | "usb" = "internal",
): Promise<{ session: CDPSession; authenticatorId: string }> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { session, authenticatorId };
}

/** Else the device, which waits for nobody, would sign in by itself on the page for that. */
const withoutOffers = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });

const withPasskey = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Continue with a passkey" }).click();

async function signUpByPasskey(stage: Stage, page: Page): Promise<string> {
  const name = newName();
  await page.goto(`${stage.url}/sign-up`);
  await page.getByLabel("Name").fill(name);
  await withPasskey(page);
  await page.getByText(addressOf(stage, name), { exact: true }).waitFor();
  return name;
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await page.getByRole("link", { name: "Sign in" }).waitFor();
}

const newPage = async (stage: Stage): Promise<{ context: BrowserContext; page: Page }> => {
  const context = await stage.newContext();
  return { context, page: await context.newPage() };
};

test("with a passkey: sign up, sign out, sign in without a name", async ({ stage }) => {
  const { page } = await newPage(stage);
  await withoutOffers(page);
  const { session, authenticatorId } = await withDevice(page);
  const name = await signUpByPasskey(stage, page);
  const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
  expect(credentials).toMatchObject([{ isResidentCredential: true, rpId: "localhost" }]);
  await signOut(page);
  await page.goto(`${stage.url}/sign-in?next=/security`);
  await withPasskey(page);
  await page.getByRole("heading", { name: "Security" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/security");
  expect(await page.locator("header").textContent()).toContain(name);
});

test("a passkey is offered where the name is typed", async ({ stage }) => {
  const { page } = await newPage(stage);
  await withDevice(page);
  const name = await signUpByPasskey(stage, page);
  await signOut(page);
  await page.goto(`${stage.url}/sign-in`);
  // The device takes the offer by itself.
  await page.getByText(addressOf(stage, name), { exact: true }).waitFor();
});

test("a taken name is refused in words, and the device is not asked", async ({ stage }) => {
  const taken = await signUp(stage, await stage.newContext());
  const { page } = await newPage(stage);
  const { session, authenticatorId } = await withDevice(page);
  await page.goto(`${stage.url}/sign-up`);
  await page.getByLabel("Name").fill(taken);
  await withPasskey(page);
  await page.getByRole("alert").filter({ hasText: "is taken" }).waitFor();
  const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
  expect(credentials).toEqual([]);
});

test("a passkey proves who is there, and leads back", async ({ stage }) => {
  const { context, page } = await newPage(stage);
  await withDevice(page);
  await signUpByPasskey(stage, page);
  await page.goto(`${stage.url}/confirm?next=/security/password`);
  await withPasskey(page);
  await page.getByRole("heading", { name: "Set a password" }).waitFor();
  // Whoever is not signed in any more is led to sign in, and back.
  await page.goto(`${stage.url}/security/passkeys/add`);
  await context.clearCookies();
  await page.getByRole("button", { name: "Add it" }).click();
  await page.waitForURL(`${stage.url}/sign-in?next=%2Fsecurity%2Fpasskeys%2Fadd`);
});

test("add a second passkey, rename it, remove it", async ({ stage }) => {
  const { context, page } = await newPage(stage);
  await signUp(stage, context);
  await withDevice(page);
  await page.goto(`${stage.url}/security`);
  const section = page.getByRole("main");
  for (const name of ["Laptop", "Phone"]) {
    // One device keeps one passkey of an account: the second is on another.
    if (name === "Phone") await withDevice(page, "usb");
    await page.getByRole("link", { name: "Add a passkey" }).click();
    expect(await page.getByLabel("Name").inputValue()).toBe("Chrome, Linux");
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", { name: "Add it" }).click();
    await section.getByText(name).first().waitFor();
  }
  await page.getByRole("link", { name: "Rename Phone" }).click();
  await page.getByLabel("Name").fill("Old phone");
  await page.getByRole("button", { name: "Save it" }).click();
  await page.getByRole("link", { name: "Remove Old phone" }).click();
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.getByRole("link", { name: "Remove Laptop" }).waitFor();
  expect(await page.getByRole("link", { name: "Remove Old phone" }).count()).toBe(0);
});

test("recovery codes are shown once, copied, and let in where all else is lost", async ({
  stage,
}) => {
  const context = await stage.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  await withoutOffers(page);
  await withDevice(page);
  const name = await signUpByPasskey(stage, page);
  await page.getByRole("link", { name: "Security" }).click();
  await page.getByRole("link", { name: "Make recovery codes" }).click();
  await page.getByRole("button", { name: "Make 10 codes" }).click();
  const codes = await page.locator(".codes li").allTextContents();
  expect(codes).toHaveLength(10);
  await page.getByRole("button", { name: "Print" }).waitFor();
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.split(/\s+/)).toEqual(codes.map((code) => code.trim()));
  await page.getByRole("link", { name: "I have kept them" }).click();

  const { page: elsewhere } = await newPage(stage);
  await elsewhere.goto(`${stage.url}/sign-in`);
  await elsewhere.getByRole("link", { name: "Use a recovery code" }).click();
  await elsewhere.getByLabel("Name").fill(name);
  await elsewhere.getByLabel("Recovery code").fill((codes[3] ?? "").toUpperCase());
  await elsewhere.getByRole("button", { name: "Let me in" }).click();
  await elsewhere.getByText("Set a new one now.").waitFor();
  await elsewhere.getByRole("link", { name: "Set a password" }).click();
  await elsewhere.getByLabel("New password").fill(PASSWORD);
  await elsewhere.getByRole("button", { name: "Save it" }).click();
  await elsewhere.getByText("You have a password.").waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/sign-in");
});

describe("on a narrow screen", () => {
  test("axe finds nothing, and nothing has to be scrolled sideways", async ({ stage }) => {
    const viewport = { width: 320, height: 640 };
    const context = await stage.newContext({ viewport });
    const page = await context.newPage();
    await signUp(stage, context, `a${newName()}`.padEnd(32, "w"));
    await withDevice(page);
    await page.goto(`${stage.url}/security/passkeys/add`);
    await page.getByLabel("Name").fill("wide".repeat(15));
    await page.getByRole("button", { name: "Add it" }).click();
    await page.getByRole("link", { name: "Rename" }).waitFor();
    for (const path of [
      "/security",
      "/security/password",
      "/security/recovery-codes",
      "/confirm?next=/security",
      "/recover",
      "/sign-up",
    ]) {
      await page.goto(stage.url + path);
      await expectUsable(page);
    }
  });
});

test("without JavaScript there is no word of passkeys where they cannot be used", async ({
  stage,
}) => {
  const context = await stage.newContext({ javaScriptEnabled: false });
  const name = await signUp(stage, context);
  const page = await context.newPage();
  await page.goto(`${stage.url}/security/passkeys/add`);
  await page.getByText("This browser cannot use passkeys").waitFor();
  await page.goto(`${stage.url}/sign-in`);
  expect(await page.getByText("passkey").filter({ visible: true }).count()).toBe(0);
  await fillSignIn(page, name);
  await page.getByText(addressOf(stage, name), { exact: true }).waitFor();
});

test("the Enter key adds a passkey; a second of this device is refused in words", async ({
  stage,
}) => {
  const { context, page } = await newPage(stage);
  await signUp(stage, context);
  await withDevice(page);
  await page.goto(`${stage.url}/security/passkeys/add`);
  await page.getByLabel("Name").fill("Laptop");
  await page.getByLabel("Name").press("Enter");
  await page.getByRole("link", { name: "Remove Laptop" }).waitFor();
  await page.goto(`${stage.url}/security/passkeys/add`);
  await page.getByLabel("Name").press("Enter");
  const problem = page.getByRole("alert");
  await problem.filter({ hasText: "This device has a passkey for this account" }).waitFor();
});

test("only words for the person are shown, and in their language", async ({ stage }) => {
  const context = await stage.newContext({ locale: "de" });
  const page = await context.newPage();
  await signUp(stage, context);
  await withDevice(page);
  await page.route("**/security/passkeys/add", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({ json: { error: "too-many-requests", message: "Later." }, status: 429 })
      : route.continue(),
  );
  await page.goto(`${stage.url}/security/passkeys/add`);
  await page.getByRole("button", { name: "Hinzufügen" }).click();
  const problem = page.getByRole("alert").filter({ hasText: "Passkey" });
  await problem.waitFor();
  expect(await problem.textContent()).toBe(
    "Der Passkey wurde nicht benutzt. Versuche es noch einmal oder nimm ein Passwort.",
  );
});

describe("who has only a passkey, where it cannot be used", () => {
  test("is led to the recovery codes without JavaScript", async ({ stage }) => {
    const { context, page } = await newPage(stage);
    await withDevice(page);
    await signUpByPasskey(stage, page);
    await page.goto(`${stage.url}/confirm?next=/security/password`);
    const toCodes = "Use a recovery code";
    await page.getByRole("button", { name: "Continue with a passkey" }).waitFor();
    expect(await page.getByRole("link", { name: toCodes }).count()).toBe(0);
    const storageState = await context.storageState();
    const without = await stage.newContext({ javaScriptEnabled: false, storageState });
    const plain = await without.newPage();
    await plain.goto(`${stage.url}/confirm?next=/security/password`);
    await plain.getByText("This browser cannot use passkeys").waitFor();
    await plain.getByRole("link", { name: toCodes }).click();
    await plain.getByLabel("Recovery code").waitFor();
  });

  test("is told so on a host without a name", async ({ stage }) => {
    const { page } = await newPage(stage);
    await withDevice(page);
    const url = stage.url.replace("localhost", "127.0.0.1");
    await page.goto(`${url}/sign-up`);
    await fillSignUp(page, newName());
    await page.getByRole("link", { name: "Security" }).waitFor();
    await page.goto(`${url}/security/passkeys/add`);
    await page.getByText("There are no passkeys here").waitFor();
    await page.getByLabel("Name").press("Enter");
    await page.getByText("There are no passkeys here").waitFor();
    await expectUsable(page);
  });
});
