/** Steps that users take in the browser. */

import { randomUUID, scryptSync } from "node:crypto";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import {
  type DocumentsByCollection,
  framesToStore,
  sendFrames,
} from "../../support/database-frames";
import { waitUntil } from "./app";
import type { AppOptions } from "./app-server";
import type { Servers } from "./servers";
import { userAddress } from "./test-site";

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

/** A hash of PASSWORD with cheap parameters; the server takes the parameters from the hash. */
const CHEAP_PASSWORD_HASH = `scrypt$2$1$1$salt$${scryptSync(PASSWORD, "salt", 32, { N: 2, r: 1, p: 1 }).toString("base64url")}`;

/**
 * Creates an account with PASSWORD. Inserts the rows directly, because the sign-up form hashes the password slowly.
 * Returns the name.
 */
export async function createAccount(site: Servers, name = uniqueUserName()): Promise<string> {
  const database = await site.database();
  const [id, now] = [randomUUID(), Date.now()];
  await database.batch([
    database
      .prepare("INSERT INTO accounts (id, name, created_at, seen_at) VALUES (?1, ?2, ?3, ?3)")
      .bind(id, name, now),
    database
      .prepare("INSERT INTO passwords (account, hash, created_at) VALUES (?, ?, ?)")
      .bind(id, CHEAP_PASSWORD_HASH, now),
  ]);
  return name;
}

/** Creates an account and signs the context in, without opening a page. Returns the name. */
export async function signUp(
  site: Servers,
  context: BrowserContext,
  name = uniqueUserName(),
): Promise<string> {
  await signIn(site, context, await createAccount(site, name));
  return name;
}

/** Signs the context in, without opening a page. */
export async function signIn(site: Servers, context: BrowserContext, name: string): Promise<void> {
  const form = { name, password: PASSWORD };
  const response = await context.request.post(`${site.url}/sign-in`, { form, maxRedirects: 0 });
  expect(response.status()).toBe(303);
}

/**
 * Allows an app to read and write a module, by default all of them, without opening a page, for tests of
 * something else. Returns its token.
 */
export async function obtainToken(
  site: Servers,
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

/** Makes the signed-in user an administrator, without opening a page. */
export async function becomeAdministrator(site: Servers, context: BrowserContext): Promise<void> {
  const url = site.url + (await site.createAdminLinkPath());
  expect((await context.request.post(url, { maxRedirects: 0 })).status()).toBe(303);
}

/** Disconnects all apps of the signed-in user, without opening a page. */
export async function disconnectAll(site: Servers, context: BrowserContext): Promise<void> {
  const response = await context.request.post(`${site.url}/apps/disconnect-all`);
  expect(response.ok()).toBe(true);
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
  await waitUntil(page, () => window.remoteStorage.remote.connected, undefined);
}

/** An app, and the user who connects it; by default by their address with the provider's host. */
export type ConnectOptions = AppOptions & { name: string; address?: string };

/** Opens an app as a signed-in user, and connects it. Returns its page. */
export async function connectApp(
  site: Servers,
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
  site: Servers,
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
  site: Servers,
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
