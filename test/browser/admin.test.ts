/** Administration as people meet it: from the set-up link to a suspended account, on any screen. */

import type { BrowserContext } from "playwright-core";
import { describe, expect } from "vitest";
import { fillSignIn, PASSWORD, signUp } from "./support/steps";
import { type Stage, test } from "./support/test-site";

/** Makes somebody administrator by a set-up link, which `npm start` prints. */
async function becomeAdministrator(stage: Stage, context: BrowserContext): Promise<string> {
  const name = await signUp(stage, context);
  const page = await context.newPage();
  await page.goto(stage.url + (await stage.setUpPath()));
  await page.getByRole("button", { name: `Make ${name} an administrator` }).click();
  await page.getByRole("heading", { name: "Administration", level: 1 }).waitFor();
  await page.close();
  return name;
}

test("the set-up link leads to administration, and there to an invitation", async ({ stage }) => {
  const context = await stage.newContext();
  await becomeAdministrator(stage, context);
  const page = await context.newPage();
  await page.goto(`${stage.url}/admin`);
  await page.getByRole("link", { name: "Invitations" }).click();
  await page.getByRole("link", { name: "Invite somebody" }).click();
  await page.getByLabel("For whom it is").fill("Bob");
  await page.getByLabel("Quota").fill("5 GB");
  await page.getByRole("button", { name: "Make the invitation" }).click();
  await page.getByRole("button", { name: "Copy" }).waitFor();
  const link = (await page.locator("#link").textContent()) ?? "";
  expect(link.trim()).toMatch(new RegExp(`^${stage.url}/sign-up\\?invitation=[\\w-]{43}$`));
  await page.getByRole("link", { name: "To the invitations" }).click();
  await page.getByRole("link", { name: "Revoke the invitation for Bob" }).click();
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("0 of 1 used, over").waitFor();
});

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("an account is found, suspended, and resumed", async ({ stage }) => {
    const context = await stage.newContext({ javaScriptEnabled });
    await becomeAdministrator(stage, context);
    const name = await signUp(stage, await stage.newContext());
    const page = await context.newPage();
    await page.goto(`${stage.url}/admin/accounts`);
    await page.getByLabel("Name begins with").fill(name);
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("link", { name: `Suspend: ${name}` }).click();
    await page.getByRole("button", { name: "Suspend" }).click();
    await page.getByText("suspended since").waitFor();

    const theirs = await (await stage.newContext()).newPage();
    await theirs.goto(`${stage.url}/sign-in`);
    await fillSignIn(theirs, name, PASSWORD);
    await theirs.getByRole("alert").filter({ hasText: "suspended" }).waitFor();

    await page.getByRole("link", { name: `Resume: ${name}` }).click();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("link", { name: `Suspend: ${name}` }).waitFor();
    await fillSignIn(theirs, name, PASSWORD);
    await theirs.getByRole("button", { name: "Sign out" }).waitFor();
  });
});
