/** Administration in a browser: from the set-up link to a suspended account. */

import { expect } from "vitest";
import { becomeAdministrator, createAccount, fillSignIn, PASSWORD, signUp } from "./support/steps";
import { test } from "./support/test-site";

test("the set-up link opens administration, where an invitation is created and revoked", async ({
  site,
}) => {
  const context = await site.openContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  await page.goto(site.url + (await site.createAdminLinkPath()));
  await page.getByRole("button", { name: `Make ${name} an administrator` }).click();
  await page.getByRole("heading", { name: "Administration", level: 1 }).waitFor();
  await page.getByRole("link", { name: "Invitations" }).click();
  await page.getByRole("link", { name: "Invite someone" }).click();
  await page.getByLabel("Recipient").fill("Bob");
  await page.getByLabel("Quota").fill("5 GB");
  await page.getByRole("button", { name: "Create invitation" }).click();
  await page.getByRole("button", { name: "Copy" }).waitFor();
  const link = (await page.locator("#link").textContent()) ?? "";
  expect(link.trim()).toMatch(new RegExp(`^${site.url}/sign-up\\?invitation=[\\w-]{43}$`));
  await page.getByRole("link", { name: "Back to invitations" }).click();
  await page.getByRole("link", { name: "Revoke the invitation for Bob" }).click();
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("0 of 1 used, no longer valid").waitFor();
});

test("without JavaScript an account is found, suspended and resumed", async ({ site }) => {
  const context = await site.openContext({ javaScriptEnabled: false });
  await signUp(site, context);
  await becomeAdministrator(site, context);
  const name = await createAccount(site);
  const page = await context.newPage();
  await page.goto(`${site.url}/admin/accounts`);
  await page.getByLabel("Name starts with").fill(name);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("link", { name: `Suspend: ${name}` }).click();
  await page.getByRole("button", { name: "Suspend" }).click();
  await page.getByText(/^Suspended /).waitFor();

  const theirs = await (await site.openContext()).newPage();
  await theirs.goto(`${site.url}/sign-in`);
  await fillSignIn(theirs, name, PASSWORD);
  await theirs.getByRole("alert").filter({ hasText: "suspended" }).waitFor();

  await page.getByRole("link", { name: `Resume: ${name}` }).click();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("link", { name: `Suspend: ${name}` }).waitFor();
  await fillSignIn(theirs, name, PASSWORD);
  await theirs.getByRole("button", { name: "Sign out" }).waitFor();
});
