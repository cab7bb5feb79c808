/** Two browsers of one person, each with a copy: what one changes, the other gets. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  list,
  readText,
  remove,
  storeBytes,
  stored,
  storeText,
  untilEvent,
  untilStored,
  untilText,
} from "./support/app";
import { RELEASES, type Release } from "./support/app-server";
import { useStage } from "./support/stage";
import { connectApp, connectElsewhere, signUp } from "./support/steps";

const stage = useStage();

async function openTwice(release: Release): Promise<[Page, Page]> {
  const context = await stage.newContext();
  const options = { name: await signUp(stage, context), release, cache: true };
  return Promise.all([connectApp(stage, context, options), connectElsewhere(stage, options)]);
}

describe.each(RELEASES)("remotestorage.js %s", (release) => {
  test("§6 a change arrives in the other browser, in both directions", async () => {
    const [one, two] = await openTwice(release);
    await storeText(one, "hello", "From one");
    await storeText(one, "deep/er/still", "Deep");
    await untilText(two, "hello", "From one");
    await untilText(two, "deep/er/still", "Deep");
    await storeText(two, "hello", "From two");
    await untilText(one, "hello", "From two");
    const change = await untilEvent(one, { name: "change", origin: "remote" });
    expect(change).toMatchObject({ oldValue: "From one", newValue: "From two" });
  });

  test("§3 odd names, bytes and many documents arrive whole", async () => {
    const [one, two] = await openTwice(release);
    const names = ["a b", "ü 🎒", "100%", "%2F", "a+b", "#1", "?", "&", "'\"", "([])", ".hidden"];
    const many = Array.from({ length: 40 }, (_, index) => `many/${index}`);
    const all = [...names, ...many];
    await Promise.all(all.map((name) => storeText(one, name, `Text of ${name}`)));
    await storeBytes(one, "bytes", Uint8Array.of(0, 255, 128, 10, 13));
    await Promise.all(all.map((name) => untilText(two, name, `Text of ${name}`)));
    expect(await list(two)).toEqual([...names, "bytes", "many/"].sort());
    expect((await list(two, "many/")).length).toBe(many.length);
    const bytes = await (await stored(two, "/notes/bytes")).arrayBuffer();
    expect([...new Uint8Array(bytes)]).toEqual([0, 255, 128, 10, 13]);
  });

  test("§4 a document that is removed beside others is removed in the other browser", async () => {
    const [one, two] = await openTwice(release);
    for (const name of ["folder/gone", "folder/stays", "stays"]) await storeText(one, name, name);
    for (const name of ["folder/gone", "folder/stays", "stays"]) await untilText(two, name, name);
    await remove(one, "folder/gone");
    await untilText(two, "folder/gone", undefined);
    expect(await list(two, "folder/")).toEqual(["stays"]);
    expect(await readText(two, "folder/stays")).toBe("folder/stays");
    expect(await readText(two, "stays")).toBe("stays");
  });

  test("§6 edits without a network arrive later", async () => {
    const [one, two] = await openTwice(release);
    for (const name of ["edited", "removed"]) {
      await storeText(one, name, name);
      await untilText(two, name, name);
    }
    await one.context().setOffline(true);
    await storeText(one, "edited", "Edited offline");
    await storeText(one, "new/one", "New");
    await remove(one, "removed");
    await untilEvent(one, { name: "network-offline" });
    expect(await (await stored(one, "/notes/edited")).text()).toBe("edited");
    await one.context().setOffline(false);
    await untilText(two, "edited", "Edited offline");
    await untilText(two, "new/one", "New");
    await untilText(two, "removed", undefined);
  });

  test("§6 both change a document: the later one is told, and neither text is lost", async () => {
    const [one, two] = await openTwice(release);
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

  test("§6 both create the same document: one wins, the other is told", async () => {
    const [one, two] = await openTwice(release);
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
