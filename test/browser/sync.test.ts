/** Two browsers of one person, each with a copy: what one changes, the other gets. */

import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import {
  list,
  readText,
  remove,
  stored,
  storeText,
  untilEvent,
  untilStored,
  untilText,
  untilTexts,
} from "./support/app";
import { RELEASES, type Release } from "./support/app-server";
import { connectApp, connectElsewhere, signUp } from "./support/steps";
import { type Stage, test } from "./support/test-site";

async function openTwice(stage: Stage, release: Release): Promise<[Page, Page]> {
  const context = await stage.newContext();
  const options = { name: await signUp(stage, context), release, cache: true };
  return Promise.all([connectApp(stage, context, options), connectElsewhere(stage, options)]);
}

describe.each(RELEASES)("remotestorage.js %s", { concurrent: true }, (release) => {
  test("§6 a change arrives in the other browser, in both directions", async ({ stage }) => {
    const [one, two] = await openTwice(stage, release);
    await storeText(one, "hello", "From one");
    await storeText(one, "deep/er/still", "Deep");
    await untilTexts(two, { hello: "From one", "deep/er/still": "Deep" });
    await storeText(two, "hello", "From two");
    await untilText(one, "hello", "From two");
    const change = await untilEvent(one, { name: "change", origin: "remote" });
    expect(change).toMatchObject({ oldValue: "From one", newValue: "From two" });
  });

  test("§3 odd names and many documents arrive whole", async ({ stage }) => {
    const [one, two] = await openTwice(stage, release);
    const names = ["a b", "ü 🎒", "100%", "%2F", "a+b", "#1", "?", "&", "'\"", "([])", ".hidden"];
    const many = Array.from({ length: 40 }, (_, index) => `many/${index}`);
    const all = [...names, ...many];
    await Promise.all(all.map((name) => storeText(one, name, `Text of ${name}`)));
    await untilTexts(two, Object.fromEntries(all.map((name) => [name, `Text of ${name}`])));
    expect(await list(two)).toEqual([...names, "many/"].sort());
    expect((await list(two, "many/")).length).toBe(many.length);
  });

  test("§4 a document that is removed beside others is removed in the other browser", async ({
    stage,
  }) => {
    const [one, two] = await openTwice(stage, release);
    const names = ["folder/gone", "folder/stays", "stays"];
    for (const name of names) await storeText(one, name, name);
    await untilTexts(two, Object.fromEntries(names.map((name) => [name, name])));
    await remove(one, "folder/gone");
    await untilText(two, "folder/gone", undefined);
    expect(await list(two, "folder/")).toEqual(["stays"]);
    expect(await readText(two, "folder/stays")).toBe("folder/stays");
    expect(await readText(two, "stays")).toBe("stays");
  });

  test("§6 edits without a network arrive later", async ({ stage }) => {
    const [one, two] = await openTwice(stage, release);
    await storeText(one, "edited", "edited");
    await storeText(one, "removed", "removed");
    await untilTexts(two, { edited: "edited", removed: "removed" });
    await one.context().setOffline(true);
    await storeText(one, "edited", "Edited offline");
    await storeText(one, "new/one", "New");
    await remove(one, "removed");
    await untilEvent(one, { name: "network-offline" });
    expect(await (await stored(one, "/notes/edited")).text()).toBe("edited");
    await one.context().setOffline(false);
    await untilTexts(two, { edited: "Edited offline", "new/one": "New", removed: undefined });
  });

  test("§6 both change a document: the later one is told, and neither text is lost", async ({
    stage,
  }) => {
    const [one, two] = await openTwice(stage, release);
    await storeText(one, "hello", "Common");
    await untilText(two, "hello", "Common");
    await one.context().setOffline(true);
    await storeText(one, "hello", "From one");
    await storeText(two, "hello", "From two");
    await untilStored(two, "/notes/hello", "From two");
    await one.context().setOffline(false);
    const conflict = await untilEvent(one, { name: "change", origin: "conflict" });
    expect(conflict).toMatchObject({
      relativePath: "hello",
      oldValue: "From one",
      newValue: "From two",
      lastCommonValue: "Common",
    });
    expect(await (await stored(one, "/notes/hello")).text()).toBe("From two");
    // The app settles it, as its author decides.
    await storeText(one, "hello", "From one and two");
    await untilText(two, "hello", "From one and two");
  });

  test("§6 both create the same document: one wins, the other is told", async ({ stage }) => {
    const [one, two] = await openTwice(stage, release);
    await one.context().setOffline(true);
    await storeText(one, "new", "From one");
    await storeText(two, "new", "From two");
    await untilStored(two, "/notes/new", "From two");
    await one.context().setOffline(false);
    const conflict = await untilEvent(one, { name: "change", origin: "conflict" });
    expect(conflict).toMatchObject({ oldValue: "From one", newValue: "From two" });
    expect(await (await stored(one, "/notes/new")).text()).toBe("From two");
  });
});
