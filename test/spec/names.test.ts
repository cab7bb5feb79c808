/** §4 on item names: which names are valid, and that they are returned exactly. */

import { beforeAll, describe, expect, it } from "vitest";
import {
  createUserWithApp,
  encodePath,
  listBodyKeys,
  ORIGIN,
  send,
  type TestApp,
} from "../support/provider";
import { etagVersion, expectUnchanged, uniqueFolder } from "../support/storage";
import { hasUserOrigins, storageOrigin } from "../support/urls";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

/** Sends each method to each path, and expects that all are refused with this status and change nothing. */
const expectAllRefused = (paths: string[], status: number): Promise<void> =>
  expectUnchanged(app, async () => {
    for (const path of paths) {
      for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
        const headers = { "Content-Type": "text/plain" };
        const init = method === "PUT" ? { body: "y", headers } : {};
        const response = await app.request(method, path, init);
        expect([path, method, response.status]).toEqual([path, method, status]);
      }
    }
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
  ["text that looks percent-encoded", "a%20b%2Fc%00"],
  ["hash and question mark", "a#b?c=d&e=f"],
  ["semicolon, comma, equals, dollar", "a;b,c=d$e"],
  ["a star", "*"],
  ["tilde, caret, bar", "~a^b|c"],
  ["a backslash", "a\\b"],
  ["a leading dot", ".hidden"],
  ["three dots", "..."],
  ["dots in front", "..a"],
  ["a trailing dot", "a."],
  ["a suffix that other servers reserve", "doc.meta"],
  ["umlauts", "\u00e4\u00f6\u00fc\u00df"],
  ["Chinese", "\u6587\u4ef6"],
  ["Hebrew", "\u05e7\u05d5\u05d1\u05e5"],
  ["an emoji", "\u{1f600}"],
  ["an emoji of several code points", "\u{1f469}\u200d\u{1f4bb}\ufe0f"],
  ["a zero width joiner", "a\u200db"],
  ["a byte order mark", "\ufeffa"],
  ["control characters", "a\u0001\n\r\tb\u007f"],
  ["a line separator", "a\u2028b"],
  ["an unassigned code point", "\u{10ffff}"],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["toString", "toString"],
  ["a number", "42"],
  ["a number with a leading zero", "007"],
  ["a negative number", "-1"],
  ["null", "null"],
  ["a JSON fragment", '","x":{"'],
  ["SQL", "'; DROP TABLE nodes; --"],
  ["a reserved name of Windows", "CON"],
  ["a device name with a suffix", "aux.txt"],
  ["255 bytes", "a".repeat(255)],
  ["256 bytes", "b".repeat(256)],
  ["over 900 bytes in 240 characters", "\u{1f600}".repeat(240)],
  ["1500 bytes", "c".repeat(1500)],
];

/** The names in the text of a folder description, and the ETags of the items. */
function listedNames(text: string): Map<string, string> {
  // Matched with a pattern, because a JSON parser would hide a duplicate name.
  const items = [...text.matchAll(/("(?:[^"\\]|\\.)*"):\{"ETag":"([^"]*)"/g)];
  const names = items.map(
    ([, name, etag]) => [JSON.parse(name as string), etag as string] as const,
  );
  expect(names.map(([name]) => name)).toEqual([...new Set(names.map(([name]) => name))]);
  return new Map(names);
}

describe("A document's name", () => {
  const folder = uniqueFolder();
  const pathOf = (name: string): string => folder + encodeURIComponent(name);
  /** The versions of documents with all names, as they were created. */
  const created = new Map<string, string | undefined>();
  let listed: Map<string, string>;
  beforeAll(async () => {
    for (const [, name] of NAMES) {
      const put = await app.put(pathOf(name), `of ${name}`, { "If-None-Match": "*" });
      expect([name, put.status]).toEqual([name, 201]);
      created.set(name, etagVersion(put));
    }
    listed = listedNames(await (await app.get(folder)).text());
  });

  it("§4.4 §3.1 is an item of its own, beside all others", () => {
    expect([...listed.keys()].sort()).toEqual(NAMES.map(([, name]) => name).sort());
  });

  it.each(NAMES)("§4.4 with %s is listed decoded and exact, and can be used", async (_, name) => {
    const version = created.get(name);
    expect(listed.get(name)).toBe(version);
    const path = pathOf(name);
    expect(await (await app.get(path)).text()).toBe(`of ${name}`);
    expect((await app.put(path, "new", { "If-Match": `"${version}"` })).status).toBe(200);
    expect(await (await app.get(path)).text()).toBe("new");
    expect((await app.delete(path)).status).toBe(200);
    expect((await app.get(path)).status).toBe(404);
  });
});

describe("A folder's name", () => {
  const folder = uniqueFolder();
  const pathOf = (name: string): string => `${folder}${encodeURIComponent(name)}/`;
  let listed: Map<string, string>;
  beforeAll(async () => {
    for (const [, name] of NAMES) {
      expect((await app.put(`${pathOf(name)}doc`, `in ${name}`)).status).toBe(201);
    }
    listed = listedNames(await (await app.get(folder)).text());
  });

  it("§4.4 §3.1 is an item of its own, beside all others", () => {
    expect([...listed.keys()].sort()).toEqual(NAMES.map(([, name]) => `${name}/`).sort());
  });

  it.each(NAMES)("§4.4 with %s is listed decoded and exact, and can be used", async (_, name) => {
    expect(listed.has(`${name}/`)).toBe(true);
    const path = pathOf(name);
    expect(Object.keys(await app.list(path))).toEqual(["doc"]);
    expect(await (await app.get(`${path}doc`)).text()).toBe(`in ${name}`);
    expect((await app.delete(`${path}doc`)).status).toBe(200);
    expect(await app.list(path)).toEqual({});
  });
});

describe("Similar names are different", () => {
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
    const folder = uniqueFolder();
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

describe("One name in different URL encodings is the same", () => {
  it.each([
    [
      "reserved characters encoded or not",
      "a(b)*!':@,;=+$&",
      "a%28b%29%2A%21%27%3A%40%2C%3B%3D%2B%24%26",
    ],
    ["letters encoded or not", "abc", "%61%62%63"],
    ["hexadecimal digits in lower and upper case", "%c3%a9", "%C3%A9"],
    ["dots encoded or not", "a..b", "a%2e%2Eb"],
  ])("§4.4 %s", async (_, one, other) => {
    const folder = uniqueFolder();
    const put = await app.put(folder + one, "x");
    expect(etagVersion(await app.get(folder + other))).toBe(etagVersion(put));
    expect((await app.put(folder + other, "y")).status).toBe(200);
    expect(Object.keys(await app.list(folder))).toHaveLength(1);
  });

  it("§4.4 a query is not part of the name", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc?a=b`, "x");
    expect(Object.keys(await app.list(folder))).toEqual(["doc"]);
    expect((await app.get(`${folder}doc?c=d`)).status).toBe(200);
  });
});

describe("Invalid paths", () => {
  // A user with a small tree, because the refusals are followed by reading all of it.
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
    ["§5.15", "an invalid encoding", "%zz"],
    ["§5.15", "a lone per cent sign", "%"],
    ["§5.15", "an incomplete encoding at the end", "a%2"],
    ["§5.15", "a lone UTF-8 byte", "%ff"],
    ["§5.15", "an incomplete UTF-8 sequence", "%e2%82"],
    ["§5.15", "an overlong slash", "%c0%af"],
    ["§5.15", "an overlong null character", "%c0%80"],
    ["§5.15", "a surrogate", "%ed%a0%80"],
  ];

  it.each(MALFORMED)(
    "%s §5.15 %s -> 400 for every method, nothing changed",
    async (_, __, name) => {
      const folder = uniqueFolder();
      await app.put(`${folder}doc`, "x");
      await expectAllRefused([folder + name, `${folder}${name}/inside`], 400);
    },
  );

  it("§4.6 '.' and '..' never become names, whether the URL is resolved or refused", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    for (const dots of [".", "..", "%2e", "%2E%2e", ".%2e"]) {
      await app.put(`${folder}sub/${dots}/made`, "y");
      await app.put(`${folder}sub/${dots}`, "y");
    }
    for (const path of Object.keys(await app.tree())) {
      expect(path.split("/").filter((name) => name === "." || name === "..")).toEqual([]);
    }
  });

  it("§4.5 two slashes in a row are in no path, so that a proxy that makes one of them changes nothing", async () => {
    const folder = uniqueFolder();
    const names = ["a", "\\\\", "%2F%2F", "%5C%5C", "\u2215\u2215", ":::", "http:", "..."];
    for (const name of names) {
      const path = `${folder}${encodeURIComponent(name)}/${encodeURIComponent(name)}`;
      const sent = new URL(`${ORIGIN}/storage/${app.user}${path}`).pathname;
      expect(sent.replaceAll(/\/{2,}/g, "/")).toBe(sent);
      expect((await app.put(path, name)).status).toBe(201);
      await expectUnchanged(app, async () => {
        for (const doubled of [path.replaceAll("/", "//"), `/${path}`, `${path}//`]) {
          expect((await app.put(doubled, "y")).status).toBe(400);
        }
      });
      expect(await (await app.get(path)).text()).toBe(name);
    }
    for (const path of Object.keys(await app.tree())) expect(path).not.toContain("//");
  });

  it("§5.6 §4.6 dots do not lead into another account", async () => {
    const other = await createUserWithApp();
    await other.put("/notes/secret", "secret");
    const paths = ["..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e"].flatMap((dots) => [
      `/${dots}/${other.user}/notes/secret`,
      `/a/${dots}/${dots}/${other.user}/notes/secret`,
    ]);
    await expectUnchanged(other, async () => {
      for (const path of paths) {
        const get = await app.get(path);
        expect([400, 403, 404, 421]).toContain(get.status);
        expect(await get.text()).not.toContain("secret");
        expect([400, 403, 404, 421, 201]).toContain((await app.put(path, "stolen")).status);
      }
    });
    expect(await (await other.get("/notes/secret")).text()).toBe("secret");
  });

  it("§5.15 /storage and /storage/<user> without a path -> 400", async () => {
    for (const path of ["/storage", "/storage/", `/storage/${app.user}`]) {
      const headers = { Authorization: `Bearer ${app.token}` };
      const url = new URL(path, storageOrigin(app.user)).href;
      const isOfUser = path.endsWith(app.user) || !hasUserOrigins;
      expect((await send(url, { headers })).status).toBe(isOfUser ? 400 : 421);
    }
  });
});

describe("Long paths", () => {
  it("§4.4 §4.29 a path of 4000 bytes is stored and listed exactly", async () => {
    const folder = uniqueFolder();
    const names = Array.from({ length: 15 }, (_, index) => `${"\u00fc".repeat(130)}${index}`);
    const path = folder + encodePath(names.join("/"));
    expect((await app.put(path, "deep")).status).toBe(201);
    expect(await (await app.get(path)).text()).toBe("deep");
    expect(Object.keys(await app.tree(folder))).toContain(folder + names.join("/"));
  });

  it("§5.12 above 4096 bytes -> 414 for every method, nothing changed", async () => {
    const folder = uniqueFolder();
    const paths = ["x".repeat(4096), "%C3%BC".repeat(2100)].map((name) => folder + name);
    await expectAllRefused(paths, 414);
  });

  it("§5.12 §4.18 64 levels work, 65 -> 414, nothing changed", async () => {
    const other = await createUserWithApp();
    const deep = (levels: number) =>
      `/${Array(levels - 1)
        .fill("d")
        .join("/")}/doc`;
    expect((await other.put(deep(64), "x")).status).toBe(201);
    expect(await (await other.get(deep(64))).text()).toBe("x");
    const put = await expectUnchanged(other, () => other.put(deep(65), "x"));
    expect(put.status).toBe(414);
    await other.delete(deep(64));
    expect(await other.tree()).toEqual({});
  });
});

describe("A document and a folder with the same name", () => {
  it("§4.3 §5.9 a document in place of a folder -> 409, nothing changed", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a/b/c/doc`, "x");
    await expectUnchanged(app, async () => {
      for (const path of ["a", "a/b", "a/b/c"]) {
        for (const headers of [{}, { "If-None-Match": "*" }]) {
          const put = await app.put(folder + path, "y", headers);
          expect([path, put.status]).toEqual([path, 409]);
        }
      }
    });
  });

  it("§4.3 §5.8 a folder in place of a document, at any depth -> 409, nothing changed", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a/doc`, "x");
    await expectUnchanged(app, async () => {
      for (const path of ["a/doc/b", "a/doc/b/c", "a/doc/b/c/d/e"]) {
        const put = await app.put(folder + path, "y");
        expect([path, put.status]).toEqual([path, 409]);
      }
    });
    expect(await (await app.get(`${folder}a/doc`)).text()).toBe("x");
  });

  it("§4.3 §5.8 clash in the root, too", async () => {
    await app.put("/clash", "x");
    expect((await expectUnchanged(app, () => app.put("/clash/doc", "y"))).status).toBe(409);
    await app.delete("/clash");
    expect((await app.put("/clash/doc", "y")).status).toBe(201);
    expect((await expectUnchanged(app, () => app.put("/clash", "x"))).status).toBe(409);
  });

  it("§5.7 GET and DELETE of a folder without its slash -> 404; a document with a slash is an empty folder", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a/doc`, "x");
    expect((await app.get(`${folder}a`)).status).toBe(404);
    expect((await expectUnchanged(app, () => app.delete(`${folder}a`))).status).toBe(404);
    expect(await app.list(`${folder}a/doc/`)).toEqual({});
  });

  it("§5.8 the body of a clash is not stored", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a`, "x");
    const before = await listBodyKeys(app.user);
    await app.put(`${folder}a/b`, "y");
    expect(await listBodyKeys(app.user)).toEqual(before);
  });
});
