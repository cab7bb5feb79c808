/** Connected apps, devices, and tokens created by hand, as users see them. */

import { describe, expect } from "vitest";
import { fetchStored, storeText } from "./support/app";
import { expectAccessibleOnAllScreens } from "./support/axe";
import { allowAccess, openConnectedApp, signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** A request of a device, without a browser. */
async function postForm(site: TestSite, path: string, fields: Record<string, string>) {
  const body = new URLSearchParams(fields);
  const response = await fetch(`${site.url}${path}`, { method: "POST", body });
  return (await response.json()) as Record<string, string>;
}

const startDevice = (site: TestSite, scope = "notes:rw") =>
  postForm(site, "/oauth/device_authorization", { client_id: "Radio", scope });

const pollForToken = (site: TestSite, { device_code = "" }: Record<string, string>) =>
  postForm(site, "/oauth/token", { grant_type: DEVICE_GRANT, client_id: "Radio", device_code });

test("an open app loses a permission as soon as the user removes it", async ({ site }) => {
  const context = await site.openContext();
  const name = await signUp(site, context);
  const app = await openConnectedApp(site, context, { name, release: "1.2.3" });
  await storeText(app, "hello", "Hello!");

  const page = await context.newPage();
  await page.goto(`${site.url}/apps`);
  await page.getByText("Last used").waitFor();
  await page.getByRole("img", { name: /requests? and/ }).waitFor();
  await page.getByRole("link", { name: `Manage ${site.apps.origin}` }).click();
  await page.getByLabel("notes").selectOption("Read only");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("notes (read only)").waitFor();

  expect(await (await fetchStored(app, "/notes/hello")).text()).toBe("Hello!");
  const { href, token } = await app.evaluate(() => {
    const { href, token } = window.remoteStorage.remote;
    return { href, token };
  });
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" };
  const refused = await fetch(`${href}/notes/hello`, { method: "PUT", body: "x", headers });
  expect(refused.status).toBe(403);

  await page.getByRole("link", { name: "Disconnect" }).click();
  await page.getByRole("heading", { name: `Disconnect ${site.apps.origin}?` }).waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("No apps are connected yet.").waitFor();
  expect((await fetchStored(app, "/notes/hello")).status).toBe(401);
});

describe("without JavaScript", () => {
  const javaScriptEnabled = false;

  test("RFC 8628 a device is connected by its code, and disconnected", async ({ site }) => {
    const context = await site.openContext({ javaScriptEnabled });
    await signUp(site, context);
    const page = await context.newPage();
    const device = await startDevice(site, "notes:rw photos:rw");
    expect(await pollForToken(site, device)).toMatchObject({ error: "authorization_pending" });
    await page.goto(`${site.url}/apps`);
    await page.getByRole("link", { name: "Connect a device" }).click();
    await page.getByLabel("Code").fill((device.user_code ?? "").toLowerCase());
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(device.user_code ?? "").waitFor();
    await page.getByLabel("photos").selectOption("No access");
    await allowAccess(page);
    await page.getByText("will be connected in a moment").waitFor();
    expect(await pollForToken(site, device)).toMatchObject({ scope: "notes:rw" });
    await page.getByRole("link", { name: "Go to your apps" }).click();
    await page.getByRole("link", { name: "Disconnect Radio" }).click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("No apps are connected yet.").waitFor();
  });

  test("a token is created, works, and is listed among the apps", async ({ site }) => {
    const context = await site.openContext({ javaScriptEnabled });
    const name = await signUp(site, context);
    const page = await context.newPage();
    await page.goto(`${site.url}/apps`);
    await page.getByRole("link", { name: "Create a token" }).click();
    await page.getByLabel("Name").fill("Backup");
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByRole("alert").filter({ hasText: "at least one module" }).waitFor();
    await page.getByLabel("Read only").fill("notes");
    await page.getByLabel("Expires").selectOption("After 30 days");
    await page.getByRole("button", { name: "Create token" }).click();
    const token = (await page.locator("#token").textContent())?.trim();
    const headers = { Authorization: `Bearer ${token}` };
    const listing = await fetch(`${site.url}/storage/${name}/notes/`, { headers });
    expect(listing.status).toBe(200);
    expect(await page.getByRole("button", { name: "Copy" }).count()).toBe(0);
    await page.goto(`${site.url}/apps`);
    await page.getByRole("listitem").filter({ hasText: "Backup" }).first().waitFor();
  });
});

test("the pages that no link leads to are accessible, and nothing scrolls sideways", async ({
  site,
}) => {
  const context = await site.openContext();
  await signUp(site, context);
  const page = await context.newPage();
  const device = await startDevice(site, `${"longmodulename".repeat(4)}:rw *:r`);
  await page.goto(`${site.url}/device?user_code=${device.user_code}`);
  await expectAccessibleOnAllScreens(page);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("it is not verified").waitFor();
  await expectAccessibleOnAllScreens(page);
  await page.goto(`${site.url}/apps/tokens`);
  await page.getByLabel("Name").fill("x".repeat(50));
  await page.getByLabel("Read and write").fill("*");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("Copy it now").waitFor();
  const buttons = page.getByRole("button", { name: "Copy" });
  await buttons.nth(1).waitFor();
  expect(await buttons.count()).toBe(2);
  await expectAccessibleOnAllScreens(page);
  await page.goto(`${site.url}/apps/disconnect-all`);
  await expectAccessibleOnAllScreens(page);
});
