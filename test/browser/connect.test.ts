/** An app finds a user's storage and gets access: §10 and §11, with the library's own widget. */

import { describe, expect } from "vitest";
import { fetchStored, readText, storeText, waitForEvent, waitUntil } from "./support/app";
import { RELEASES } from "./support/app-server";
import { storeFiles } from "./support/files";
import {
  allowAccess,
  connectApp,
  createAccount,
  denyAccess,
  disconnectAll,
  enterAddressInWidget,
  fillSignIn,
  openConnectedApp,
  signUp,
  uniqueUserName,
  waitUntilConnected,
} from "./support/steps";
import { type TestSite, test, userAddress } from "./support/test-site";

describe.each(RELEASES)("remotestorage.js %s", { concurrent: true }, (release) => {
  test("§10 connects by address: one WebFinger request, sign-in, consent, and back to the app", async ({
    site,
  }) => {
    const name = await createAccount(site);
    const page = await (await site.openContext()).newPage();
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
    const answers: string[] = [];
    page.on("response", (response) => answers.push(response.headers().refresh ?? ""));
    await allowAccess(page);

    await waitUntilConnected(page);
    expect(page.url().replace(/#$/, "")).toBe(app);
    // RFC 9207: neither release knows this parameter, and both ignore it.
    expect(answers.join()).toContain(`iss=${encodeURIComponent(site.url)}`);
    expect(await page.locator(".rs-user").textContent()).toBe(userAddress(site, name));
    await storeText(page, "hello", "Hello!");
    expect(await (await fetchStored(page, "/notes/hello")).text()).toBe("Hello!");
  });

  test("§10 stays connected when the app is reloaded", async ({ site }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    const page = await openConnectedApp(site, context, { name, release });
    await storeText(page, "hello", "Hello!");
    await page.reload();
    await waitUntilConnected(page);
    expect(await readText(page, "hello")).toBe("Hello!");
  });

  test("RFC 6749 §4.2.2.1 after Deny the app gets access_denied, and can ask again", async ({
    site,
  }) => {
    const context = await site.openContext();
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
    const context = await site.openContext();
    const name = await signUp(site, context);
    const page = await context.newPage();
    const address = encodeURIComponent(userAddress(site, name));
    await page.goto(`${site.apps.appUrl({ release })}#remotestorage=${address}`);
    await allowAccess(page);
    await waitUntilConnected(page);
  });

  test("§9 narrowed to read-only: reading works, writing is Unauthorized until it is allowed more", async ({
    site,
  }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    await storeFiles(site, context, { "/notes/hello": "Hello!" });
    const page = await context.newPage();
    await page.goto(site.apps.appUrl({ release }));
    await enterAddressInWidget(page, userAddress(site, name));
    await page.getByLabel("notes").selectOption("Read only");
    await allowAccess(page);
    await waitUntilConnected(page);

    expect(await readText(page, "hello")).toBe("Hello!");
    await expect(storeText(page, "hello", "Changed!")).rejects.toThrow("403");
    await waitForEvent(page, { name: "error", error: "Unauthorized" });
    expect(await readText(page, "hello")).toBe("Hello!");

    // The widget asks to connect again, for the same scope as before.
    await page.locator(".rs-reconnect").click();
    await page.getByText("be unable to save").waitFor();
    await allowAccess(page);
    await waitUntilConnected(page);
    await storeText(page, "hello", "Changed!");
  });

  test("an app that the user has disconnected is Unauthorized, and can ask again", async ({
    site,
  }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    const page = await openConnectedApp(site, context, { name, release, cache: true });
    await storeText(page, "hello", "Hello!");
    await disconnectAll(site, context);

    await waitForEvent(page, { name: "error", error: "Unauthorized" });
    await page.locator(".rs-reconnect").click();
    await allowAccess(page);
    await waitUntilConnected(page);
    expect(await (await fetchStored(page, "/notes/hello")).text()).toBe("Hello!");
  });

  test("RFC 7033 §4.2 the widget shows an error for an unknown address", async ({ site }) => {
    const page = await (await site.openContext()).newPage();
    await page.goto(site.apps.appUrl({ release }));
    await enterAddressInWidget(page, userAddress(site, uniqueUserName()));
    await page.locator(".rs-sign-in-error.rs-visible").waitFor();
    expect(page.url()).toBe(site.apps.appUrl({ release }));
  });

  test("§9 an app that asks for full access gets every folder", async ({ site }) => {
    const context = await site.openContext();
    const name = await signUp(site, context);
    const page = await connectApp(site, context, { name, release, module: "*" });
    await storeText(page, "photos/one", "One");
    expect(await (await fetchStored(page, "/photos/one")).text()).toBe("One");
  });

  test("§10 if another user is signed in, asks the owner of the address to sign in", async ({
    site,
  }) => {
    const name = await createAccount(site);
    const context = await site.openContext();
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
  const context = await site.openContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  const fragment = "#/notes/7+8%20%C3%BC%2526";
  await page.goto(site.apps.appUrl({ release: "1.2.3" }) + fragment);
  await enterAddressInWidget(page, userAddress(site, name));
  await allowAccess(page);
  await waitUntilConnected(page);
  await waitUntil(page, (fragment) => location.hash === fragment, fragment);
});

/** The consent page for a request of an app of which only the redirect_uri matters. */
const consentUrl = (site: TestSite, name: string, query: Record<string, string>): string =>
  `${site.url}/oauth/authorize/${name}?${new URLSearchParams({ scope: "notes:rw", ...query })}`;

const TOKEN = { response_type: "token" };
const CODE = {
  response_type: "code",
  code_challenge: "a".repeat(43),
  code_challenge_method: "S256",
};

test("without JavaScript an app whose callback redirects to another origin gets its answer, allowed or denied", async ({
  site,
}) => {
  const context = await site.openContext({ javaScriptEnabled: false });
  const name = await signUp(site, context);
  const page = await context.newPage();
  const redirect_uri = `${site.apps.origin}/moved`;
  for (const [flow, decide, answer] of [
    [TOKEN, allowAccess, "#access_token="],
    [TOKEN, denyAccess, "#error=access_denied"],
    [CODE, allowAccess, "?code="],
    [CODE, denyAccess, "?error=access_denied"],
  ] as const) {
    await page.goto(consentUrl(site, name, { ...flow, redirect_uri }));
    await decide(page);
    await page.waitForURL((url) => url.href.startsWith(site.apps.movedUrl + answer));
  }
  await page.goto(consentUrl(site, name, { ...TOKEN, redirect_uri, scope: "x" }));
  await page.waitForURL((url) => url.href.startsWith(`${site.apps.movedUrl}#error=invalid_scope`));
});

test("RFC 8252 §7.1 a program gets its answer at its own scheme, and the page says what happens", async ({
  site,
}) => {
  const context = await site.openContext();
  const name = await signUp(site, context);
  const page = await context.newPage();
  const navigations: string[] = [];
  const devTools = await context.newCDPSession(page);
  await devTools.send("Page.enable");
  devTools.on("Page.frameRequestedNavigation", ({ url }) => navigations.push(url));
  await page.goto(consentUrl(site, name, { ...CODE, redirect_uri: "com.example.app:/cb" }));
  await page.getByText("This is a program on your device").waitFor();
  await allowAccess(page);
  await page.getByText("Opening com.example.app:").waitFor();
  const link = page.getByRole("link", { name: "Back to the app" });
  await expect.poll(() => navigations.at(-1)).toBe(await link.getAttribute("href"));
  expect(navigations.at(-1)).toMatch(/^com\.example\.app:\/cb\?code=/);
});

test("an app that opened the dialog in a window of its own can read the answer there", async ({
  site,
}) => {
  const name = await createAccount(site);
  const context = await site.openContext();
  const page = await context.newPage();
  await page.goto(`${site.apps.origin}/blank`);
  const url = consentUrl(site, name, { ...TOKEN, redirect_uri: `${site.apps.origin}/blank` });
  const opened = page.waitForEvent("popup");
  const dialog = await page.evaluateHandle((url) => window.open(url) as Window, url);
  const popup = await opened;
  await fillSignIn(popup, name);
  await popup.getByRole("button", { name: "Deutsch" }).click();
  await popup.getByRole("button", { name: "Erlauben", exact: true }).click();
  await popup.waitForURL((url) => url.hash.startsWith("#access_token="));
  const answer = await dialog.evaluate(({ closed, location }) => [closed, location.hash]);
  expect(answer).toEqual([false, expect.stringContaining("#access_token=")]);
  expect(await popup.evaluate(() => window.opener !== null)).toBe(true);
});
