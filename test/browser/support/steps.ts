/** What people do in the browser, one step each. */

import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { type Collections, exchange, storingFrames } from "../../support/database-frames";
import type { AppOptions } from "./app-server";
import { addressOf, type Stage } from "./test-site";

export const PASSWORD = "correct horse battery staple";

let people = 0;

/** A name that nobody has yet. */
export const newName = (): string => `alice-${++people}`;

/** Signs up, on whatever page of sign-up is open. */
export async function fillSignUp(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
}

export async function fillSignIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Makes an account without a page; the context is signed in then. Returns the name. */
export async function signUp(
  stage: Stage,
  context: BrowserContext,
  name = newName(),
): Promise<string> {
  const form = { name, password: PASSWORD };
  const response = await context.request.post(`${stage.url}/sign-up`, { form, maxRedirects: 0 });
  expect(response.status()).toBe(303);
  return name;
}

/** Signs the context in to an account. */
export async function signIn(stage: Stage, context: BrowserContext, name: string): Promise<void> {
  const form = { name, password: PASSWORD };
  const response = await context.request.post(`${stage.url}/sign-in`, { form, maxRedirects: 0 });
  expect(response.status()).toBe(303);
}

/** Gives the address to the app's widget. */
export async function askToConnect(page: Page, address: string): Promise<void> {
  await page.locator(".rs-box-initial").click();
  await page.getByPlaceholder("user@provider.com").fill(address);
  await page.locator(".rs-connect").click();
}

export const allow = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Allow", exact: true }).click();

export const deny = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Deny" }).click();

/** Until the app is back from the dialog, and says that it is connected. */
export async function untilConnected(page: Page): Promise<void> {
  await page.locator(".rs-box-connected.rs-selected").waitFor();
  await page.waitForFunction(() => window.remoteStorage.remote.connected);
}

export type Options = AppOptions & { name: string };

/** Opens an app as somebody who is signed in, and lets it in. Returns its page. */
export async function connectApp(
  stage: Stage,
  context: BrowserContext,
  { name, ...options }: Options,
): Promise<Page> {
  const page = await context.newPage();
  await page.goto(stage.apps.appUrl(options));
  await askToConnect(page, addressOf(stage, name));
  await allow(page);
  await untilConnected(page);
  return page;
}

/** One more browser of the same person, with the same app. */
export async function connectElsewhere(stage: Stage, options: Options): Promise<Page> {
  const context = await stage.newContext();
  await signIn(stage, context, options.name);
  return connectApp(stage, context, options);
}

/** Stores a database in a module of a person, as an RxDB app with this token does. */
export async function storeDatabase(
  stage: Stage,
  { name, token }: { name: string; token: string },
  module: string,
  database: string,
  collections: Collections,
): Promise<void> {
  const query = new URLSearchParams({ access_token: token });
  const url = `${stage.url.replace(/^http/, "ws")}/rxdb/${name}/${module}?${query}`;
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  await exchange(socket, storingFrames(database, collections));
  socket.close();
}
