/** Two browsers of one user, each with a local copy: changes in one reach the other. */

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
import { RELEASES } from "./support/app-server";
import { testWithApps } from "./support/open-apps";

const test = testWithApps(2, { cache: true });

describe.each(RELEASES)("remotestorage.js %s", (release) => {
  test("§6 a change reaches the other browser, in both directions", async ({ openApps }) => {
    const [one, two] = await openApps(release);
    await storeText(one, "change/hello", "From one");
    await storeText(one, "change/deep/er", "Deep");
    await waitForTexts(two, { "change/hello": "From one", "change/deep/er": "Deep" });
    await storeText(two, "change/hello", "From two");
    await waitForText(one, "change/hello", "From two");
    const change = await waitForEvent(one, { name: "change", origin: "remote" });
    expect(change).toMatchObject({ oldValue: "From one", newValue: "From two" });
  });

  test("§3 unusual names and many documents are synchronized completely", async ({ openApps }) => {
    const [one, two] = await openApps(release);
    const names = ["a b", "ü 🎒", "100%", "%2F", "a+b", "#1", "?", "&", "'\"", "([])", ".hidden"];
    const many = Array.from({ length: 40 }, (_, index) => `many/${index}`);
    const all = [...names, ...many].map((name) => `names/${name}`);
    await Promise.all(all.map((path) => storeText(one, path, `Text of ${path}`)));
    await waitForTexts(two, Object.fromEntries(all.map((path) => [path, `Text of ${path}`])));
    expect(await list(two, "names/")).toEqual([...names, "many/"].sort());
    expect((await list(two, "names/many/")).length).toBe(many.length);
  });

  test("§4 removing one document of several removes it in the other browser", async ({
    openApps,
  }) => {
    const [one, two] = await openApps(release);
    const paths = ["removal/folder/gone", "removal/folder/stays", "removal/stays"];
    for (const path of paths) await storeText(one, path, path);
    await waitForTexts(two, Object.fromEntries(paths.map((path) => [path, path])));
    await remove(one, "removal/folder/gone");
    await waitForText(two, "removal/folder/gone", undefined);
    expect(await list(two, "removal/folder/")).toEqual(["stays"]);
    expect(await readText(two, "removal/folder/stays")).toBe("removal/folder/stays");
    expect(await readText(two, "removal/stays")).toBe("removal/stays");
  });

  test("§6 offline edits are synchronized later", async ({ openApps }) => {
    const [one, two] = await openApps(release);
    await storeText(one, "offline/edited", "edited");
    await storeText(one, "offline/removed", "removed");
    await waitForTexts(two, { "offline/edited": "edited", "offline/removed": "removed" });
    await one.context().setOffline(true);
    await storeText(one, "offline/edited", "Edited offline");
    await storeText(one, "offline/new/one", "New");
    await remove(one, "offline/removed");
    await waitForEvent(one, { name: "network-offline" });
    expect(await (await fetchStored(one, "/notes/offline/edited")).text()).toBe("edited");
    await one.context().setOffline(false);
    await waitForTexts(two, {
      "offline/edited": "Edited offline",
      "offline/new/one": "New",
      "offline/removed": undefined,
    });
  });

  test("§6 if both change a document, the later one gets a conflict, and neither text is lost", async ({
    openApps,
  }) => {
    const [one, two] = await openApps(release);
    await storeText(one, "conflict/hello", "Common");
    await waitForText(two, "conflict/hello", "Common");
    await one.context().setOffline(true);
    await storeText(one, "conflict/hello", "From one");
    await storeText(two, "conflict/hello", "From two");
    await waitUntilStored(two, "/notes/conflict/hello", "From two");
    await one.context().setOffline(false);
    const conflict = await waitForEvent(one, { name: "change", origin: "conflict" });
    expect(conflict).toMatchObject({
      relativePath: "conflict/hello",
      oldValue: "From one",
      newValue: "From two",
      lastCommonValue: "Common",
    });
    expect(await (await fetchStored(one, "/notes/conflict/hello")).text()).toBe("From two");
    // Resolving the conflict is up to the app.
    await storeText(one, "conflict/hello", "From one and two");
    await waitForText(two, "conflict/hello", "From one and two");
  });

  test("§6 if both create the same document, one wins, and the other gets a conflict", async ({
    openApps,
  }) => {
    const [one, two] = await openApps(release);
    await one.context().setOffline(true);
    await storeText(one, "creation/new", "From one");
    await storeText(two, "creation/new", "From two");
    await waitUntilStored(two, "/notes/creation/new", "From two");
    await one.context().setOffline(false);
    const conflict = await waitForEvent(one, { name: "change", origin: "conflict" });
    expect(conflict).toMatchObject({ oldValue: "From one", newValue: "From two" });
    expect(await (await fetchStored(one, "/notes/creation/new")).text()).toBe("From two");
  });
});
