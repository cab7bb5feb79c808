/** What somebody who is signed in finds: home, data, activity, settings, and the way out. */

import { readFileSync } from "node:fs";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { unzip } from "../support/zip";
import { fillSignIn, signUp } from "./support/steps";
import { addressOf, type Stage, test } from "./support/test-site";

/** Stores documents as an app that this person has allowed everything. */
async function store(
  stage: Stage,
  context: BrowserContext,
  name: string,
  documents: Record<string, string>,
): Promise<void> {
  const query = new URLSearchParams({
    client_id: stage.apps.origin,
    redirect_uri: `${stage.apps.origin}/blank`,
    response_type: "token",
    scope: "*:rw",
  });
  const allowed = await context.request.post(`${stage.url}/oauth/authorize/${name}?${query}`, {
    form: { decision: "allow", duration: "always" },
    headers: { Origin: stage.url },
    maxRedirects: 0,
  });
  const fragment = new URL(allowed.headers().location ?? "").hash.slice(1);
  const token = new URLSearchParams(fragment).get("access_token");
  for (const [path, data] of Object.entries(documents)) {
    const response = await context.request.put(`${stage.url}/storage/${name}${path}`, {
      data,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" },
    });
    expect(response.status()).toBe(201);
  }
}

const menu = (page: Page, name: string): Promise<void> =>
  page.getByRole("navigation").getByRole("link", { name }).click();

/** Saves what the link leads to, and reads it. */
async function downloadFrom(page: Page, link: string) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: link }).click(),
  ]);
  expect(await download.failure()).toBeNull();
  const bytes = Uint8Array.from(readFileSync(await download.path()));
  return { filename: download.suggestedFilename(), files: unzip(bytes) };
}

test("without script: home, data, the archive, activity and settings", async ({ stage }) => {
  const context = await stage.newContext({ javaScriptEnabled: false });
  const name = await signUp(stage, context);
  await store(stage, context, name, { "/notes/größe": "hello", "/public/blog/a": "world" });
  const page = await context.newPage();
  await page.goto(stage.url);
  await page.getByText(addressOf(stage, name), { exact: true }).waitFor();
  await page.getByText("let another device scan it").click();
  await page.getByRole("img", { name: /^QR code of/ }).waitFor();

  await menu(page, "Data");
  await page.getByRole("row", { name: /^notes 5 bytes 0 bytes 1$/ }).waitFor();
  await page.getByRole("row", { name: /^blog 0 bytes 5 bytes 1$/ }).waitFor();
  const { filename, files } = await downloadFrom(page, "Download everything");
  expect(filename).toMatch(new RegExp(`^satchel-${name}-.*\\.zip$`));
  expect(files.map((file) => [file.name, new TextDecoder().decode(file.bytes)])).toEqual([
    ["satchel-export.json", expect.stringContaining(addressOf(stage, name))],
    ["notes/größe", "hello"],
    ["public/blog/a", "world"],
  ]);

  await menu(page, "Activity");
  await page.getByRole("cell", { name: "Data downloaded" }).waitFor();
  await menu(page, "Settings");
  await page.getByRole("main").getByRole("button", { name: "Deutsch" }).click();
  await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
});

test("deleting the account by typing its name, and nobody comes in again", async ({ stage }) => {
  const context = await stage.newContext({ javaScriptEnabled: false });
  const name = await signUp(stage, context);
  await store(stage, context, name, { "/public/a": "hello" });
  const page = await context.newPage();
  await page.goto(`${stage.url}/settings`);
  await page.getByRole("link", { name: "Delete your account" }).click();
  const typed = page.getByLabel(/^Type your name/);
  const button = page.getByRole("button", { name: "Delete everything" });
  await typed.fill("somebody-else");
  await button.click();
  await page.getByRole("alert").filter({ hasText: "That is not your name" }).waitFor();
  await typed.fill(name);
  await button.click();
  await page.getByRole("heading", { name: "Your account is deleted" }).waitFor();

  await page.goto(`${stage.url}/settings`);
  await fillSignIn(page, name);
  await page.getByRole("alert").filter({ hasText: "is wrong" }).waitFor();
  const gone = await context.request.get(`${stage.url}/storage/${name}/public/a`);
  expect(gone.status()).toBe(404);
});
