/** The pages of a signed-in user: home, data, activity, settings, and account deletion. */

import { readFileSync } from "node:fs";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { unzip } from "../support/zip";
import { fillSignIn, signUp } from "./support/steps";
import { type TestSite, test, userAddress } from "./support/test-site";

/** Stores documents as an app with full access. */
async function storeDocuments(
  site: TestSite,
  context: BrowserContext,
  name: string,
  documents: Record<string, string>,
): Promise<void> {
  const query = new URLSearchParams({
    client_id: site.apps.origin,
    redirect_uri: `${site.apps.origin}/blank`,
    response_type: "token",
    scope: "*:rw",
  });
  const allowed = await context.request.post(`${site.url}/oauth/authorize/${name}?${query}`, {
    form: { decision: "allow", duration: "always" },
    headers: { Origin: site.url },
    maxRedirects: 0,
  });
  const fragment = new URL(allowed.headers().location ?? "").hash.slice(1);
  const token = new URLSearchParams(fragment).get("access_token");
  for (const [path, data] of Object.entries(documents)) {
    const response = await context.request.put(`${site.url}/storage/${name}${path}`, {
      data,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" },
    });
    expect(response.status()).toBe(201);
  }
}

const openMenuItem = (page: Page, name: string): Promise<void> =>
  page.getByRole("navigation").getByRole("link", { name }).click();

/** Downloads the archive that a link leads to, and reads its files. */
async function downloadArchive(page: Page, link: string) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: link }).click(),
  ]);
  expect(await download.failure()).toBeNull();
  const bytes = Uint8Array.from(readFileSync(await download.path()));
  return { filename: download.suggestedFilename(), files: unzip(bytes) };
}

test("home, data, export, activity and settings work without JavaScript", async ({ site }) => {
  const context = await site.openContext({ javaScriptEnabled: false });
  const name = await signUp(site, context);
  await storeDocuments(site, context, name, { "/notes/größe": "hello", "/public/blog/a": "world" });
  const page = await context.newPage();
  await page.goto(site.url);
  await page.getByText(userAddress(site, name), { exact: true }).waitFor();
  await page.getByText("Show QR code").click();
  await page.getByRole("img", { name: /^QR code of/ }).waitFor();

  await openMenuItem(page, "Data");
  await page.getByRole("row", { name: /^notes 5 bytes 0 bytes 1$/ }).waitFor();
  await page.getByRole("row", { name: /^blog 0 bytes 5 bytes 1$/ }).waitFor();
  await page.getByRole("main").getByRole("link", { name: "Export", exact: true }).click();
  const { filename, files } = await downloadArchive(page, "Download everything");
  expect(filename).toMatch(new RegExp(`^satchel-${name}-.*\\.zip$`));
  const texts = files.map((file) => [file.name, new TextDecoder().decode(file.bytes)]);
  expect(texts).toEqual(
    expect.arrayContaining([
      [expect.stringMatching(/\/data\/documents\/notes\/größe$/), "hello"],
      [expect.stringMatching(/\/data\/documents\/public\/blog\/a$/), "world"],
      [expect.stringMatching(/\/bag-info.txt$/), expect.stringContaining(userAddress(site, name))],
    ]),
  );

  await openMenuItem(page, "Activity");
  await page.getByRole("cell", { name: "Data exported" }).waitFor();
  await openMenuItem(page, "Settings");
  await page.getByRole("main").getByRole("button", { name: "Deutsch" }).click();
  await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
});

test("an account is deleted by typing its name; then it has no sign-in and no data", async ({
  site,
}) => {
  const context = await site.openContext({ javaScriptEnabled: false });
  const name = await signUp(site, context);
  await storeDocuments(site, context, name, { "/public/a": "hello" });
  const page = await context.newPage();
  await page.goto(`${site.url}/settings`);
  await page.getByRole("link", { name: "Delete account" }).click();
  const typed = page.getByLabel(/^Type your name/);
  const button = page.getByRole("button", { name: "Delete permanently" });
  await typed.fill("somebody-else");
  await button.click();
  await page.getByRole("alert").filter({ hasText: "That’s not your name" }).waitFor();
  await typed.fill(name);
  await button.click();
  await page.getByRole("heading", { name: "Account deleted" }).waitFor();

  await page.goto(`${site.url}/settings`);
  await fillSignIn(page, name);
  await page.getByRole("alert").filter({ hasText: "is wrong" }).waitFor();
  const deleted = await context.request.get(`${site.url}/storage/${name}/public/a`);
  expect(deleted.status()).toBe(404);
});
