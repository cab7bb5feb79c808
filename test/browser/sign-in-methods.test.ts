/** Sign-in methods, in a browser with a virtual authenticator for passkeys. */

import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { expectAccessible, expectAccessibleOnAllScreens } from "./support/axe";
import {
  createAccount,
  fillSignIn,
  fillSignUp,
  PASSWORD,
  signUp,
  uniqueUserName,
} from "./support/steps";
import { type TestSite, test, userAddress } from "./support/test-site";

/** Gives a page an authenticator that stores passkeys and always verifies the user. */
async function addAuthenticator(
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

/** Without this, the authenticator would accept the autofill offer of the sign-in page by itself. */
const disableAutofill = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });

const continueWithPasskey = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Continue with a passkey" }).click();

async function signUpWithPasskey(site: TestSite, page: Page): Promise<string> {
  const name = uniqueUserName();
  await page.goto(`${site.url}/sign-up`);
  await page.getByLabel("Name").fill(name);
  await continueWithPasskey(page);
  await page.getByText(userAddress(site, name), { exact: true }).waitFor();
  return name;
}

const newPage = async (site: TestSite): Promise<{ context: BrowserContext; page: Page }> => {
  const context = await site.openContext();
  return { context, page: await context.newPage() };
};

test("a user signs up with a passkey, signs out, and signs in without entering a name", async ({
  site,
}) => {
  const { page } = await newPage(site);
  await disableAutofill(page);
  const { session, authenticatorId } = await addAuthenticator(page);
  const name = await signUpWithPasskey(site, page);
  const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
  expect(credentials).toMatchObject([{ isResidentCredential: true, rpId: "localhost" }]);
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await page.getByRole("link", { name: "Sign in" }).waitFor();
  await page.goto(`${site.url}/sign-in?next=/security`);
  await continueWithPasskey(page);
  await page.getByRole("heading", { name: "Security" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/security");
  expect(await page.locator("header").textContent()).toContain(name);
});

test("passkeys need none of WebAuthn's conversions from and to JSON", async ({ site }) => {
  const { context, page } = await newPage(site);
  await disableAutofill(page);
  await page.addInitScript(() => {
    // As in Safari before 18.4, and as the credentials of password managers behave.
    Object.assign(PublicKeyCredential, {
      parseCreationOptionsFromJSON: undefined,
      parseRequestOptionsFromJSON: undefined,
    });
    PublicKeyCredential.prototype.toJSON = () => {
      throw new TypeError("Illegal invocation");
    };
  });
  await addAuthenticator(page);
  const name = await signUpWithPasskey(site, page);
  await context.clearCookies();
  await page.goto(`${site.url}/sign-in?next=/security`);
  await continueWithPasskey(page);
  await page.getByRole("heading", { name: "Security" }).waitFor();
  expect(await page.locator("header").textContent()).toContain(name);
});

test("a passkey is offered as autofill in the name field", async ({ site }) => {
  const { context, page } = await newPage(site);
  await addAuthenticator(page);
  const name = await signUpWithPasskey(site, page);
  await context.clearCookies();
  await page.goto(`${site.url}/sign-in`);
  // The authenticator accepts the offer by itself.
  await page.getByText(userAddress(site, name), { exact: true }).waitFor();
});

test("a taken name is refused with a message, before a passkey is created", async ({ site }) => {
  const taken = await createAccount(site);
  const { page } = await newPage(site);
  const { session, authenticatorId } = await addAuthenticator(page);
  await page.goto(`${site.url}/sign-up`);
  await page.getByLabel("Name").fill(taken);
  await continueWithPasskey(page);
  await page.getByRole("alert").filter({ hasText: "is taken" }).waitFor();
  const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
  expect(credentials).toEqual([]);
});

test("a user confirms who they are with a passkey, and returns to the page", async ({ site }) => {
  const { context, page } = await newPage(site);
  await addAuthenticator(page);
  await signUpWithPasskey(site, page);
  await page.goto(`${site.url}/confirm?next=/security/password`);
  await continueWithPasskey(page);
  await page.getByRole("heading", { name: "Set a password" }).waitFor();
  // Without a session, the user is sent to sign in, and back.
  await page.goto(`${site.url}/security/passkeys/add`);
  await context.clearCookies();
  await page.getByRole("button", { name: "Add passkey" }).click();
  await page.waitForURL(`${site.url}/sign-in?next=%2Fsecurity%2Fpasskeys%2Fadd`);
});

test("a user adds a second passkey, renames it, and removes it", async ({ site }) => {
  const { context, page } = await newPage(site);
  await signUp(site, context);
  await addAuthenticator(page);
  await page.goto(`${site.url}/security`);
  const section = page.getByRole("main");
  for (const name of ["Laptop", "Phone"]) {
    // An authenticator stores only one passkey per account: the second is on another one.
    if (name === "Phone") await addAuthenticator(page, "usb");
    await page.getByRole("link", { name: "Add a passkey" }).click();
    expect(await page.getByLabel("Name").inputValue()).toBe("Chrome, Linux");
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", { name: "Add passkey" }).click();
    await section.getByText(name).first().waitFor();
  }
  await page.getByRole("link", { name: "Rename Phone" }).click();
  await page.getByLabel("Name").fill("Old phone");
  await page.getByRole("button", { name: "Save name" }).click();
  await page.getByRole("link", { name: "Remove Old phone" }).click();
  await page.getByRole("button", { name: "Remove passkey" }).click();
  await page.getByRole("link", { name: "Remove Laptop" }).waitFor();
  expect(await page.getByRole("link", { name: "Remove Old phone" }).count()).toBe(0);
});

test("recovery codes are shown once, can be copied, and sign in without another method", async ({
  site,
}) => {
  const context = await site.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  await disableAutofill(page);
  await addAuthenticator(page);
  const name = await signUpWithPasskey(site, page);
  await page.getByRole("link", { name: "Security" }).click();
  await page.getByRole("link", { name: "Create recovery codes" }).click();
  await page.getByRole("button", { name: "Create 10 codes" }).click();
  const codes = await page.locator(".codes li").allTextContents();
  expect(codes).toHaveLength(10);
  await page.getByRole("button", { name: "Print" }).waitFor();
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.split(/\s+/)).toEqual(codes.map((code) => code.trim()));
  await page.getByRole("link", { name: "I’ve saved them" }).click();

  // In the web view of an app, which has no WebAuthn.
  const { page: elsewhere } = await newPage(site);
  await elsewhere.addInitScript(() => Object.assign(window, { PublicKeyCredential: undefined }));
  await elsewhere.goto(`${site.url}/device?user_code=BCDF-GHJK`);
  await elsewhere.getByText("If you have only passkeys, use a recovery code").waitFor();
  await expectAccessible(elsewhere);
  await elsewhere.getByRole("link", { name: "Use a recovery code" }).click();
  await elsewhere.getByLabel("Name").fill(name);
  await elsewhere.getByLabel("Recovery code").fill((codes[3] ?? "").toUpperCase());
  await elsewhere.getByRole("button", { name: "Sign in" }).click();
  await elsewhere.getByText("set up a new one now.").waitFor();
  await elsewhere.getByRole("link", { name: "Set a password" }).click();
  await elsewhere.getByLabel("New password").fill(PASSWORD);
  await elsewhere.getByRole("button", { name: "Save password" }).click();
  await elsewhere.getByText("You have a password.").waitFor();
  await elsewhere.getByRole("link", { name: "Continue where you left off" }).click();
  await elsewhere.getByRole("heading", { name: "Connect a device" }).waitFor();
  expect(elsewhere.url()).toBe(`${site.url}/device?user_code=BCDF-GHJK`);
  const signedOut = await context.request.get(page.url(), { maxRedirects: 0 });
  expect(signedOut.headers().location).toMatch(/^\/sign-in\?/);
});

test("the pages of a user with a passkey are accessible, and nothing scrolls sideways", async ({
  site,
}) => {
  const { context, page } = await newPage(site);
  await signUp(site, context, `a${uniqueUserName()}`.padEnd(32, "w"));
  await addAuthenticator(page);
  await page.goto(`${site.url}/security/passkeys/add`);
  await page.getByLabel("Name").fill("wide".repeat(15));
  await page.getByRole("button", { name: "Add passkey" }).click();
  await page.getByRole("link", { name: "Rename" }).waitFor();
  await expectAccessibleOnAllScreens(page);
  await page.goto(`${site.url}/confirm?next=/security`);
  await expectAccessibleOnAllScreens(page);
});

test("without JavaScript, the sign-in page offers no passkeys, and says what to do with only passkeys", async ({
  site,
}) => {
  const context = await site.openContext({ javaScriptEnabled: false });
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(`${site.url}/security/passkeys/add`);
  await page.getByText("This browser doesn’t support passkeys").waitFor();
  await page.goto(`${site.url}/sign-in`);
  await page.getByText("If you have only passkeys, use a recovery code").waitFor();
  expect(await page.getByRole("button", { name: "passkey" }).count()).toBe(0);
  await fillSignIn(page, name);
  await page.getByText(userAddress(site, name), { exact: true }).waitFor();
});

test("the Enter key adds a passkey; a second one on the same device is refused with a message", async ({
  site,
}) => {
  const { context, page } = await newPage(site);
  await signUp(site, context);
  await addAuthenticator(page);
  await page.goto(`${site.url}/security/passkeys/add`);
  await page.getByLabel("Name").fill("Laptop");
  await page.getByLabel("Name").press("Enter");
  await page.getByRole("link", { name: "Remove Laptop" }).waitFor();
  await page.goto(`${site.url}/security/passkeys/add`);
  await page.getByLabel("Name").press("Enter");
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "This device already has a passkey for this account" }).waitFor();
});

test("an error without a sentence for the user shows a general message in their language", async ({
  site,
}) => {
  const context = await site.openContext({ locale: "de" });
  const page = await context.newPage();
  await signUp(site, context);
  await addAuthenticator(page);
  await page.route("**/security/passkeys/add", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({ json: { error: "too-many-requests", message: "Later." }, status: 429 })
      : route.continue(),
  );
  await page.goto(`${site.url}/security/passkeys/add`);
  await page.getByRole("button", { name: "Passkey hinzufügen" }).click();
  const alert = page.getByRole("alert").filter({ hasText: "Passkey" });
  await alert.waitFor();
  expect(await alert.textContent()).toBe(
    "Das hat mit dem Passkey nicht geklappt. Versuche es noch einmal oder verwende ein Passwort.",
  );
});

describe("a user with only a passkey, where it cannot be used", () => {
  test("is offered recovery codes without JavaScript", async ({ site }) => {
    const { context, page } = await newPage(site);
    await addAuthenticator(page);
    await signUpWithPasskey(site, page);
    await page.goto(`${site.url}/confirm?next=/security/password`);
    const linkText = "Use a recovery code";
    await page.getByRole("button", { name: "Continue with a passkey" }).waitFor();
    expect(await page.getByRole("link", { name: linkText }).count()).toBe(0);
    const storageState = await context.storageState();
    const contextWithoutScript = await site.newContext({ javaScriptEnabled: false, storageState });
    const pageWithoutScript = await contextWithoutScript.newPage();
    await pageWithoutScript.goto(`${site.url}/confirm?next=/security/password`);
    await pageWithoutScript.getByText("This browser doesn’t support passkeys").waitFor();
    await pageWithoutScript.getByRole("link", { name: linkText }).click();
    await pageWithoutScript.getByLabel("Recovery code").waitFor();
  });

  test("is told so on an IP address", async ({ site }) => {
    const { page } = await newPage(site);
    await addAuthenticator(page);
    const url = site.url.replace("localhost", "127.0.0.1");
    await page.goto(`${url}/sign-up`);
    await fillSignUp(page, uniqueUserName());
    await page.getByRole("link", { name: "Security" }).waitFor();
    await page.goto(`${url}/security/passkeys/add`);
    await page.getByText("Passkeys aren’t available here").waitFor();
    await page.getByLabel("Name").press("Enter");
    await page.getByText("Passkeys aren’t available here").waitFor();
    await expectAccessible(page);
  });
});
