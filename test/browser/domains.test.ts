/** Domains of users in a browser: proved and led here on their pages, and used by apps as an address. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { storeText, waitForText } from "./support/app";
import { RELEASES } from "./support/app-server";
import { expectAccessibleOnAllScreens } from "./support/axe";
import { type DnsServer, startDnsServer } from "./support/dns-server";
import { connectApp, openConnectedApp, signUp } from "./support/steps";
import { type TestSite, testWithSite } from "./support/test-site";

let dns: DnsServer;
beforeAll(async () => {
  dns = await startDnsServer();
});
afterAll(() => dns.close());

/** A provider that knows its own address, and a browser for which all names below .example lead to it. */
const test = testWithSite(async () => {
  const port = await freePort();
  return {
    port,
    settings: { ORIGIN: `http://localhost:${port}`, DNS_RESOLVERS: dns.resolvers },
    browserArguments: [`--host-resolver-rules=MAP *.example 127.0.0.1:${port}`],
  };
});

/** A port on which nobody listens. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** Longer than the page, and the provider, wait before they look again. */
const PAUSE_MS = 30_000;

/** Lets the page look again, as if the pause were over. */
async function passPause(site: TestSite, page: Page): Promise<void> {
  const database = await site.database();
  const sql = "UPDATE domain_claims SET checked_at = checked_at - ?";
  await database.prepare(sql).bind(PAUSE_MS).run();
  await page.clock.fastForward(PAUSE_MS);
}

/** Moves the focus to an element with the Tab key. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const isFocused = () => target.evaluate((element) => element === document.activeElement);
  for (let i = 0; i < 60; i++) {
    if (await isFocused()) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("It cannot be reached by keyboard.");
}

const press = async (page: Page, target: Locator): Promise<void> => {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
};

/** Copies a text with the button beside it. */
async function copy(page: Page, id: string): Promise<string> {
  const button = page.locator(`button[data-copy="${id}"]`);
  await press(page, button);
  await expect.poll(() => button.textContent()).toBe("Copied");
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Adds and proves a domain, without opening a page. */
async function proveDomain(site: TestSite, context: BrowserContext, host: string): Promise<void> {
  const path = `${site.url}/settings/domains`;
  await context.request.post(path, { form: { domain: host } });
  const database = await site.database();
  const claim = await database
    .prepare("SELECT value FROM domain_claims WHERE host = ?")
    .bind(host)
    .first<{ value: string }>();
  dns.publish(`_satchel.${host}`, claim?.value ?? "");
  await database.prepare("UPDATE domain_claims SET checked_at = NULL").run();
  expect(await (await context.request.get(`${path}/${host}`)).text()).toContain(
    'data-state="active"',
  );
}

test("a domain is added, proved, led here and removed with the keyboard alone", async ({
  site,
}) => {
  const context = await site.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const name = await signUp(site, context);
  const host = `${name}.example`;
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${site.url}/settings`);
  await press(page, page.getByRole("link", { name: "Manage your domains" }));
  await page.getByText("You haven’t added a domain.").waitFor();

  await tabTo(page, page.getByLabel("Domain"));
  await page.keyboard.type("github.io");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "others have names below it" }).waitFor();
  expect(await page.getByLabel("Domain").inputValue()).toBe("github.io");
  await expectAccessibleOnAllScreens(page);
  await tabTo(page, page.getByLabel("Domain"));
  await page.keyboard.press("Control+A");
  await page.keyboard.type(host);
  await page.keyboard.press("Enter");

  await page.getByRole("heading", { name: host }).waitFor();
  const finding = page.locator("#dns-finding");
  expect(await finding.textContent()).toContain("There’s no such record yet.");
  const [record, value] = [await copy(page, "record-name"), await copy(page, "record-value")];
  expect(record).toBe(`_satchel.${host}`);
  await expectAccessibleOnAllScreens(page);

  // What the page has found changes in place; it is loaded anew only with its state.
  await page.evaluate(() => Object.assign(window, { isSamePage: true }));
  dns.publish(record, `${value}x`);
  await passPause(site, page);
  await expect.poll(() => finding.textContent()).toContain("with another value");
  expect(await page.evaluate(() => "isSamePage" in window)).toBe(true);
  dns.publish(record, "v=spf1 -all", value);
  await passPause(site, page);
  await page.getByText("This domain is yours.").waitFor();
  expect(await page.evaluate(() => "isSamePage" in window)).toBe(false);
  expect(await copy(page, "address")).toBe(`${name}@${host}`);

  await press(page, page.locator("summary", { hasText: "nginx" }));
  expect(await copy(page, "rule-0")).toContain(`return 307 ${site.url}$request_uri;`);
  await expectAccessibleOnAllScreens(page);
  const downloading = page.waitForEvent("download");
  await press(page, page.getByRole("link", { name: "this file" }).last());
  expect((await downloading).suggestedFilename()).toBe("webfinger");

  await press(page, page.getByRole("link", { name: "Remove" }));
  await page.getByRole("heading", { name: `Remove ${host}?` }).waitFor();
  await expectAccessibleOnAllScreens(page);
  await press(page, page.getByRole("button", { name: "Remove" }));
  await page.getByText("You haven’t added a domain.").waitFor();
});

test("without JavaScript a domain is proved with the link that checks, and no button copies", async ({
  site,
}) => {
  const context = await site.newContext({ javaScriptEnabled: false });
  const name = await signUp(site, context);
  const host = `${name}.example`;
  const page = await context.newPage();
  await page.goto(`${site.url}/settings/domains`);
  await page.getByLabel("Domain").fill(host);
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText("There’s no such record yet.").waitFor();
  expect(await page.getByRole("button", { name: "Copy" }).count()).toBe(0);
  const value = (await page.locator("#record-value").textContent())?.trim() ?? "";
  dns.publish(`_satchel.${host}`, value);
  const database = await site.database();
  await database
    .prepare("UPDATE domain_claims SET checked_at = NULL WHERE host = ?")
    .bind(host)
    .run();
  await page.getByRole("link", { name: "Check now" }).click();
  await page.getByText("This domain is yours.").waitFor();
});

describe.each(RELEASES)("remotestorage.js %s", { concurrent: true }, (release) => {
  test("§10 two clients are connected by a user's own address, and share the storage at its host", async ({
    site,
  }) => {
    const context = await site.newContext();
    const name = await signUp(site, context);
    const host = `${name}.example`;
    await proveDomain(site, context, host);
    const page = await context.newPage();
    await page.goto(`${site.url}/settings/domains/${host}`);
    await page.getByRole("button", { name: "Serve my storage there" }).click();
    await page.getByText("Your storage is served at this domain.").waitFor();

    const options = { name, address: `${name}@${host}`, release, cache: true };
    const one = await connectApp(site, context, options);
    const two = await openConnectedApp(site, context, options, await site.newContext());
    for (const app of [one, two]) {
      const href = await app.evaluate(() => window.remoteStorage.remote.href);
      expect(href).toBe(`http://${host}/storage/${name}`);
    }
    const requested = new Set<string>();
    two.on("request", (request) => requested.add(new URL(request.url()).host));
    await storeText(one, "hello", "From one");
    await waitForText(two, "hello", "From one");
    await storeText(two, "hello", "From two");
    await waitForText(one, "hello", "From two");
    // Nothing but the domain is asked, and it sees no cookie of the provider's pages.
    expect([...requested]).toEqual([host]);
    expect(await context.cookies(`http://${host}/`)).toEqual([]);
  });
});
