/** Downloads of folders and of chosen items as ZIP archives. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { fillFolder } from "../../bench/cost/fill-folder";
import { maxPartDocuments } from "../../src/storage/export/export";
import { fillIndex } from "../support/fill-index";
import { findElements, mainText } from "../support/html";
import {
  connectApp,
  createUser,
  encodePath,
  ORIGIN,
  send,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, activityRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { unzip } from "../support/zip";

/** The Free plan: thirty documents in an archive. */
const sendOnFreePlan = sendWithSettings({ SUBREQUESTS: "50" });

async function userWithApp(): Promise<{ user: TestUser; app: TestApp }> {
  const user = await createUser();
  return { user, app: await connectApp(user) };
}

const download = ({ cookie }: TestUser, path: string): Promise<Response> =>
  sendOnFreePlan(`/files${path}`, { headers: { Cookie: cookie } });

const choose = ({ cookie }: TestUser, folder: string, paths: string[]): Promise<Response> =>
  sendOnFreePlan(`/files${folder}?view=archive`, {
    method: "POST",
    body: new URLSearchParams(paths.map((path) => ["path", encodePath(path)])),
    headers: { Cookie: cookie, Origin: ORIGIN },
  });

const textsIn = async (response: Response): Promise<Record<string, string>> => {
  expect(response.status).toBe(200);
  const files = unzip(new Uint8Array(await response.arrayBuffer()));
  return Object.fromEntries(
    files.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]),
  );
};

const linksIn = (html: string): string[] => findElements(html, "a").map(({ href = "" }) => href);

describe("The archive of a folder", () => {
  it("has the documents below it, at any depth, by their whole paths, and their list", async () => {
    const { user, app } = await userWithApp();
    const long = `/notes/${"folder-name/".repeat(20)}deep`;
    for (const path of ["/notes/a", "/notes/b/c", long, "/notes-not/d", "/other"])
      await app.put(path, `of ${path}`);
    const response = await download(user, "/notes/?view=archive");
    expect(response.headers.get("content-disposition")).toMatch(
      /^attachment; filename="notes-\d{4}-\d\d-\d\d\.zip"/,
    );
    const { "satchel-export.json": list = "", ...texts } = await textsIn(response);
    expect(texts).toEqual({
      "notes/a": "of /notes/a",
      "notes/b/c": "of /notes/b/c",
      [long.slice(1)]: `of ${long}`,
    });
    const { address, documents } = JSON.parse(list);
    expect(address).toBe(`${user.name}@satchel.example`);
    expect(documents.map(({ path }: { path: string }) => path).sort()).toEqual(
      ["/notes/a", "/notes/b/c", long].sort(),
    );
    expect(await activityRows(user.name)).toContainEqual({ kind: "export" });
  });

  it("is announced by HEAD without being made", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "x");
    const head = await send("/files/notes/?view=archive", {
      method: "HEAD",
      headers: { Cookie: user.cookie },
    });
    expect([head.status, head.headers.get("content-type")]).toEqual([200, "application/zip"]);
    expect(await activityRows(user.name)).not.toContainEqual({ kind: "export" });
  });

  it("comes in parts if the plan's calls do not suffice for one: each document in one of them", async () => {
    const { user, app } = await userWithApp();
    const paths = Array.from({ length: 70 }, (_, i) => `/notes/${i % 4}/${i}`);
    for (const path of paths) await app.put(path, path);
    const folder = await (await download(user, "/notes/")).text();
    expect(linksIn(folder)).toContain("?view=parts");
    const html = await (await download(user, "/notes/?view=parts")).text();
    expect(mainText(html)).toContain("Each part has at most 30 documents.");
    const parts = linksIn(html).filter((href) => href.startsWith("?view=archive"));
    expect(parts).toHaveLength(3);
    const found: string[] = [];
    for (const part of parts) {
      const { "satchel-export.json": _, ...texts } = await textsIn(
        await download(user, `/notes/${part}`),
      );
      expect(Object.keys(texts).length).toBeLessThanOrEqual(30);
      found.push(...Object.values(texts));
    }
    expect(found.sort()).toEqual(paths.toSorted());
  });

  it("has parts that are refused if they have grown too much, instead of leaving something out", async () => {
    const { user, app } = await userWithApp();
    for (let i = 0; i < 35; i++) await app.put(`/notes/a${i}`, "x");
    const html = await (await download(user, "/notes/?view=parts")).text();
    const [first = ""] = linksIn(html).filter((href) => href.startsWith("?view=archive"));
    for (let i = 0; i < 10; i++) await app.put(`/notes/a1-${i}`, "x");
    const response = await download(user, `/notes/${first}`);
    expect(response.status).toBe(409);
    expect(linksIn(await response.text())).toContain("?view=parts");
  });

  it("has a list of parts that is bounded, whatever the size of the folder", async () => {
    const user = await createUser();
    await fillIndex(user.name, 20_000);
    let path: string | undefined = "/many/?view=parts";
    let parts = 0;
    const lengths: number[] = [];
    while (path !== undefined) {
      const html: string = await (await download(user, path)).text();
      lengths.push(linksIn(html).filter((href) => href.startsWith("?view=archive")).length);
      parts += lengths.at(-1) ?? 0;
      const next = linksIn(html).find((href) => href.startsWith("?view=parts"));
      path = next && `/many/${next}`;
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(100);
    expect(lengths.length).toBeGreaterThan(5);
    const limit = maxPartDocuments({ ...env, SUBREQUESTS: "50" } as never);
    expect(parts).toBeGreaterThanOrEqual(Math.ceil(20_000 / limit));
    expect(parts).toBeLessThan(1.1 * Math.ceil(20_000 / limit));
  });
});

describe("The archive of chosen items", () => {
  it("has the documents, and all those below the folders, each once", async () => {
    const { user, app } = await userWithApp();
    for (const path of ["/n/a", "/n/b", "/n/c/d", "/n/c/e/f", "/n/line\nbreak"])
      await app.put(encodePath(path), `of ${path}`);
    const chosen = ["/n/a", "/n/c/", "/n/c/d", "/n/line\nbreak", "/n/gone"];
    const { "satchel-export.json": _, ...texts } = await textsIn(await choose(user, "/n/", chosen));
    expect(texts).toEqual({
      "n/a": "of /n/a",
      "n/c/d": "of /n/c/d",
      "n/c/e/f": "of /n/c/e/f",
      "n/line\nbreak": "of /n/line\nbreak",
    });
  });

  it("is refused if nothing is chosen, or too many documents", async () => {
    const user = await createUser();
    await fillFolder(env.DB, await accountId(user.name), "/many/", 40);
    const nothing = await choose(user, "/many/", []);
    expect([nothing.status, mainText(await nothing.text())]).toEqual([
      422,
      expect.stringContaining("Nothing selected"),
    ]);
    const tooMany = await choose(user, "/", ["/many/"]);
    expect([tooMany.status, mainText(await tooMany.text())]).toEqual([
      422,
      expect.stringContaining("at most 30 documents"),
    ]);
  });

  it("is of the user's own documents, and made for no other site", async () => {
    const { app } = await userWithApp();
    await app.put("/n/secret", "x");
    const other = await createUser();
    const texts = await textsIn(await choose(other, "/n/", ["/n/secret", "/n/"]));
    expect(Object.keys(texts)).toEqual(["satchel-export.json"]);
    const foreign = await send("/files/n/?view=archive", {
      method: "POST",
      body: "path=%2Fn%2F",
      headers: { Cookie: other.cookie, Origin: "https://evil.example" },
    });
    expect(foreign.status).toBe(403);
  });
});
