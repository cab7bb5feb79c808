/** Steps that users take in the browser. */

import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import {
  type DocumentsByCollection,
  framesToStore,
  sendFrames,
} from "../../support/database-frames";
import type { AppOptions } from "./app-server";
import { type TestSite, userAddress } from "./test-site";

export const PASSWORD = "correct horse battery staple";

let createdUsers = 0;

/** A user name that is not taken. */
export const uniqueUserName = (): string => `alice-${++createdUsers}`;

/** Fills in and submits the open sign-up form. */
export async function fillSignUp(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
}

/** Fills in and submits the open sign-in form. */
export async function fillSignIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Creates an account and signs the context in, without opening a page. Returns the name. */
export async function signUp(
  site: TestSite,
  context: BrowserContext,
  name = uniqueUserName(),
): Promise<string> {
  const form = { name, password: PASSWORD };
  const response = await context.request.post(`${site.url}/sign-up`, { form, maxRedirects: 0 });
  expect(response.status()).toBe(303);
  return name;
}

/** Signs the context in, without opening a page. */
export async function signIn(site: TestSite, context: BrowserContext, name: string): Promise<void> {
  const form = { name, password: PASSWORD };
  const response = await context.request.post(`${site.url}/sign-in`, { form, maxRedirects: 0 });
  expect(response.status()).toBe(303);
}

/**
 * Allows an app to read and write a module, by default all of them, without opening a page, for tests of
 * something else. Returns its token.
 */
export async function obtainToken(
  site: TestSite,
  context: BrowserContext,
  name: string,
  module = "*",
): Promise<string> {
  const query = new URLSearchParams({
    redirect_uri: `${site.apps.origin}/blank`,
    response_type: "token",
    scope: `${module}:rw`,
  });
  const response = await context.request.post(`${site.url}/oauth/authorize/${name}?${query}`, {
    form: { decision: "allow", duration: "always", [`level:${module}`]: "rw" },
    maxRedirects: 0,
  });
  const { hash } = new URL(response.headers().location ?? "");
  return new URLSearchParams(hash.slice(1)).get("access_token") ?? "";
}

/** Enters the user address in the widget of an app. */
export async function enterAddressInWidget(page: Page, address: string): Promise<void> {
  await page.locator(".rs-box-initial").click();
  await page.getByPlaceholder("user@provider.com").fill(address);
  await page.locator(".rs-connect").click();
}

/** Allows access on the consent page. */
export const allowAccess = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Allow", exact: true }).click();

/** Denies access on the consent page. */
export const denyAccess = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Deny" }).click();

/** Waits until the app is back from the consent page, and shows that it is connected. */
export async function waitUntilConnected(page: Page): Promise<void> {
  await page.locator(".rs-box-connected.rs-selected").waitFor();
  await page.waitForFunction(() => window.remoteStorage.remote.connected);
}

/** An app, and the user who connects it; by default by their address with the provider's host. */
export type ConnectOptions = AppOptions & { name: string; address?: string };

/** Opens an app as a signed-in user, and connects it. Returns its page. */
export async function connectApp(
  site: TestSite,
  context: BrowserContext,
  { name, address = userAddress(site, name), ...options }: ConnectOptions,
): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.apps.appUrl(options));
  await enterAddressInWidget(page, address);
  await allowAccess(page);
  await waitUntilConnected(page);
  return page;
}

/**
 * Opens an app that a signed-in user has allowed access before, without the widget's dialog and the consent
 * page, for tests of something else; in another browser of the user, if it is given. Returns its page.
 */
export async function openConnectedApp(
  site: TestSite,
  user: BrowserContext,
  { name, address = userAddress(site, name), module = "notes", ...options }: ConnectOptions,
  browser = user,
): Promise<Page> {
  const token = await obtainToken(site, user, name, module);
  const page = await browser.newPage();
  await page.goto(site.apps.appUrl({ module, ...options }));
  await page.evaluate(([address, token]) => window.remoteStorage.connect(address, token), [
    address,
    token,
  ] as const);
  await waitUntilConnected(page);
  return page;
}

/** Stores a database in a module of a user, as an RxDB app with this token does. */
export async function storeDatabase(
  site: TestSite,
  { name, token }: { name: string; token: string },
  module: string,
  database: string,
  collections: DocumentsByCollection,
): Promise<void> {
  const query = new URLSearchParams({ access_token: token });
  const url = `${site.url.replace(/^http/, "ws")}/rxdb/${name}/${module}?${query}`;
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  await sendFrames(socket, framesToStore(database, collections));
  socket.close();
}
