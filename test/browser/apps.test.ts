/** Connected apps, devices and tokens by hand, as people meet them. */

import { describe, expect } from "vitest";
import { stored, storeText } from "./support/app";
import { expectUsable } from "./support/axe";
import { allow, connectApp, signUp } from "./support/steps";
import { type Stage, test } from "./support/test-site";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** As a device does it, without a browser. */
async function post(stage: Stage, path: string, fields: Record<string, string>) {
  const body = new URLSearchParams(fields);
  const response = await fetch(`${stage.url}${path}`, { method: "POST", body });
  return (await response.json()) as Record<string, string>;
}

const startDevice = (stage: Stage, scope = "notes:rw") =>
  post(stage, "/oauth/device_authorization", { client_id: "Radio", scope });

const poll = (stage: Stage, { device_code = "" }: Record<string, string>) =>
  post(stage, "/oauth/token", { grant_type: DEVICE_GRANT, client_id: "Radio", device_code });

test("an app that loses a right loses it at once, while it is open", async ({ stage }) => {
  const context = await stage.newContext();
  const name = await signUp(stage, context);
  const app = await connectApp(stage, context, { name, release: "1.2.3" });
  await storeText(app, "hello", "Hello!");

  const page = await context.newPage();
  await page.goto(`${stage.url}/apps`);
  await page.getByText("last used").waitFor();
  await page.getByRole("img", { name: /requests? and/ }).waitFor();
  await page.getByRole("link", { name: `Change ${stage.apps.origin}` }).click();
  await page.getByLabel("notes").selectOption("read only");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("notes (read only)").waitFor();

  expect(await (await stored(app, "/notes/hello")).text()).toBe("Hello!");
  const { href, token } = await app.evaluate(() => {
    const { href, token } = window.remoteStorage.remote;
    return { href, token };
  });
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/plain" };
  const refused = await fetch(`${href}/notes/hello`, { method: "PUT", body: "x", headers });
  expect(refused.status).toBe(403);

  await page.getByRole("link", { name: "Disconnect" }).click();
  await page.getByRole("heading", { name: `Disconnect ${stage.apps.origin}?` }).waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("No app is connected yet.").waitFor();
  expect((await stored(app, "/notes/hello")).status).toBe(401);
});

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("RFC 8628 a device is let in by its code, and put out again", async ({ stage }) => {
    const context = await stage.newContext({ javaScriptEnabled });
    await signUp(stage, context);
    const page = await context.newPage();
    const device = await startDevice(stage, "notes:rw photos:rw");
    expect(await poll(stage, device)).toMatchObject({ error: "authorization_pending" });
    await page.goto(`${stage.url}/apps`);
    await page.getByRole("link", { name: "Connect a device" }).click();
    await page.getByLabel("Code").fill((device.user_code ?? "").toLowerCase());
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(device.user_code ?? "").waitFor();
    await page.getByLabel("photos").selectOption("not at all");
    await allow(page);
    await page.getByText("is connected in a moment").waitFor();
    expect(await poll(stage, device)).toMatchObject({ scope: "notes:rw" });
    await page.getByRole("link", { name: "To your apps" }).click();
    await page.getByRole("link", { name: "Disconnect Radio" }).click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("No app is connected yet.").waitFor();
  });

  test("a token is made, tried, and found among the apps", async ({ stage }) => {
    const context = await stage.newContext({ javaScriptEnabled });
    const name = await signUp(stage, context);
    const page = await context.newPage();
    await page.goto(`${stage.url}/apps`);
    await page.getByRole("link", { name: "Make a token" }).click();
    await page.getByLabel("Name").fill("Backup");
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByRole("alert").filter({ hasText: "at least one folder" }).waitFor();
    await page.getByLabel("May only read").fill("notes");
    await page.getByLabel("Works").selectOption("for 30 days");
    await page.getByRole("button", { name: "Make it" }).click();
    const token = (await page.locator("#token").textContent())?.trim();
    const headers = { Authorization: `Bearer ${token}` };
    const listing = await fetch(`${stage.url}/storage/${name}/notes/`, { headers });
    expect(listing.status).toBe(200);
    expect(await page.getByRole("button", { name: "Copy" }).count()).toBe(
      javaScriptEnabled ? 2 : 0,
    );
    await page.goto(`${stage.url}/apps`);
    await page.getByRole("listitem").filter({ hasText: "Backup" }).first().waitFor();
  });
});

describe("in the dark", () => {
  test("no page has anything that keeps people out, or has to be scrolled sideways", async ({
    stage,
  }) => {
    const viewport = { width: 320, height: 640 };
    const context = await stage.newContext({ viewport, colorScheme: "dark" });
    const name = await signUp(stage, context);
    const app = await connectApp(stage, context, { name, release: "1.2.3", module: "*" });
    await app.close();
    const page = await context.newPage();
    const question = new URLSearchParams({
      redirect_uri: `${stage.apps.origin}/blank`,
      response_type: "token",
      scope: `${"longmodulename".repeat(4)}:rw contacts:r *:rw`,
    });
    const device = await startDevice(stage, `${"longmodulename".repeat(4)}:rw *:r`);
    const id = new URLSearchParams({ id: stage.apps.origin, app: stage.apps.origin });
    for (const path of [
      `/oauth/authorize/${name}?${question}`,
      `/apps/tokens`,
      `/apps`,
      `/apps/app?${id}`,
      `/apps/disconnect?${id}`,
      `/apps/disconnect-all`,
      `/device?user_code=${device.user_code}`,
    ]) {
      await page.goto(`${stage.url}${path}`);
      await expectUsable(page);
    }
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("nobody has checked").waitFor();
    await expectUsable(page);
    await page.goto(`${stage.url}/apps/tokens`);
    await page.getByLabel("Name").fill("x".repeat(50));
    await page.getByLabel("May read and change").fill("*");
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByText("Copy it now").waitFor();
    await expectUsable(page);
  });
});
