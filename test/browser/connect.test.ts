/** An app finds a user's storage and gets access: §10 and §11, with the library's own widget. */

import { describe, expect } from "vitest";
import { fetchStored, readText, storeText, waitForEvent } from "./support/app";
import { RELEASES } from "./support/app-server";
import {
  allowAccess,
  connectApp,
  denyAccess,
  enterAddressInWidget,
  fillSignIn,
  signIn,
  signUp,
  uniqueUserName,
  waitUntilConnected,
} from "./support/steps";
import { test, userAddress } from "./support/test-site";

describe.each(RELEASES)("remotestorage.js %s", { concurrent: true }, (release) => {
  test("§10 connects by address: one WebFinger request, sign-in, consent, and back to the app", async ({
    site,
  }) => {
    const name = await signUp(site, await site.newContext());
    const page = await (await site.newContext()).newPage();
    const lookups: string[] = [];
    page.on("request", (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.startsWith("/.well-known/")) lookups.push(pathname + search);
    });
    const app = site.apps.appUrl({ release });
    await page.goto(app);
    await enterAddressInWidget(page, userAddress(site, name));

    await page.waitForURL(`${site.url}/sign-in?**`);
    expect(lookups).toEqual([`/.well-known/webfinger?resource=acct:${userAddress(site, name)}`]);
    expect(await page.getByLabel("Name").inputValue()).toBe(name);
    await fillSignIn(page, name);

    await page.waitForURL(`${site.url}/oauth/authorize/${name}?**`);
    expect(await page.getByRole("heading").textContent()).toContain(site.apps.origin);
    const consentText = await page.getByRole("main").textContent();
    expect(consentText).toContain("notes");
    expect(consentText).toContain("Read and write");
    expect(consentText).toContain(userAddress(site, name));
    const redirects: string[] = [];
    page.on("response", async (response) => {
      if (response.status() === 302) redirects.push(response.headers().location ?? "");
    });
    await allowAccess(page);

    await waitUntilConnected(page);
    expect(page.url().replace(/#$/, "")).toBe(app);
    // RFC 9207: neither release knows this parameter, and both ignore it.
    expect(redirects.join()).toContain(`iss=${encodeURIComponent(site.url)}`);
    expect(await page.locator(".rs-user").textContent()).toBe(userAddress(site, name));
    await storeText(page, "hello", "Hello!");
    expect(await (await fetchStored(page, "/notes/hello")).text()).toBe("Hello!");
  });

  test("§10 stays connected when the app is reloaded", async ({ site }) => {
    const context = await site.newContext();
    const name = await signUp(site, context);
    const page = await connectApp(site, context, { name, release });
    await storeText(page, "hello", "Hello!");
    await page.reload();
    await waitUntilConnected(page);
    expect(await readText(page, "hello")).toBe("Hello!");
  });

  test("RFC 6749 §4.2.2.1 after Deny the app gets access_denied, and can ask again", async ({
    site,
  }) => {
    const context = await site.newContext();
    const name = await signUp(site, context);
    const page = await context.newPage();
    await page.goto(site.apps.appUrl({ release }));
    await enterAddressInWidget(page, userAddress(site, name));
    await denyAccess(page);
    await waitForEvent(page, { name: "error", error: "Unauthorized", code: "access_denied" });
    expect(await page.evaluate(() => window.remoteStorage.remote.connected)).toBe(false);

    await enterAddressInWidget(page, userAddress(site, name));
    await allowAccess(page);
    await waitUntilConnected(page);
  });

  test("§11 a storage-first link leads straight to the consent page", async ({ site }) => {
    const context = await site.newContext();
    const name = await signUp(site, context);
    const page = await context.newPage();
    const address = encodeURIComponent(userAddress(site, name));
    await page.goto(`${site.apps.appUrl({ release })}#remotestorage=${address}`);
    await allowAccess(page);
    await waitUntilConnected(page);
  });

  test("§9 narrowed to read-only: reading works, writing is Unauthorized", async ({ site }) => {
    const context = await site.newContext();
    const name = await signUp(site, context);
    const writer = await connectApp(site, context, { name, release });
    await storeText(writer, "hello", "Hello!");

    const reader = await site.newContext();
    await signIn(site, reader, name);
    const page = await reader.newPage();
    await page.goto(site.apps.appUrl({ release }));
    await enterAddressInWidget(page, userAddress(site, name));
    await page.getByLabel("notes").selectOption("Read only");
    await allowAccess(page);
    await waitUntilConnected(page);

    expect(await readText(page, "hello")).toBe("Hello!");
    await expect(storeText(page, "hello", "Changed!")).rejects.toThrow("403");
    await waitForEvent(page, { name: "error", error: "Unauthorized" });
    expect(await readText(page, "hello")).toBe("Hello!");
  });

  test("an app disconnected on the home page is Unauthorized, and can ask again", async ({
    site,
  }) => {
    const context = await site.newContext();
    const name = await signUp(site, context);
    const page = await connectApp(site, context, { name, release, cache: true });
    await storeText(page, "hello", "Hello!");
    const home = await context.newPage();
    await home.goto(site.url);
    await home.getByRole("link", { name: `Disconnect ${site.apps.origin}` }).click();
    await home.getByRole("button", { name: "Disconnect" }).click();
    await home.getByText("No apps are connected yet.").waitFor();

    await waitForEvent(page, { name: "error", error: "Unauthorized" });
    await page.locator(".rs-reconnect").click();
    await allowAccess(page);
    await waitUntilConnected(page);
    expect(await (await fetchStored(page, "/notes/hello")).text()).toBe("Hello!");
  });

  test("RFC 7033 §4.2 the widget shows an error for an unknown address", async ({ site }) => {
    const page = await (await site.newContext()).newPage();
    await page.goto(site.apps.appUrl({ release }));
    await enterAddressInWidget(page, userAddress(site, uniqueUserName()));
    await page.locator(".rs-sign-in-error.rs-visible").waitFor();
    expect(page.url()).toBe(site.apps.appUrl({ release }));
  });

  test("§9 an app that asks for full access gets every folder", async ({ site }) => {
    const context = await site.newContext();
    const name = await signUp(site, context);
    const page = await connectApp(site, context, { name, release, module: "*" });
    await storeText(page, "photos/one", "One");
    expect(await (await fetchStored(page, "/photos/one")).text()).toBe("One");
  });

  test("§10 if another user is signed in, asks the owner of the address to sign in", async ({
    site,
  }) => {
    const name = await signUp(site, await site.newContext());
    const context = await site.newContext();
    const other = await signUp(site, context);
    const page = await context.newPage();
    await page.goto(site.apps.appUrl({ release }));
    await enterAddressInWidget(page, userAddress(site, name));
    await page.getByText(`You’re signed in as ${other}`).waitFor();
    await fillSignIn(page, name);
    await allowAccess(page);
    await waitUntilConnected(page);
    await storeText(page, "hello", "Hello!");
    expect(await page.evaluate(() => window.remoteStorage.remote.href)).toContain(`/${name}`);
  });
});

// Only for 1.2.3: 2.0.0-beta.10 sends no state.
test("RFC 6749 §4.2.2 the app's own fragment is returned as state", async ({ site }) => {
  const context = await site.newContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  const fragment = "#/notes/7+8%20%C3%BC%2526";
  await page.goto(site.apps.appUrl({ release: "1.2.3" }) + fragment);
  await enterAddressInWidget(page, userAddress(site, name));
  await allowAccess(page);
  await waitUntilConnected(page);
  await page.waitForFunction((fragment) => location.hash === fragment, fragment);
});
