/** The archives that the server makes: of an account, and of a folder. */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { documentFromPath } from "../../src/core/path";
import { bodyKey, deleteBodies } from "../../src/storage/bodies";
import { archiveIn, changesIn, documentsIn } from "../support/archive";
import { breakCalls } from "../support/fault-injection";
import { fillIndex } from "../support/fill-index";
import { findElements, mainText } from "../support/html";
import {
  connectApp,
  createUser,
  encodePath,
  listBodyKeys,
  send,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";
import { binaryBytes } from "../support/storage";
import { unzip, type ZipFile } from "../support/zip";

let restore = () => {};
afterEach(() => {
  restore();
  restore = () => {};
});

const download = (
  { cookie }: TestUser,
  path = "/data/export",
  sendTo: Send = send,
): Promise<Response> => sendTo(path, { headers: { Cookie: cookie } });

const filesIn = async (response: Response): Promise<ZipFile[]> =>
  unzip(new Uint8Array(await response.arrayBuffer()));

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));

const textOf = (bytes?: Uint8Array): string => new TextDecoder().decode(bytes);

/** A download of the root folder: documents by their names, and a list of them. */
const downloadRoot = async (user: TestUser): Promise<ZipFile[]> =>
  filesIn(await download(user, "/files/?view=archive"));

const manifestIn = (files: ZipFile[], name = "satchel-export.json") =>
  JSON.parse(new TextDecoder().decode(files.find((file) => file.name === name)?.bytes));

async function userWithApp(): Promise<{ user: TestUser; app: TestApp }> {
  const user = await createUser();
  return { user, app: await connectApp(user) };
}

/** Replaces or deletes a document, and deletes its old body, as the sweep does in the end. */
async function changeAndSweep(
  app: TestApp,
  path: string,
  change: () => Promise<unknown>,
): Promise<void> {
  const version = (await app.version(path))?.replaceAll('"', "") ?? "";
  await change();
  const key = await bodyKey(await accountId(app.user), documentFromPath(path), version);
  await deleteBodies(env.BODIES, [key]);
}

describe("The archive", () => {
  it("has every document under its path, byte for byte", async () => {
    const { user, app } = await userWithApp();
    const documents: Record<string, Uint8Array<ArrayBuffer>> = {
      "/notes/a.txt": bytesOf("text"),
      "/notes/A.TXT": bytesOf("another text"),
      "/notes/empty": new Uint8Array(),
      "/public/blog/größe/日本 %2F '\"<&>.md": bytesOf("ünï"),
      "/photos/a/b/c/large": binaryBytes(5 * 1024 * 1024),
      "/in-root": binaryBytes(3),
      "/..hidden/...": binaryBytes(7),
      "/.../x": binaryBytes(8),
      [`/deep/${"one/".repeat(30)}${"two/".repeat(30)}long`]: binaryBytes(9),
      [`/deep/${"one/".repeat(30)}${"two/".repeat(30)}longer`]: binaryBytes(10),
    };
    for (const [path, bytes] of Object.entries(documents)) {
      expect((await app.put(encodePath(path), bytes)).status).toBe(201);
    }
    const response = await download(user);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/zip");
    expect(response.headers.get("content-disposition")).toMatch(
      new RegExp(`^attachment; filename="satchel-${user.name}-\\d{4}-\\d\\d-\\d\\d\\.zip"$`),
    );
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
    const found = await documentsIn(await archiveIn(response));
    expect(Object.keys(found).sort()).toEqual(Object.keys(documents).sort());
    for (const [path, { bytes, modified }] of Object.entries(found)) {
      expect(Buffer.compare(bytes, documents[path] as Uint8Array), path).toBe(0);
      expect(Math.abs((modified ?? 0) - Date.now()), path).toBeLessThan(60_000);
    }
  });

  it("lists them with their types, versions and times", async () => {
    const { user, app } = await userWithApp();
    const response = await app.put("/notes/a", "text", { "Content-Type": "text/x; charset=y" });
    const archive = await archiveIn(await download(user));
    const lastModified = (await app.head("/notes/a")).headers.get("last-modified") ?? "";
    expect(await documentsIn(archive)).toEqual({
      "/notes/a": {
        type: "text/x; charset=y",
        bytes: bytesOf("text"),
        etag: response.headers.get("etag")?.replaceAll('"', ""),
        modified: expect.closeTo(Date.parse(lastModified), -4),
      },
    });
    const info = unzip(archive).find(({ name }) => name.endsWith("/bag-info.txt"));
    expect(textOf(info?.bytes)).toContain(`External-Identifier: ${user.name}@satchel.example\n`);
    expect(textOf(info?.bytes)).toContain("Satchel-Archive-Version: 2\n");
  });

  it("has documents with any name, folder by folder, however long their paths are", async () => {
    const { user, app } = await userWithApp();
    const long = "folder/".repeat(40);
    const paths = ["/a/b/c", "/a!/x", "/a/b!/y", `/n/${long}z/d`, `/n/${long}a/d`, `/n/${long}b`];
    const odd = ["/C:evil", "/a\\b", "/d%5Ce/f", "/n/CON", "/n/A", "/n/a", "/satchel-export.json"];
    for (const path of [...paths, ...odd]) await app.put(encodePath(path), path);
    const found = await documentsIn(await archiveIn(await download(user)));
    const texts = Object.entries(found).map(([path, { bytes }]) => [path, textOf(bytes)]);
    expect(texts.sort()).toEqual([...paths, ...odd].map((path) => [path, path]).sort());
  });

  it("is not made for a HEAD, which is not logged", async () => {
    const { user } = await userWithApp();
    const before = await allRows();
    const response = await send("/data/export", {
      method: "HEAD",
      headers: { Cookie: user.cookie },
    });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "application/zip",
    ]);
    expect(await response.text()).toBe("");
    expect(await allRows()).toEqual(before);
  });

  it("of a user without documents is empty", async () => {
    const { user } = await userWithApp();
    expect(await documentsIn(await archiveIn(await download(user)))).toEqual({});
  });

  it("has only documents of the user, and changes nothing but the activity log", async () => {
    const { user, app } = await userWithApp();
    const other = await userWithApp();
    await app.put("/notes/a", "mine");
    await other.app.put("/notes/b", "theirs");
    const { activity: before, ...rowsBefore } = await allRows();
    const found = await documentsIn(await archiveIn(await download(user)));
    expect(Object.keys(found)).toEqual(["/notes/a"]);
    const { activity: after, ...rowsAfter } = await allRows();
    expect(rowsAfter).toEqual(rowsBefore);
    expect(after?.length).toBe((before?.length ?? 0) + 1);
    expect(after).toContainEqual(
      expect.objectContaining({ account: await accountId(user.name), kind: "export" }),
    );
  });

  it("is only for a user who is signed in", async () => {
    for (const Cookie of ["", "__Host-session=made-up"]) {
      const response = await send("/data/export", { headers: { Cookie } });
      expect([response.status, response.headers.get("location")]).toEqual([
        303,
        "/sign-in?next=%2Fdata%2Fexport",
      ]);
    }
  });
});

describe("The ZIP of a folder", () => {
  it("has its list under its name even if a document has that name", async () => {
    const { user, app } = await userWithApp();
    await app.put("/satchel-export.json", "mine");
    await app.put("/_satchel-export.json/in-a-folder", "mine, too");
    const files = await downloadRoot(user);
    expect(files.map(({ name }) => name)).toEqual([
      "satchel-export.json",
      "_satchel-export.json",
      "__satchel-export.json/in-a-folder",
    ]);
    expect(manifestIn(files).documents).toMatchObject([
      { path: "/satchel-export.json", file: "_satchel-export.json" },
      { path: "/_satchel-export.json/in-a-folder", file: "__satchel-export.json/in-a-folder" },
    ]);
  });

  it("names a document by its own path only, however many others look like it", async () => {
    const [alone, crowded] = [await userWithApp(), await userWithApp()];
    // All of these would be the same name if each "\\" became "%5C" and nothing else were done.
    const paths = Array.from(
      { length: 64 },
      (_, i) =>
        `/${Array.from({ length: 6 }, (_, bit) => ((i >> bit) & 1 ? "\\" : "%5C")).join("")}`,
    );
    for (const path of paths) await crowded.app.put(encodePath(path), path);
    const last = paths[40] as string;
    await alone.app.put(encodePath(last), last);
    const [, single] = await downloadRoot(alone.user);
    const [, ...files] = await downloadRoot(crowded.user);
    expect(new Set(files.map(({ name }) => name)).size).toBe(paths.length);
    const same = files.find(({ bytes }) => new TextDecoder().decode(bytes) === last);
    expect(same?.name).toBe(single?.name);
  });

  it("has no name that leads outside its folder on Windows; all names stay different", async () => {
    const { user, app } = await userWithApp();
    const paths = [
      "/..\\..\\evil",
      "/C:evil",
      "/c:/evil",
      "/\\\\host\\share",
      "/a\\b",
      "/a%5Cb",
      "/d\\e/f",
      "/d%5Ce",
      "/notes/C:fine",
    ];
    for (const path of paths) {
      expect((await app.put(encodePath(path), path)).status).toBe(201);
    }
    const files = await downloadRoot(user);
    const texts = new Map(
      files.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)] as const),
    );
    expect(texts.size).toBe(paths.length + 1);
    for (const name of texts.keys()) {
      expect(name).not.toMatch(/\\|^[a-z]:|^\//i);
      expect([...texts.keys()].filter((other) => other.startsWith(`${name}/`))).toEqual([]);
    }
    const { documents } = manifestIn(files);
    const listed = documents.map(({ path, file }: { path: string; file?: string }) => [
      path,
      texts.get(file ?? path.slice(1)),
    ]);
    expect(listed.sort()).toEqual(paths.map((path) => [path, path]).sort());
  });
});

describe("A document that changes during the export", () => {
  /** Changes the document after it was listed, before its body is read. */
  const afterListing = (change: () => Promise<unknown>): void => {
    const get = env.BODIES.get.bind(env.BODIES);
    let isFirst = true;
    Object.defineProperty(env.BODIES, "get", {
      configurable: true,
      value: async (...args: Parameters<R2Bucket["get"]>) => {
        if (isFirst) {
          isFirst = false;
          await change();
        }
        return get(...args);
      },
    });
    restore = () => Reflect.deleteProperty(env.BODIES, "get");
  };

  it("has the listed version, as long as its body exists", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "listed");
    afterListing(() => app.put("/notes/a", "newer and longer"));
    const archive = await archiveIn(await download(user));
    expect(textOf((await documentsIn(archive))["/notes/a"]?.bytes)).toBe("listed");
    expect(changesIn(archive)).toEqual([]);
  });

  it("has its newer version if the listed one is deleted, and the list of changes says so", async () => {
    const { user, app } = await userWithApp();
    const listed = await app.put("/notes/a", "listed");
    await app.put("/notes/b", "stays");
    afterListing(() =>
      changeAndSweep(app, "/notes/a", () => app.put("/notes/a", "newer and longer")),
    );
    const archive = await archiveIn(await download(user));
    expect(textOf((await documentsIn(archive))["/notes/a"]?.bytes)).toBe("newer and longer");
    const [before, after] = [listed.headers.get("etag"), await app.version("/notes/a")];
    expect(changesIn(archive)).toEqual([
      {
        path: "/notes/a",
        listed: before?.replaceAll('"', ""),
        archived: after?.replaceAll('"', ""),
      },
    ]);
  });

  it("has its newer version in the ZIP of a folder, too, and a second list says so", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "listed");
    await app.put("/notes/b", "stays");
    afterListing(() =>
      changeAndSweep(app, "/notes/a", () => app.put("/notes/a", "newer and longer")),
    );
    const files = await downloadRoot(user);
    expect(new TextDecoder().decode(files[1]?.bytes)).toBe("newer and longer");
    expect(manifestIn(files, "satchel-export-changes.json").documents).toEqual([
      expect.objectContaining({ path: "/notes/a", ETag: await app.version("/notes/a") }),
    ]);
  });

  it("is not in the archive if it was deleted, and the list of changes says so", async () => {
    const { user, app } = await userWithApp();
    const listed = await app.put("/notes/a", "listed");
    afterListing(() => changeAndSweep(app, "/notes/a", () => app.delete("/notes/a")));
    const archive = await archiveIn(await download(user));
    expect(await documentsIn(archive)).toEqual({});
    const version = listed.headers.get("etag")?.replaceAll('"', "");
    expect(changesIn(archive)).toEqual([{ path: "/notes/a", listed: version, archived: null }]);
  });

  it("is listed as gone in the ZIP of a folder", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "listed");
    afterListing(() => changeAndSweep(app, "/notes/a", () => app.delete("/notes/a")));
    const files = await downloadRoot(user);
    expect(files.map(({ name }) => name)).toEqual([
      "satchel-export.json",
      "satchel-export-changes.json",
    ]);
    expect(manifestIn(files, "satchel-export-changes.json").documents).toEqual([
      { path: "/notes/a", gone: true },
    ]);
  });
});

describe("A document that cannot be read", () => {
  /** The lines of the log about exports that were not completed. */
  const incompleteExports = (warn: MockInstance<typeof console.warn>): unknown[] => {
    const lines = warn.mock.calls.filter(([line]) =>
      String(line).includes("An export was not sent completely."),
    );
    warn.mockRestore();
    return lines;
  };

  it("ends the stream with an error", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "fine");
    await app.put("/notes/b", "broken");
    const all = ["refused", "refused", "refused"] as const;
    restore = breakCalls(env.BODIES, "get", [undefined, ...all]);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const response = await download(user);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(incompleteExports(warn)).toHaveLength(1);
  });

  it("ends it with an error, too, if its body is shorter than the index says", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "whole");
    const [key = ""] = await listBodyKeys(app.user);
    await env.BODIES.put(key, "who");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const response = await download(user);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(incompleteExports(warn)).toHaveLength(1);
  });

  it("is read again after a transient fault", async () => {
    const { user, app } = await userWithApp();
    await app.put("/notes/a", "fine");
    restore = breakCalls(env.BODIES, "get", ["refused", "lost"]);
    const found = await documentsIn(await archiveIn(await download(user)));
    expect(textOf(found["/notes/a"]?.bytes)).toBe("fine");
  });
});

describe("Many documents", () => {
  /** The links to the parts on a page. */
  const partLinks = async (user: TestUser, page: string, sendTo = send): Promise<string[]> =>
    findElements(await (await download(user, page, sendTo)).text(), "a")
      .map(({ href }) => href ?? "")
      .filter((href) => href.startsWith("/data/export"));

  /** The paths in an archive of documents of which there are only rows: each body is a byte. */
  const listedPaths = async (user: TestUser, part: string, sendTo: Send): Promise<string[]> => {
    Object.defineProperty(env.BODIES, "get", {
      configurable: true,
      value: async () => ({ body: new Response("x").body }),
    });
    restore = () => Reflect.deleteProperty(env.BODIES, "get");
    return Object.keys(await documentsIn(await archiveIn(await download(user, part, sendTo))));
  };

  it("are exported in parts, each document in one of them", async () => {
    const sendWithFewerCalls = sendWithSettings({ SUBREQUESTS: "300" });
    const user = await createUser();
    await fillIndex(user.name, 400);
    const page = await download(user, "/transfer/export", sendWithFewerCalls);
    const links = findElements(await page.text(), "a");
    expect(links.map(({ href }) => href)).toContain("/data/parts");
    const parts = await partLinks(user, "/data/parts", sendWithFewerCalls);
    expect(parts).toHaveLength(3);
    const lists = [];
    for (const part of parts) lists.push(await listedPaths(user, part, sendWithFewerCalls));
    expect(lists.map(({ length }) => length)).toEqual([180, 180, 40]);
    expect(new Set(lists.flat()).size).toBe(400);
  });

  it("are as many parts as archives of the largest size hold them", async () => {
    const user = await createUser();
    await fillIndex(user.name, 5001);
    expect(await partLinks(user, "/data/parts")).toHaveLength(3);
  });

  it("have parts that only the user sees, and that no other page lists", async () => {
    expect((await download({ name: "", cookie: "" }, "/data/parts")).headers.get("location")).toBe(
      "/sign-in?next=%2Fdata%2Fparts",
    );
    const user = await createUser();
    await fillIndex(user.name, 1000);
    const prepare = vi.spyOn(env.DB, "prepare");
    await download(user, "/transfer/export");
    expect(prepare.mock.calls.filter(([sql]) => sql.includes("row_number"))).toEqual([]);
    prepare.mockRestore();
  });

  it("have a file name for each part", async () => {
    const { user } = await userWithApp();
    const nameOf = async (path: string) =>
      /filename="(.*)"$/.exec(
        (await download(user, path)).headers.get("content-disposition") ?? "",
      )?.[1];
    expect(await nameOf("/data/export?part=2")).toMatch(/-\d\d-part-2\.zip$/);
    for (const part of ["x", "", '2"; evil', "../2", "9999999"]) {
      const path = `/data/export?${new URLSearchParams({ part })}`;
      expect(await nameOf(path)).toMatch(/-\d{4}-\d\d-\d\d\.zip$/);
    }
  });

  it("are refused if a part has grown too long, and the page lists new parts", async () => {
    const user = await createUser();
    await fillIndex(user.name, 3000);
    const response = await download(user, "/data/export");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      409,
      "text/html; charset=UTF-8",
    ]);
    expect(mainText(await response.text())).toContain("Your data has changed");
  });

  it("have a single link if they fit one archive", async () => {
    const user = await createUser();
    await fillIndex(user.name, 2500);
    expect(await partLinks(user, "/transfer/export")).toEqual(["/data/export"]);
    expect(await partLinks(user, "/data/parts")).toEqual(["/data/export?part=1"]);
  });
});
