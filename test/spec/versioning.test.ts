/** §6: versions. */

import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, type TestApp } from "../support/provider";
import { etagVersion, expectUnchanged, uniqueFolder } from "../support/storage";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

/** The versions of a folder and of all folders above it. */
const versionsUp = async (path: string): Promise<(string | null)[]> => {
  const names = path.split("/").slice(1, -1);
  const above = names.map((_, index) => `/${names.slice(0, index + 1).join("/")}/`);
  return Promise.all(["/", ...above].map((folder) => app.version(folder)));
};

const expectAllDifferent = (before: (string | null)[], after: (string | null)[]) => {
  expect(after).toHaveLength(before.length);
  for (const [index, version] of after.entries()) {
    expect(version).toMatch(/^"[^"]+"$/);
    expect(version).not.toBe(before[index]);
  }
};

describe("A document's version", () => {
  it("§4.33 §4.34 is new with every PUT, even of the same content", async () => {
    const path = `${uniqueFolder()}doc`;
    const versions = new Set<string | undefined>();
    for (let i = 0; i < 5; i++) versions.add(etagVersion(await app.put(path, "same")));
    expect(versions.size).toBe(5);
  });

  it("§4.33 A -> B -> A: the second A has another version than the first", async () => {
    const path = `${uniqueFolder()}doc`;
    const first = await app.put(path, "A");
    await app.put(path, "B");
    const second = await app.put(path, "A");
    expect(etagVersion(second)).not.toBe(etagVersion(first));
    const stale = await app.put(path, "C", { "If-Match": first.headers.get("etag") ?? "" });
    expect(stale.status).toBe(412);
  });

  it("§4.33 deleted and stored again: another version", async () => {
    const path = `${uniqueFolder()}doc`;
    const first = await app.put(path, "A");
    await app.delete(path);
    expect(etagVersion(await app.put(path, "A"))).not.toBe(etagVersion(first));
  });

  it("§4.33 the same content at two paths has two versions", async () => {
    const folder = uniqueFolder();
    const versions = [await app.put(`${folder}a`, "same"), await app.put(`${folder}b`, "same")];
    expect(etagVersion(versions[0] as Response)).not.toBe(etagVersion(versions[1] as Response));
  });

  it("§4.23 §4.34 is strong: quoted, not weak, and cannot be guessed from the content", async () => {
    const path = `${uniqueFolder()}doc`;
    await app.put(path, "hello");
    const etag = (await app.get(path)).headers.get("etag") ?? "";
    // At least 128 bits in base64url.
    expect(etag).toMatch(/^"[A-Za-z0-9_-]{22,}"$/);
  });
});

describe("A folder's version", () => {
  it("§4.41 §4.42 changes with a DELETE that leaves folders empty, up to the root", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a/b/doc`, "x");
    const before = await versionsUp(`${folder}a/b/`);
    await app.delete(`${folder}a/b/doc`);
    expectAllDifferent(before, await versionsUp(`${folder}a/b/`));
  });

  it("§4.33 never comes back: neither after A -> B -> A nor after a DELETE and a PUT", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}stays`, "x");
    const seen = new Set([await app.version(folder)]);
    for (const body of ["A", "B", "A"]) {
      await app.put(`${folder}doc`, body);
      seen.add(await app.version(folder));
    }
    await app.delete(`${folder}doc`);
    seen.add(await app.version(folder));
    await app.put(`${folder}doc`, "A");
    seen.add(await app.version(folder));
    expect(seen.size).toBe(6);
  });

  it("§4.33 folders beside the changed one keep their versions", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a/doc`, "x");
    await app.put(`${folder}b/doc`, "x");
    const [before, list] = [await app.version(`${folder}b/`), await app.list(folder)];
    await app.put(`${folder}a/doc`, "y");
    expect(await app.version(`${folder}b/`)).toBe(before);
    const after = await app.list(folder);
    expect(after["b/"]).toEqual(list["b/"]);
    expect(after["a/"]).not.toEqual(list["a/"]);
  });

  it("§6.1 reading changes nothing", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    await expectUnchanged(app, async () => {
      await app.get(folder);
      await app.get(`${folder}doc`);
      await app.head(`${folder}doc`);
      await app.get(`${folder}missing`);
    });
  });

  it("§4.33 changes in one account do not change versions in another", async () => {
    const other = await createUserWithApp();
    await other.put("/notes/doc", "x");
    await expectUnchanged(other, () => app.put("/notes/doc", "y"));
  });
});

describe("Cache-Control", () => {
  it("§6.4 exactly no-cache on documents and folders", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    for (const path of [folder, `${folder}doc`, uniqueFolder(), "/", "/public"]) {
      expect((await app.get(path)).headers.get("cache-control")).toBe("no-cache");
      expect((await app.head(path)).headers.get("cache-control")).toBe("no-cache");
    }
  });

  it("§6.5 exactly no-cache, public in the public subtree, folders included", async () => {
    const folder = uniqueFolder("/public/");
    await app.put(`${folder}doc`, "x");
    for (const path of [folder, `${folder}doc`, "/public/", uniqueFolder("/public/")]) {
      expect((await app.get(path)).headers.get("cache-control")).toBe("no-cache, public");
      expect((await app.head(path)).headers.get("cache-control")).toBe("no-cache, public");
    }
  });

  it("§6.4 also on 304 and 206", async () => {
    const [secret, open] = [`${uniqueFolder()}doc`, `${uniqueFolder("/public/")}doc`];
    for (const [path, value] of [
      [secret, "no-cache"],
      [open, "no-cache, public"],
    ] as const) {
      const etag = (await app.put(path, "hello")).headers.get("etag") ?? "";
      const known = await app.get(path, { "If-None-Match": etag });
      expect([known.status, known.headers.get("cache-control")]).toEqual([304, value]);
      const part = await app.get(path, { Range: "bytes=0-1" });
      expect([part.status, part.headers.get("cache-control")]).toEqual([206, value]);
    }
  });

  it("§4.23 §6.4 behind Cloudflare's edge with no-transform, which keeps ETags strong", async () => {
    const [secret, open] = [`${uniqueFolder()}doc`, `${uniqueFolder("/public/")}doc`];
    const ray = { "CF-Ray": "8a1b2c3d4e5f6789-FRA" };
    await app.put(secret, "x");
    await app.put(open, "x");
    const cacheControl = async (path: string) =>
      (await app.get(path, ray)).headers.get("cache-control")?.split(/, */);
    expect(await cacheControl(secret)).toEqual(["no-cache", "no-transform"]);
    expect(await cacheControl("/")).toEqual(["no-cache", "no-transform"]);
    expect(await cacheControl(open)).toEqual(["no-cache", "public", "no-transform"]);
  });
});
