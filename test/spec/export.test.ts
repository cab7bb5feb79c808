/** Taking one's data along: the archive has every document as it is. */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { documentFromPath } from "../../src/core/path";
import { bodyKey, dropBodies } from "../../src/storage/bodies";
import { breakCalls } from "../support/faults";
import { fillIndex } from "../support/fill";
import { findElements, mainText } from "../support/html";
import { accountId, allRows } from "../support/rows";
import { binary } from "../support/storage";
import {
  connectApp,
  createUser,
  encodePath,
  listBodyKeys,
  send,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { unzip, type ZipFile } from "../support/zip";

let mend = () => {};
afterEach(() => {
  mend();
  mend = () => {};
});

const ask = ({ cookie }: TestUser, path = "/data/export"): Promise<Response> =>
  send(path, { headers: { Cookie: cookie } });

const filesIn = async (response: Response): Promise<ZipFile[]> =>
  unzip(new Uint8Array(await response.arrayBuffer()));

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));

const manifestIn = (files: ZipFile[], name = "satchel-export.json") =>
  JSON.parse(new TextDecoder().decode(files.find((file) => file.name === name)?.bytes));

async function somebody(): Promise<{ person: TestUser; app: TestApp }> {
  const person = await createUser();
  return { person, app: await connectApp(person) };
}

/** Replaces a document, or deletes it, and loses what was there, as the sweep does in the end. */
async function lose(app: TestApp, path: string, change: () => Promise<unknown>): Promise<void> {
  const version = (await app.version(path))?.replaceAll('"', "") ?? "";
  await change();
  const key = await bodyKey(await accountId(app.user), documentFromPath(path), version);
  await dropBodies(env.BODIES, [key]);
}

describe("The archive", () => {
  it("has every document under its path, byte for byte", async () => {
    const { person, app } = await somebody();
    const documents: Record<string, Uint8Array<ArrayBuffer>> = {
      "/notes/a.txt": bytesOf("text"),
      "/notes/A.TXT": bytesOf("another text"),
      "/notes/empty": new Uint8Array(),
      "/public/blog/größe/日本 %2F '\"<&>.md": bytesOf("ünï"),
      "/photos/a/b/c/large": binary(5 * 1024 * 1024),
      "/in-root": binary(3),
      "/..hidden/...": binary(7),
      "/.../x": binary(8),
    };
    for (const [path, bytes] of Object.entries(documents)) {
      expect((await app.put(encodePath(path), bytes)).status).toBe(201);
    }
    const response = await ask(person);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/zip");
    expect(response.headers.get("content-disposition")).toMatch(
      new RegExp(`^attachment; filename="satchel-${person.name}-\\d{4}-\\d\\d-\\d\\d\\.zip"$`),
    );
    expect(response.headers.get("cache-control")).toBe("no-store");
    const [manifest, ...files] = await filesIn(response);
    expect(manifest?.name).toBe("satchel-export.json");
    expect(files.map(({ name }) => `/${name}`).sort()).toEqual(Object.keys(documents).sort());
    for (const { name, bytes, modified } of files) {
      expect(Buffer.compare(bytes, documents[`/${name}`] as Uint8Array), name).toBe(0);
      expect(Math.abs(modified - Date.now()), name).toBeLessThan(60_000);
    }
  });

  it("begins with a list of them, with what a folder's description says (§4)", async () => {
    const { person, app } = await somebody();
    const response = await app.put("/notes/a", "text", { "Content-Type": "text/x; charset=y" });
    const manifest = manifestIn(await filesIn(await ask(person)));
    expect(manifest).toMatchObject({
      address: `${person.name}@satchel.example`,
      documents: [
        {
          path: "/notes/a",
          "Content-Type": "text/x; charset=y",
          "Content-Length": 4,
          ETag: response.headers.get("etag"),
          "Last-Modified": (await app.head("/notes/a")).headers.get("last-modified"),
        },
      ],
    });
    expect(Math.abs(Date.parse(manifest.exported) - Date.now())).toBeLessThan(60_000);
  });

  it("keeps apart its list and documents that are called so", async () => {
    const { person, app } = await somebody();
    await app.put("/satchel-export.json", "mine");
    await app.put("/_satchel-export.json/in-a-folder", "mine, too");
    const files = await filesIn(await ask(person));
    expect(files.map(({ name }) => name)).toEqual([
      "__satchel-export.json",
      "satchel-export.json",
      "_satchel-export.json/in-a-folder",
    ]);
    expect(manifestIn(files, "__satchel-export.json").documents).toHaveLength(2);
  });

  it("has no name that leads anywhere else on Windows; each stays a name of its own", async () => {
    const { person, app } = await somebody();
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
    const files = await filesIn(await ask(person));
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

  it("is not made for a HEAD, which stands in no log", async () => {
    const { person } = await somebody();
    const before = await allRows();
    const response = await send("/data/export", {
      method: "HEAD",
      headers: { Cookie: person.cookie },
    });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "application/zip",
    ]);
    expect(await response.text()).toBe("");
    expect(await allRows()).toEqual(before);
  });

  it("of somebody who has nothing has an empty list", async () => {
    const { person } = await somebody();
    const files = await filesIn(await ask(person));
    expect(files).toHaveLength(1);
    expect(manifestIn(files).documents).toEqual([]);
  });

  it("has nothing of anybody else, and changes nothing but the log", async () => {
    const { person, app } = await somebody();
    const other = await somebody();
    await app.put("/notes/a", "mine");
    await other.app.put("/notes/b", "theirs");
    const { activity: before, ...rowsBefore } = await allRows();
    const files = await filesIn(await ask(person));
    expect(files.map(({ name }) => name)).toEqual(["satchel-export.json", "notes/a"]);
    const { activity: after, ...rowsAfter } = await allRows();
    expect(rowsAfter).toEqual(rowsBefore);
    expect(after?.length).toBe((before?.length ?? 0) + 1);
    expect(after).toContainEqual(
      expect.objectContaining({ account: await accountId(person.name), kind: "export" }),
    );
  });

  it("is for its owner: others are asked to sign in", async () => {
    for (const Cookie of ["", "__Host-session=made-up"]) {
      const response = await send("/data/export", { headers: { Cookie } });
      expect([response.status, response.headers.get("location")]).toEqual([
        303,
        "/sign-in?next=%2Fdata%2Fexport",
      ]);
    }
  });
});

describe("A document that changes while it is taken along", () => {
  /** Changes it between the list and its body. */
  const meanwhile = (change: () => Promise<unknown>): void => {
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
    mend = () => Reflect.deleteProperty(env.BODIES, "get");
  };

  it("is in the version that was listed, as long as there is one", async () => {
    const { person, app } = await somebody();
    await app.put("/notes/a", "listed");
    meanwhile(() => app.put("/notes/a", "newer and longer"));
    const files = await filesIn(await ask(person));
    expect(files.map(({ name }) => name)).toEqual(["satchel-export.json", "notes/a"]);
    expect(new TextDecoder().decode(files[1]?.bytes)).toBe("listed");
  });

  it("is in its newer version where the listed one is gone, and a second list says so", async () => {
    const { person, app } = await somebody();
    await app.put("/notes/a", "listed");
    await app.put("/notes/b", "stays");
    meanwhile(() => lose(app, "/notes/a", () => app.put("/notes/a", "newer and longer")));
    const files = await filesIn(await ask(person));
    expect(new TextDecoder().decode(files[1]?.bytes)).toBe("newer and longer");
    expect(manifestIn(files, "satchel-export-changes.json").documents).toEqual([
      expect.objectContaining({ path: "/notes/a", ETag: await app.version("/notes/a") }),
    ]);
  });

  it("is named as gone when it was deleted", async () => {
    const { person, app } = await somebody();
    await app.put("/notes/a", "listed");
    meanwhile(() => lose(app, "/notes/a", () => app.delete("/notes/a")));
    const files = await filesIn(await ask(person));
    expect(files.map(({ name }) => name)).toEqual([
      "satchel-export.json",
      "satchel-export-changes.json",
    ]);
    expect(manifestIn(files, "satchel-export-changes.json").documents).toEqual([
      { path: "/notes/a", gone: true },
    ]);
  });
});

describe("What cannot be read whole", () => {
  /** What the operator finds in the log about archives. */
  const linesOf = (warn: MockInstance<typeof console.warn>): unknown[] => {
    const lines = warn.mock.calls.filter(([line]) => String(line).includes("archive"));
    warn.mockRestore();
    return lines;
  };

  it("ends the stream with an error, not with a shorter archive", async () => {
    const { person, app } = await somebody();
    await app.put("/notes/a", "fine");
    await app.put("/notes/b", "broken");
    const all = ["refused", "refused", "refused"] as const;
    mend = breakCalls(env.BODIES, "get", [undefined, ...all]);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const response = await ask(person);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(linesOf(warn)).toHaveLength(1);
  });

  it("nor does a body that is shorter than the index says", async () => {
    const { person, app } = await somebody();
    await app.put("/notes/a", "whole");
    const [key = ""] = await listBodyKeys(app.user);
    await env.BODIES.put(key, "who");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const response = await ask(person);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(linesOf(warn)).toHaveLength(1);
  });

  it("a fault that passes is not noticed", async () => {
    const { person, app } = await somebody();
    await app.put("/notes/a", "fine");
    mend = breakCalls(env.BODIES, "get", ["refused", "lost"]);
    expect(await filesIn(await ask(person))).toHaveLength(2);
  });
});

describe("A lot of documents", () => {
  /** The links of the parts, as the page has them. */
  const partsOf = async (person: TestUser, page: string): Promise<string[]> =>
    findElements(await (await ask(person, page)).text(), "a")
      .map(({ href }) => href ?? "")
      .filter((href) => href.startsWith("/data/export"));

  const listed = async (person: TestUser, part: string): Promise<string[]> => {
    // There are no bodies: the list comes before them.
    const reader = ((await ask(person, part)).body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while (!text.includes("\n  ]\n}")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(text);
      text += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return [...text.matchAll(/"path": "([^"]+)"/g)].map(([, path = ""]) => path);
  };

  it("comes in parts, of which each document is in one", async () => {
    const person = await createUser();
    await fillIndex(person.name, 2000);
    const page = findElements(await (await ask(person, "/data")).text(), "a");
    expect(page.map(({ href }) => href)).toContain("/data/parts");
    const parts = await partsOf(person, "/data/parts");
    expect(parts).toHaveLength(3);
    const lists = [];
    for (const part of parts) lists.push(await listed(person, part));
    expect(lists.map(({ length }) => length)).toEqual([900, 900, 200]);
    expect(new Set(lists.flat()).size).toBe(2000);
  });

  it("is listed by parts for its owner alone, and by no other page", async () => {
    expect((await ask({ name: "", cookie: "" }, "/data/parts")).headers.get("location")).toBe(
      "/sign-in?next=%2Fdata%2Fparts",
    );
    const person = await createUser();
    await fillIndex(person.name, 1000);
    const questions = vi.spyOn(env.DB, "prepare");
    await ask(person, "/data");
    expect(questions.mock.calls.filter(([sql]) => sql.includes("row_number"))).toEqual([]);
    questions.mockRestore();
  });

  it("has a file name for each part", async () => {
    const { person } = await somebody();
    const nameOf = async (path: string) =>
      /filename="(.*)"$/.exec(
        (await ask(person, path)).headers.get("content-disposition") ?? "",
      )?.[1];
    expect(await nameOf("/data/export?part=2")).toMatch(/-\d\d-part-2\.zip$/);
    for (const part of ["x", "", '2"; evil', "../2", "9999999"]) {
      const path = `/data/export?${new URLSearchParams({ part })}`;
      expect(await nameOf(path)).toMatch(/-\d{4}-\d\d-\d\d\.zip$/);
    }
  });

  it("is refused where a part has grown too long, and the page lists new ones", async () => {
    const person = await createUser();
    await fillIndex(person.name, 1000);
    const response = await ask(person, "/data/export");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      409,
      "text/html; charset=UTF-8",
    ]);
    expect(mainText(await response.text())).toContain("Much has changed");
  });

  it("that is no more than one archive takes has one link", async () => {
    const person = await createUser();
    await fillIndex(person.name, 900);
    expect(await partsOf(person, "/data")).toEqual(["/data/export"]);
    expect(await partsOf(person, "/data/parts")).toEqual(["/data/export?part=1"]);
    expect(await listed(person, "/data/export")).toHaveLength(900);
  });
});
