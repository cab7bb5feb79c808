/** Two browsers of one user, each with a local copy: changes in one reach the other. */

import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import {
  fetchStored,
  list,
  readText,
  remove,
  storeText,
  waitForEvent,
  waitForText,
  waitForTexts,
  waitUntilStored,
} from "./support/app";
import { type LibraryRelease, RELEASES } from "./support/app-server";
import { openConnectedApp, signUp } from "./support/steps";
import { type TestSite, test } from "./support/test-site";

async function openTwice(site: TestSite, release: LibraryRelease): Promise<[Page, Page]> {
  const context = await site.newContext();
  const options = { name: await signUp(site, context), release, cache: true };
  return Promise.all([
    openConnectedApp(site, context, options),
    openConnectedApp(site, context, options, await site.newContext()),
  ]);
}

describe.each(RELEASES)("remotestorage.js %s", { concurrent: true }, (release) => {
  test("§6 a change reaches the other browser, in both directions", async ({ site }) => {
    const [one, two] = await openTwice(site, release);
    await storeText(one, "hello", "From one");
    await storeText(one, "deep/er/still", "Deep");
    await waitForTexts(two, { hello: "From one", "deep/er/still": "Deep" });
    await storeText(two, "hello", "From two");
    await waitForText(one, "hello", "From two");
    const change = await waitForEvent(one, { name: "change", origin: "remote" });
    expect(change).toMatchObject({ oldValue: "From one", newValue: "From two" });
  });

  test("§3 unusual names and many documents are synchronized completely", async ({ site }) => {
    const [one, two] = await openTwice(site, release);
    const names = ["a b", "ü 🎒", "100%", "%2F", "a+b", "#1", "?", "&", "'\"", "([])", ".hidden"];
    const many = Array.from({ length: 40 }, (_, index) => `many/${index}`);
    const all = [...names, ...many];
    await Promise.all(all.map((name) => storeText(one, name, `Text of ${name}`)));
    await waitForTexts(two, Object.fromEntries(all.map((name) => [name, `Text of ${name}`])));
    expect(await list(two)).toEqual([...names, "many/"].sort());
    expect((await list(two, "many/")).length).toBe(many.length);
  });

  test("§4 removing one document of several removes it in the other browser", async ({ site }) => {
    const [one, two] = await openTwice(site, release);
    const names = ["folder/gone", "folder/stays", "stays"];
    for (const name of names) await storeText(one, name, name);
    await waitForTexts(two, Object.fromEntries(names.map((name) => [name, name])));
    await remove(one, "folder/gone");
    await waitForText(two, "folder/gone", undefined);
    expect(await list(two, "folder/")).toEqual(["stays"]);
    expect(await readText(two, "folder/stays")).toBe("folder/stays");
    expect(await readText(two, "stays")).toBe("stays");
  });

  test("§6 offline edits are synchronized later", async ({ site }) => {
    const [one, two] = await openTwice(site, release);
    await storeText(one, "edited", "edited");
    await storeText(one, "removed", "removed");
    await waitForTexts(two, { edited: "edited", removed: "removed" });
    await one.context().setOffline(true);
    await storeText(one, "edited", "Edited offline");
    await storeText(one, "new/one", "New");
    await remove(one, "removed");
    await waitForEvent(one, { name: "network-offline" });
    expect(await (await fetchStored(one, "/notes/edited")).text()).toBe("edited");
    await one.context().setOffline(false);
    await waitForTexts(two, { edited: "Edited offline", "new/one": "New", removed: undefined });
  });

  test("§6 if both change a document, the later one gets a conflict, and neither text is lost", async ({
    site,
  }) => {
    const [one, two] = await openTwice(site, release);
    await storeText(one, "hello", "Common");
    await waitForText(two, "hello", "Common");
    await one.context().setOffline(true);
    await storeText(one, "hello", "From one");
    await storeText(two, "hello", "From two");
    await waitUntilStored(two, "/notes/hello", "From two");
    await one.context().setOffline(false);
    const conflict = await waitForEvent(one, { name: "change", origin: "conflict" });
    expect(conflict).toMatchObject({
      relativePath: "hello",
      oldValue: "From one",
      newValue: "From two",
      lastCommonValue: "Common",
    });
    expect(await (await fetchStored(one, "/notes/hello")).text()).toBe("From two");
    // Resolving the conflict is up to the app.
    await storeText(one, "hello", "From one and two");
    await waitForText(two, "hello", "From one and two");
  });

  test("§6 if both create the same document, one wins, and the other gets a conflict", async ({
    site,
  }) => {
    const [one, two] = await openTwice(site, release);
    await one.context().setOffline(true);
    await storeText(one, "new", "From one");
    await storeText(two, "new", "From two");
    await waitUntilStored(two, "/notes/new", "From two");
    await one.context().setOffline(false);
    const conflict = await waitForEvent(one, { name: "change", origin: "conflict" });
    expect(conflict).toMatchObject({ oldValue: "From one", newValue: "From two" });
    expect(await (await fetchStored(one, "/notes/new")).text()).toBe("From two");
  });
});
