/** §4 on item names: what can be a name, and comes back as it was given. */

import { beforeAll, describe, expect, it } from "vitest";
import { freshFolder, unchanged, versionOf } from "../support/storage";
import { createUserWithApp, encodePath, listBodyKeys, send, type TestApp } from "../support/provider";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

const NAMES: [string, string][] = [
  ["spaces", "a name with spaces"],
  ["a leading space", " leading"],
  ["a trailing space", "trailing "],
  ["only a space", " "],
  ["brackets", "a (b) [c] {d} <e>"],
  ["a plus", "a+b"],
  ["colon, at and exclamation mark", "a:b@c!d"],
  ["quotes", `it's "quoted" \`so\``],
  ["per cent", "100%"],
  ["something that looks encoded", "a%20b%2Fc%00"],
  ["hash and question mark", "a#b?c=d&e=f"],
  ["semicolon, comma, equals, dollar", "a;b,c=d$e"],
  ["a star", "*"],
  ["tilde, caret, bar", "~a^b|c"],
  ["a backslash", "a\\b"],
  ["a leading dot", ".hidden"],
  ["three dots", "..."],
  ["dots in front", "..a"],
  ["a trailing dot", "a."],
  ["an ending that other servers keep to themselves", "doc.meta"],
  ["umlauts", "\u00e4\u00f6\u00fc\u00df"],
  ["Chinese", "\u6587\u4ef6"],
  ["Hebrew", "\u05e7\u05d5\u05d1\u05e5"],
  ["an emoji", "\u{1f600}"],
  ["an emoji of several code points", "\u{1f469}\u200d\u{1f4bb}\ufe0f"],
  ["a zero width joiner", "a\u200db"],
  ["a byte order mark", "\ufeffa"],
  ["control characters", "a\u0001\n\r\tb\u007f"],
  ["a line separator", "a\u2028b"],
  ["a character outside of Unicode's assigned ones", "\u{10ffff}"],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["toString", "toString"],
  ["a number", "42"],
  ["a number with a zero in front", "007"],
  ["a negative number", "-1"],
  ["null", "null"],
  ["a JSON fragment", '","x":{"'],
  ["SQL", "'; DROP TABLE nodes; --"],
  ["a name of Windows", "CON"],
  ["a name of a device", "aux.txt"],
  ["255 bytes", "a".repeat(255)],
  ["256 bytes", "b".repeat(256)],
  ["over 900 bytes in few characters", "\u{1f600}".repeat(240)],
  ["1500 bytes", "c".repeat(1500)],
];

describe("a document's name", () => {
  it.each(NAMES)("§4.4 with %s comes back decoded and exact, and can be used", async (_, name) => {
    const folder = freshFolder();
    const path = folder + encodeURIComponent(name);
    const created = await app.put(path, "old", { "If-None-Match": "*" });
    expect(created.status).toBe(201);
    const text = await (await app.get(folder)).text();
    const items = Object.entries(JSON.parse(text).items as Record<string, { ETag: string }>);
    expect(items.map(([listed, { ETag }]) => [listed, ETag])).toEqual([[name, versionOf(created)]]);
    expect(await (await app.get(path)).text()).toBe("old");
    const etag = created.headers.get("etag") ?? "";
    expect((await app.put(path, "new", { "If-Match": etag })).status).toBe(200);
    expect(await (await app.get(path)).text()).toBe("new");
    expect((await app.delete(path)).status).toBe(200);
    expect(await app.list(folder)).toEqual({});
  });
});

describe("a folder's name", () => {
  it.each(NAMES)("§4.4 with %s comes back decoded and exact, and can be used", async (_, name) => {
    const folder = freshFolder();
    const path = `${folder}${encodeURIComponent(name)}/`;
    expect((await app.put(`${path}doc`, "inside")).status).toBe(201);
    const text = await (await app.get(folder)).text();
    expect(Object.keys(JSON.parse(text).items)).toEqual([`${name}/`]);
    expect(Object.keys(await app.list(path))).toEqual(["doc"]);
    expect(await (await app.get(`${path}doc`)).text()).toBe("inside");
    expect((await app.delete(`${path}doc`)).status).toBe(200);
    expect(await app.list(folder)).toEqual({});
  });
});

describe("all names at once", () => {
  it("§4.4 §3.1 each is its own item, beside all others", async () => {
    const folder = freshFolder();
    for (const [index, [, name]] of NAMES.entries()) {
      const put = await app.put(folder + encodeURIComponent(name), `content ${index}`);
      expect(put.status).toBe(201);
    }
    const text = await (await app.get(folder)).text();
    // Read with a pattern, as a parser would hide a name that is there twice.
    const keys = text.matchAll(/("(?:[^"\\]|\\.)*"):\{"ETag"/g);
    const listed = [...keys].map(([, key]) => JSON.parse(key as string));
    expect(listed.sort()).toEqual(NAMES.map(([, name]) => name).sort());
    for (const [index, [, name]] of NAMES.entries()) {
      const get = await app.get(folder + encodeURIComponent(name));
      expect(await get.text()).toBe(`content ${index}`);
    }
  });
});

describe("names that look alike are two", () => {
  it.each([
    ["NFC and NFD", "\u00e9", "e\u0301"],
    ["cases", "Name", "name"],
    ["with and without a trailing space", "name", "name "],
    ["with and without a trailing dot", "name", "name."],
    ["encoded once and twice", "a b", "a%20b"],
    ["plus and space", "a+b", "a b"],
    ["numbers", "1", "01"],
    ["sharp s", "\u00df", "ss"],
    ["long ones that differ in their last byte", `${"x".repeat(1000)}1`, `${"x".repeat(1000)}2`],
  ])("§4.4 %s", async (_, one, other) => {
    const folder = freshFolder();
    await app.put(folder + encodeURIComponent(one), "one");
    expect((await app.get(folder + encodeURIComponent(other))).status).toBe(404);
    const put = await app.put(folder + encodeURIComponent(other), "other", {
      "If-None-Match": "*",
    });
    expect(put.status).toBe(201);
    expect(Object.keys(await app.list(folder)).sort()).toEqual([one, other].sort());
    expect(await (await app.get(folder + encodeURIComponent(one))).text()).toBe("one");
    await app.delete(folder + encodeURIComponent(other));
    expect(Object.keys(await app.list(folder))).toEqual([one]);
  });
});

describe("one name in several spellings of the URL is one", () => {
  it.each([
    [
      "reserved characters encoded or not",
      "a(b)*!':@,;=+$&",
      "a%28b%29%2A%21%27%3A%40%2C%3B%3D%2B%24%26",
    ],
    ["letters encoded or not", "abc", "%61%62%63"],
    ["lower and upper case of the encoding", "%c3%a9", "%C3%A9"],
    ["dots encoded or not", "a..b", "a%2e%2Eb"],
  ])("§4.4 %s", async (_, one, other) => {
    const folder = freshFolder();
    const put = await app.put(folder + one, "x");
    expect(versionOf(await app.get(folder + other))).toBe(versionOf(put));
    expect((await app.put(folder + other, "y")).status).toBe(200);
    expect(Object.keys(await app.list(folder))).toHaveLength(1);
  });

  it("§4.4 a query is no part of the name", async () => {
    const folder = freshFolder();
    await app.put(`${folder}doc?a=b`, "x");
    expect(Object.keys(await app.list(folder))).toEqual(["doc"]);
    expect((await app.get(`${folder}doc?c=d`)).status).toBe(200);
  });
});

describe("paths that are none", () => {
  // Someone whose tree is small: each refusal is followed by a look at all of it.
  let app: TestApp;
  beforeAll(async () => {
    app = await createUserWithApp();
  });

  const MALFORMED: [string, string, string][] = [
    ["§4.4", "a null character", "%00"],
    ["§4.4", "a null character inside", "a%00b"],
    ["§4.4", "an encoded slash", "%2F"],
    ["§4.4", "an encoded slash inside", "a%2Fb"],
    ["§4.4", "an encoded slash in lower case", "a%2fb"],
    ["§4.5", "an empty name", "/doc"],
    ["§4.5", "an empty name at the end", "a//"],
    ["§4.5", "empty names", "///"],
    ["§4.6", "encoded dots and a slash", "..%2Fdoc"],
    ["§4.6", "encoded dots between encoded slashes", "a%2F..%2Fdoc"],
    ["§5.15", "a broken encoding", "%zz"],
    ["§5.15", "a lone per cent sign", "%"],
    ["§5.15", "half an encoding at the end", "a%2"],
    ["§5.15", "a lone byte of UTF-8", "%ff"],
    ["§5.15", "a cut sequence of UTF-8", "%e2%82"],
    ["§5.15", "an overlong slash", "%c0%af"],
    ["§5.15", "an overlong null character", "%c0%80"],
    ["§5.15", "a surrogate", "%ed%a0%80"],
  ];

  it.each(MALFORMED)(
    "%s §5.15 %s -> 400 for every method, nothing changed",
    async (_, __, name) => {
      const folder = freshFolder();
      await app.put(`${folder}doc`, "x");
      for (const path of [folder + name, `${folder}${name}/inside`]) {
        for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
          const init =
            method === "PUT" ? { body: "y", headers: { "Content-Type": "text/plain" } } : {};
          const response = await unchanged(app, () => app.request(method, path, init));
          expect([path, method, response.status]).toEqual([path, method, 400]);
        }
      }
    },
  );

  it("§4.6 '.' and '..' never become names, whether the URL is resolved or refused", async () => {
    const folder = freshFolder();
    await app.put(`${folder}doc`, "x");
    for (const dots of [".", "..", "%2e", "%2E%2e", ".%2e"]) {
      await app.put(`${folder}sub/${dots}/made`, "y");
      await app.put(`${folder}sub/${dots}`, "y");
    }
    for (const path of Object.keys(await app.tree())) {
      expect(path.split("/").filter((name) => name === "." || name === "..")).toEqual([]);
    }
  });

  it("§5.6 §4.6 dots do not lead into another account", async () => {
    const other = await createUserWithApp();
    await other.put("/notes/secret", "secret");
    for (const dots of ["..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e"]) {
      for (const path of [
        `/${dots}/${other.user}/notes/secret`,
        `/a/${dots}/${dots}/${other.user}/notes/secret`,
      ]) {
        const get = await app.get(path);
        expect([400, 403, 404]).toContain(get.status);
        expect(await get.text()).not.toContain("secret");
        const put = await unchanged(other, () => app.put(path, "stolen"));
        expect([400, 403, 404, 201]).toContain(put.status);
      }
    }
    expect(await (await other.get("/notes/secret")).text()).toBe("secret");
  });

  it("§5.15 /storage and /storage/<user> without a path are no folder", async () => {
    for (const path of ["/storage", "/storage/", `/storage/${app.user}`]) {
      const headers = { Authorization: `Bearer ${app.token}` };
      expect((await send(path, { headers })).status).toBe(400);
    }
  });
});

describe("long paths", () => {
  it("§4.4 §4.29 a path of 4000 bytes is kept whole", async () => {
    const folder = freshFolder();
    const names = Array.from({ length: 15 }, (_, index) => `${"\u00fc".repeat(130)}${index}`);
    const path = folder + encodePath(names.join("/"));
    expect((await app.put(path, "deep")).status).toBe(201);
    expect(await (await app.get(path)).text()).toBe("deep");
    expect(Object.keys(await app.tree(folder))).toContain(folder + names.join("/"));
  });

  it("§5.12 above 4096 bytes -> 414 for every method, nothing changed", async () => {
    const folder = freshFolder();
    for (const path of [`${folder}${"x".repeat(4096)}`, `${folder}${"%C3%BC".repeat(2100)}`]) {
      for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
        const init =
          method === "PUT" ? { body: "y", headers: { "Content-Type": "text/plain" } } : {};
        const response = await unchanged(app, () => app.request(method, path, init));
        expect([method, response.status]).toEqual([method, 414]);
      }
    }
  });

  it("§5.12 §4.18 as deep as allowed works, deeper -> 414, nothing changed", async () => {
    const other = await createUserWithApp();
    const deep = (levels: number) =>
      `/${Array(levels - 1)
        .fill("d")
        .join("/")}/doc`;
    expect((await other.put(deep(64), "x")).status).toBe(201);
    expect(await (await other.get(deep(64))).text()).toBe("x");
    const put = await unchanged(other, () => other.put(deep(65), "x"));
    expect(put.status).toBe(414);
    await other.delete(deep(64));
    expect(await other.tree()).toEqual({});
  });
});

describe("documents and folders of one name", () => {
  it("§4.3 §5.9 a document where a folder is -> 409, nothing changed", async () => {
    const folder = freshFolder();
    await app.put(`${folder}a/b/c/doc`, "x");
    for (const path of ["a", "a/b", "a/b/c"]) {
      for (const headers of [{}, { "If-None-Match": "*" }]) {
        const put = await unchanged(app, () => app.put(folder + path, "y", headers));
        expect([path, put.status]).toEqual([path, 409]);
      }
    }
  });

  it("§4.3 §5.8 a folder where a document is, at any depth -> 409, nothing changed", async () => {
    const folder = freshFolder();
    await app.put(`${folder}a/doc`, "x");
    for (const path of ["a/doc/b", "a/doc/b/c", "a/doc/b/c/d/e"]) {
      const put = await unchanged(app, () => app.put(folder + path, "y"));
      expect([path, put.status]).toEqual([path, 409]);
    }
    expect(await (await app.get(`${folder}a/doc`)).text()).toBe("x");
  });

  it("§4.3 §5.8 also in the root", async () => {
    await app.put("/clash", "x");
    expect((await unchanged(app, () => app.put("/clash/doc", "y"))).status).toBe(409);
    await app.delete("/clash");
    expect((await app.put("/clash/doc", "y")).status).toBe(201);
    expect((await unchanged(app, () => app.put("/clash", "x"))).status).toBe(409);
  });

  it("§4.3 once the one is gone the other can be made", async () => {
    const folder = freshFolder();
    await app.put(`${folder}a/b`, "x");
    await app.delete(`${folder}a/b`);
    expect((await app.put(`${folder}a`, "y")).status).toBe(201);
    await app.delete(`${folder}a`);
    expect((await app.put(`${folder}a/b`, "z")).status).toBe(201);
  });

  it("§4.3 names that only begin alike do not clash", async () => {
    const folder = freshFolder();
    for (const path of ["a", "ab/doc", "a b", "a.b/doc", "A/doc"]) {
      expect((await app.put(folder + encodePath(path), "x")).status).toBe(201);
    }
  });

  it("§5.7 GET and DELETE of a folder's name without the slash -> 404, of a document's with it: empty", async () => {
    const folder = freshFolder();
    await app.put(`${folder}a/doc`, "x");
    expect((await app.get(`${folder}a`)).status).toBe(404);
    expect((await unchanged(app, () => app.delete(`${folder}a`))).status).toBe(404);
    expect(await app.list(`${folder}a/doc/`)).toEqual({});
  });

  it("§5.8 a body is not even stored when it clashes", async () => {
    const folder = freshFolder();
    await app.put(`${folder}a`, "x");
    const before = await listBodyKeys(app.user);
    await app.put(`${folder}a/b`, "y");
    expect(await listBodyKeys(app.user)).toEqual(before);
  });
});
