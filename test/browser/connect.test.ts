/** An app finds a person's storage and is let in: §10 and §11, with the library's own widget. */

import { describe, expect } from "vitest";
import { readText, stored, storeText, untilEvent } from "./support/app";
import { RELEASES } from "./support/app-server";
import {
  allow,
  askToConnect,
  connectApp,
  deny,
  fillSignIn,
  newName,
  signIn,
  signUp,
  untilConnected,
} from "./support/steps";
import { addressOf, test } from "./support/test-site";

describe.each(RELEASES)("remotestorage.js %s", { concurrent: true }, (release) => {
  test("§10 connects by address: one look-up, sign-in, consent, and back in the app", async ({
    stage,
  }) => {
    const name = await signUp(stage, await stage.newContext());
    const page = await (await stage.newContext()).newPage();
    const lookups: string[] = [];
    page.on("request", (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.startsWith("/.well-known/")) lookups.push(pathname + search);
    });
    const app = stage.apps.appUrl({ release });
    await page.goto(app);
    await askToConnect(page, addressOf(stage, name));

    await page.waitForURL(`${stage.url}/sign-in?**`);
    expect(lookups).toEqual([`/.well-known/webfinger?resource=acct:${addressOf(stage, name)}`]);
    expect(await page.getByLabel("Name").inputValue()).toBe(name);
    await fillSignIn(page, name);

    await page.waitForURL(`${stage.url}/oauth/authorize/${name}?**`);
    expect(await page.getByRole("heading").textContent()).toContain(stage.apps.origin);
    const question = await page.getByRole("main").textContent();
    expect(question).toContain("notes");
    expect(question).toContain("read and change");
    expect(question).toContain(addressOf(stage, name));
    const answers: string[] = [];
    page.on("response", async (response) => {
      if (response.status() === 302) answers.push(response.headers().location ?? "");
    });
    await allow(page);

    await untilConnected(page);
    expect(page.url().replace(/#$/, "")).toBe(app);
    // RFC 9207: a parameter that neither release knows, and neither minds.
    expect(answers.join()).toContain(`iss=${encodeURIComponent(stage.url)}`);
    expect(await page.locator(".rs-user").textContent()).toBe(addressOf(stage, name));
    await storeText(page, "hello", "Hello!");
    expect(await (await stored(page, "/notes/hello")).text()).toBe("Hello!");
  });

  test("§10 stays connected when the app is opened again", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const page = await connectApp(stage, context, { name, release });
    await storeText(page, "hello", "Hello!");
    await page.reload();
    await untilConnected(page);
    expect(await readText(page, "hello")).toBe("Hello!");
  });

  test("RFC 6749 §4.2.2.1 refusing tells the app access_denied, and it may ask again", async ({
    stage,
  }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const page = await context.newPage();
    await page.goto(stage.apps.appUrl({ release }));
    await askToConnect(page, addressOf(stage, name));
    await deny(page);
    await untilEvent(page, { name: "error", error: "Unauthorized", code: "access_denied" });
    expect(await page.evaluate(() => window.remoteStorage.remote.connected)).toBe(false);

    await askToConnect(page, addressOf(stage, name));
    await allow(page);
    await untilConnected(page);
  });

  test("§11 a storage-first link leads straight to the question", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const page = await context.newPage();
    const address = encodeURIComponent(addressOf(stage, name));
    await page.goto(`${stage.apps.appUrl({ release })}#remotestorage=${address}`);
    await allow(page);
    await untilConnected(page);
  });

  test("§9 narrowed to read-only: reading works, writing is Unauthorized", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const writer = await connectApp(stage, context, { name, release });
    await storeText(writer, "hello", "Hello!");

    const reader = await stage.newContext();
    await signIn(stage, reader, name);
    const page = await reader.newPage();
    await page.goto(stage.apps.appUrl({ release }));
    await askToConnect(page, addressOf(stage, name));
    await page.getByLabel("notes").selectOption("read only");
    await allow(page);
    await untilConnected(page);

    expect(await readText(page, "hello")).toBe("Hello!");
    await expect(storeText(page, "hello", "Changed!")).rejects.toThrow("403");
    await untilEvent(page, { name: "error", error: "Unauthorized" });
    expect(await readText(page, "hello")).toBe("Hello!");
  });

  test("an app that was disconnected at home is Unauthorized, and can ask again", async ({
    stage,
  }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const page = await connectApp(stage, context, { name, release, cache: true });
    await storeText(page, "hello", "Hello!");
    const home = await context.newPage();
    await home.goto(stage.url);
    await home.getByRole("link", { name: `Disconnect ${stage.apps.origin}` }).click();
    await home.getByRole("button", { name: "Disconnect" }).click();
    await home.getByText("No app is connected yet.").waitFor();

    await untilEvent(page, { name: "error", error: "Unauthorized" });
    await page.locator(".rs-reconnect").click();
    await allow(page);
    await untilConnected(page);
    expect(await (await stored(page, "/notes/hello")).text()).toBe("Hello!");
  });

  test("RFC 7033 §4.2 an address that nobody has is an error that the widget shows", async ({
    stage,
  }) => {
    const page = await (await stage.newContext()).newPage();
    await page.goto(stage.apps.appUrl({ release }));
    await askToConnect(page, addressOf(stage, newName()));
    await page.locator(".rs-sign-in-error.rs-visible").waitFor();
    expect(page.url()).toBe(stage.apps.appUrl({ release }));
  });

  test("§9 an app that asks for everything gets every folder", async ({ stage }) => {
    const context = await stage.newContext();
    const name = await signUp(stage, context);
    const page = await connectApp(stage, context, { name, release, module: "*" });
    await storeText(page, "photos/one", "One");
    expect(await (await stored(page, "/photos/one")).text()).toBe("One");
  });

  test("§10 somebody else is signed in: the owner of the address is asked to", async ({
    stage,
  }) => {
    const name = await signUp(stage, await stage.newContext());
    const context = await stage.newContext();
    const other = await signUp(stage, context);
    const page = await context.newPage();
    await page.goto(stage.apps.appUrl({ release }));
    await askToConnect(page, addressOf(stage, name));
    await page.getByText(`You are signed in as ${other}`).waitFor();
    await fillSignIn(page, name);
    await allow(page);
    await untilConnected(page);
    await storeText(page, "hello", "Hello!");
    expect(await page.evaluate(() => window.remoteStorage.remote.href)).toContain(`/${name}`);
  });
});

// 2.0.0-beta.10 sends no state.
test("RFC 6749 §4.2.2 the app's own fragment comes back as state", async ({ stage }) => {
  const context = await stage.newContext();
  const name = await signUp(stage, context);
  const page = await context.newPage();
  const fragment = "#/notes/7+8%20%C3%BC%2526";
  await page.goto(stage.apps.appUrl({ release: "1.2.3" }) + fragment);
  await askToConnect(page, addressOf(stage, name));
  await allow(page);
  await untilConnected(page);
  await page.waitForFunction((fragment) => location.hash === fragment, fragment);
});
