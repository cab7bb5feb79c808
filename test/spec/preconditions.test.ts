/** §6 and RFC 9110 §13: conditional requests. */

import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, type TestApp } from "../support/provider";
import { expectUnchanged, headersOf, requestWithEnv, uniqueFolder } from "../support/storage";

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp();
});

const OLD = "Thu, 01 Jan 2015 00:00:00 GMT";
const LATE = "Thu, 01 Jan 2099 00:00:00 GMT";

/** A document and its ETag, quoted. */
async function stored(body = "current"): Promise<{ path: string; etag: string }> {
  const path = `${uniqueFolder()}doc`;
  const etag = (await app.put(path, body)).headers.get("etag") ?? "";
  expect(etag).toMatch(/^".+"$/);
  return { path, etag };
}

const contentOf = async (path: string): Promise<string> => (await app.get(path)).text();

/** Lists with the current version. */
const MATCHING: [string, (etag: string) => string][] = [
  ["the ETag", (etag) => etag],
  ["the ETag, weakened by a proxy", (etag) => `W/${etag}`],
  ["a list with the ETag first", (etag) => `${etag}, "other"`],
  ["a list with the ETag last, without spaces", (etag) => `"one","two",${etag}`],
  ["a list of weak ETags", (etag) => `W/"other", W/${etag}`],
  ["a list with empty elements", (etag) => `, "other", , ${etag},`],
  ["a list with an ETag that has a comma in it", (etag) => `"a,b", ${etag}`],
  ["*", () => "*"],
];

/** Lists without it. */
const NOT_MATCHING: [string, (etag: string) => string][] = [
  ["another ETag", () => '"another"'],
  ["another weak ETag", () => 'W/"another"'],
  ["a list of other ETags", () => '"one", "two", W/"three"'],
  ["the empty ETag", () => '""'],
  ["an ETag that is shorter", (etag) => `${etag.slice(0, -2)}"`],
  ["an ETag that is longer", (etag) => `${etag.slice(0, -1)}x"`],
  ["the ETag in the other letter case", (etag) => swapCase(etag)],
  ["a star in quotes", () => '"*"'],
];

const MALFORMED: [string, string][] = [
  ["only commas", ", ,"],
  ["an open quote", '"abc'],
  ["a quote inside", '"a"b"'],
  ["two ETags without a comma", '"a" "b"'],
  ["a star in a list", '*, "a"'],
  ["a star after a list", '"a", *'],
  ["a weak star", "W/*"],
];

const swapCase = (text: string): string =>
  [...text].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join("");

describe("If-Match", () => {
  it.each(MATCHING)("§6.6 PUT with %s -> 200, document replaced", async (_, list) => {
    const { path, etag } = await stored();
    const put = await app.put(path, "new", { "If-Match": list(etag) });
    expect(put.status).toBe(200);
    expect(await contentOf(path)).toBe("new");
    expect(put.headers.get("etag")).not.toBe(etag);
  });

  it.each(MATCHING)("§6.7 DELETE with %s -> 200, document deleted", async (_, list) => {
    const { path, etag } = await stored();
    const deleted = await app.delete(path, { "If-Match": list(etag) });
    expect([deleted.status, deleted.headers.get("etag")]).toEqual([200, etag]);
    expect((await app.get(path)).status).toBe(404);
  });

  it.each(NOT_MATCHING)(
    "§6.6 §5.10 PUT with %s -> 412 with the current ETag, unchanged",
    async (_, list) => {
      const { path, etag } = await stored();
      const put = await expectUnchanged(app, () =>
        app.put(path, "new", { "If-Match": list(etag) }),
      );
      expect([put.status, put.headers.get("etag")]).toEqual([412, etag]);
      expect(await contentOf(path)).toBe("current");
    },
  );

  it.each(NOT_MATCHING)(
    "§6.7 §5.10 DELETE with %s -> 412 with the current ETag, unchanged",
    async (_, list) => {
      const { path, etag } = await stored();
      const deleted = await expectUnchanged(app, () =>
        app.delete(path, { "If-Match": list(etag) }),
      );
      expect([deleted.status, deleted.headers.get("etag")]).toEqual([412, etag]);
      expect(await contentOf(path)).toBe("current");
    },
  );

  it("§6.6 PUT with the previous version -> 412, unchanged", async () => {
    const { path, etag } = await stored("first");
    await app.put(path, "second", { "If-Match": etag });
    const stale = await expectUnchanged(app, () => app.put(path, "third", { "If-Match": etag }));
    expect([stale.status, stale.headers.get("etag")]).toEqual([412, await app.version(path)]);
    expect(await contentOf(path)).toBe("second");
  });

  it("§6.6 PUT with another document's ETag -> 412, unchanged", async () => {
    const [one, other] = [await stored(), await stored()];
    const put = await expectUnchanged(app, () =>
      app.put(one.path, "x", { "If-Match": other.etag }),
    );
    expect(put.status).toBe(412);
  });

  it("§6.6 PUT with the folder's ETag -> 412, unless the document was the last change in the folder", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    await app.put(`${folder}later`, "x");
    const ofFolder = (await app.version(folder)) ?? "";
    const put = await expectUnchanged(app, () =>
      app.put(`${folder}doc`, "y", { "If-Match": ofFolder }),
    );
    expect(put.status).toBe(412);
  });

  it("§6.6 the chunked body of a refused PUT is not kept", async () => {
    const { path } = await stored();
    const body = new Blob(["new"]).stream();
    const put = await expectUnchanged(app, () => app.put(path, body, { "If-Match": '"stale"' }));
    expect(put.status).toBe(412);
  });
});

describe("If-None-Match", () => {
  it("§6.10 PUT with * of a deleted document -> 201", async () => {
    const { path } = await stored();
    await app.delete(path);
    expect((await app.put(path, "new", { "If-None-Match": "*" })).status).toBe(201);
  });

  it.each(MATCHING)("§5.10 PUT with %s -> 412, unchanged", async (_, list) => {
    const { path, etag } = await stored();
    const put = await expectUnchanged(app, () =>
      app.put(path, "x", { "If-None-Match": list(etag) }),
    );
    expect([put.status, put.headers.get("etag")]).toEqual([412, etag]);
  });

  it.each(NOT_MATCHING)("§5.2 PUT with %s -> 200, replaced", async (_, list) => {
    const { path, etag } = await stored();
    expect((await app.put(path, "new", { "If-None-Match": list(etag) })).status).toBe(200);
    expect(await contentOf(path)).toBe("new");
  });

  it.each(MATCHING)(
    "§6.8 §5.3 GET of a document with %s -> 304 without a body",
    async (_, list) => {
      const { path, etag } = await stored();
      for (const method of ["GET", "HEAD"]) {
        const known = await app.request(method, path, { headers: { "If-None-Match": list(etag) } });
        expect([known.status, known.headers.get("etag"), await known.text()]).toEqual([
          304,
          etag,
          "",
        ]);
      }
    },
  );

  it.each(MATCHING)("§6.9 §5.3 GET of a folder with %s -> 304 without a body", async (_, list) => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    const etag = (await app.version(folder)) ?? "";
    for (const method of ["GET", "HEAD"]) {
      const known = await app.request(method, folder, { headers: { "If-None-Match": list(etag) } });
      expect([known.status, known.headers.get("etag"), await known.text()]).toEqual([
        304,
        etag,
        "",
      ]);
    }
  });

  it.each(NOT_MATCHING)(
    "§6.8 §6.9 GET of a document or folder with %s -> 200, whole",
    async (_, list) => {
      const folder = uniqueFolder();
      const etag = (await app.put(`${folder}doc`, "content")).headers.get("etag") ?? "";
      const headers = { "If-None-Match": list(etag) };
      const get = await app.get(`${folder}doc`, headers);
      expect([get.status, await get.text()]).toEqual([200, "content"]);
      const listing = await app.get(folder, headers);
      expect(listing.status).toBe(200);
      expect(Object.keys(((await listing.json()) as { items: object }).items)).toEqual(["doc"]);
    },
  );

  it("§6.8 a 304 has the headers of a 200 (RFC 9110 §15.4.5)", async () => {
    const { path, etag } = await stored();
    const { "content-length": _l, "content-type": _t, ...full } = headersOf(await app.get(path));
    expect(headersOf(await app.get(path, { "If-None-Match": etag }))).toEqual(full);
  });

  it("§6.8 GET with a replaced version -> 200 with the new one", async () => {
    const { path, etag } = await stored();
    await app.put(path, "new");
    expect((await app.get(path, { "If-None-Match": etag })).status).toBe(200);
  });

  it("§6.8 a list of hundreds of versions is read completely", async () => {
    const { path, etag } = await stored();
    const list = [...Array.from({ length: 200 }, (_, i) => `"version-${i}"`), etag].join(", ");
    expect((await app.get(path, { "If-None-Match": list })).status).toBe(304);
    expect((await app.put(path, "new", { "If-Match": list })).status).toBe(200);
  });
});

describe("Malformed lists", () => {
  it.each(MALFORMED)("§5.15 §4.1 %s -> 400 for every method, unchanged", async (_, list) => {
    const { path } = await stored();
    await expectUnchanged(app, async () => {
      for (const header of ["If-Match", "If-None-Match"]) {
        for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
          const body = method === "PUT" ? { body: "new" } : {};
          const headers = { [header]: list, "Content-Type": "text/plain" };
          const response = await app.request(method, path, { ...body, headers });
          expect([header, method, response.status]).toEqual([header, method, 400]);
        }
      }
    });
    expect(await contentOf(path)).toBe("current");
  });

  it("§5.15 an empty list -> 400, as it must not count as no header", async () => {
    const { path } = await stored();
    await expectUnchanged(app, async () => {
      for (const header of ["If-Match", "If-None-Match"]) {
        for (const method of ["GET", "PUT", "DELETE"]) {
          const init = { headers: { [header]: "" }, ...(method === "PUT" ? { body: "new" } : {}) };
          const response = await requestWithEnv({}, app, method, path, init);
          expect([header, method, response.status]).toEqual([header, method, 400]);
        }
      }
    });
  });

  it("§5.15 §4.1 a very long one -> 400", async () => {
    const { path } = await stored();
    for (const list of [`${'"a" '.repeat(1000)}x"`, `"a"${" ".repeat(12_000)}x"`]) {
      expect((await app.get(path, { "If-None-Match": list })).status).toBe(400);
    }
  });
});

/** The answers in the table below, each with its reason. */
const ANSWERS = {
  replaced: [200, "§5.2 nothing refuses it"],
  created: [201, "§5.2 nothing refuses it"],
  deleted: [200, "§5.2 nothing refuses it"],
  whole: [200, "§5.2 nothing refuses it"],
  known: [304, "§6.8 §6.9 §5.3 the client has this version"],
  // RFC 9110 §13.1.1: "the condition is false if the origin server does not have a current
  // representation for the target resource", also for *.
  "no-match": [412, "§6.6 §6.7 §5.10 If-Match does not match"],
  // RFC 9110 §13.1.2; the draft has it for PUT with *.
  match: [412, "§6.10 §5.10 If-None-Match matches"],
  // RFC 9110 §13.2.1: preconditions are ignored where the response would not be a 2xx without them.
  missing: [404, "§5.7 there is no such document"],
  clash: [409, "§5.9 a condition does not resolve a clash"],
  folder: [400, "§5.16 folders are never written"],
} as const satisfies Record<string, [status: number, reason: string]>;

/**
 * The columns of the table. `current` is the ETag of the document or folder; of a document that is
 * missing, the one it had; where a folder has its name, the folder's.
 */
const CONDITIONS: [string, (current: string) => Record<string, string>][] = [
  ["no condition", () => ({})],
  ["If-Match, the current version", (current) => ({ "If-Match": current })],
  ["If-Match, another version", () => ({ "If-Match": OTHER })],
  ["If-Match: *", () => ({ "If-Match": "*" })],
  ["If-None-Match, the current version", (current) => ({ "If-None-Match": current })],
  ["If-None-Match, another version", () => ({ "If-None-Match": OTHER })],
  ["If-None-Match: *", () => ({ "If-None-Match": "*" })],
  [
    "both, the current version and another",
    (current) => ({ "If-Match": current, "If-None-Match": OTHER }),
  ],
  [
    "both, another version and the current one",
    (current) => ({ "If-Match": OTHER, "If-None-Match": current }),
  ],
  ["both, the current version", (current) => ({ "If-Match": current, "If-None-Match": current })],
];

const OTHER = '"another"';

/** What a request is for. */
type Target =
  | "a document"
  | "a missing document"
  | "a name that a folder has"
  | "a folder"
  | "an empty folder";

/** Per method and target an answer for each condition; a single one is that for all. */
const TABLE: [string, Target, string][] = [
  [
    "PUT",
    "a document",
    "replaced replaced no-match replaced match replaced match replaced no-match match",
  ],
  [
    "PUT",
    "a missing document",
    "created no-match no-match no-match created created created no-match no-match no-match",
  ],
  ["PUT", "a name that a folder has", "clash"],
  ["PUT", "a folder", "folder"],
  ["PUT", "an empty folder", "folder"],
  [
    "DELETE",
    "a document",
    "deleted deleted no-match deleted match deleted match deleted no-match match",
  ],
  [
    "DELETE",
    "a missing document",
    "missing no-match no-match no-match missing missing missing no-match no-match no-match",
  ],
  [
    "DELETE",
    "a name that a folder has",
    "missing no-match no-match no-match missing missing missing no-match no-match no-match",
  ],
  ["DELETE", "a folder", "folder"],
  ["DELETE", "an empty folder", "folder"],
  ...["GET", "HEAD"].flatMap((method): [string, Target, string][] => [
    [method, "a document", "whole whole no-match whole known whole known whole no-match known"],
    [method, "a missing document", "missing"],
    [method, "a name that a folder has", "missing"],
    [method, "a folder", "whole whole no-match whole known whole known whole no-match known"],
    // §4: "GET requests to empty folders SHOULD be responded to with a folder description with no
    // items": there is one, and it has a version.
    [
      method,
      "an empty folder",
      "whole whole no-match whole known whole known whole no-match known",
    ],
  ]),
];

const CELLS = TABLE.flatMap(([method, target, row]) => {
  const answers = row.split(" ") as (keyof typeof ANSWERS)[];
  return CONDITIONS.map(([condition, headers], i) => {
    const answer = answers[answers.length === 1 ? 0 : i] as keyof typeof ANSWERS;
    const [status, reason] = ANSWERS[answer];
    return { method, target, condition, headers, answer, status, reason };
  });
});

type Cell = (typeof CELLS)[number];

const CHANGES = new Set<string>(["replaced", "created", "deleted"]);

const HAVE_VERSION = new Set<Target>(["a document", "a folder", "an empty folder"]);

/** Whether an answer that changes nothing names the current version. */
const namesVersion = ({ answer, status, target }: Cell): boolean =>
  answer === "whole" || answer === "known" || (status === 412 && HAVE_VERSION.has(target));

describe("Every method, target and condition", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createUserWithApp();
  });

  /** The targets in a folder of their own, with the ETags that `CONDITIONS` calls current. */
  async function createTargets(): Promise<Record<Target, { path: string; current: string }>> {
    const folder = uniqueFolder();
    const put = async (name: string): Promise<string> =>
      (await app.put(folder + name, "current")).headers.get("etag") ?? "";
    const missing = await put("missing");
    await app.delete(`${folder}missing`);
    const ofDocument = await put("doc");
    const ofFolder = await put("folder/below");
    return {
      "a document": { path: `${folder}doc`, current: ofDocument },
      "a missing document": { path: `${folder}missing`, current: missing },
      "a name that a folder has": { path: `${folder}folder`, current: ofFolder },
      "a folder": { path: `${folder}folder/`, current: ofFolder },
      "an empty folder": {
        path: `${folder}empty/`,
        current: (await app.version(`${folder}empty/`)) ?? "",
      },
    };
  }
  /** The version of the root, of a folder, and of everything in it, by path. */
  async function versionsIn(folder: string): Promise<Record<string, string | null>> {
    const items = Object.entries(await app.tree(folder)).map(([path, { ETag }]) => [path, ETag]);
    const [root, own] = [await app.version("/"), await app.version(folder)];
    return { ...Object.fromEntries(items), "/": root, [folder]: own };
  }

  const request = ({ method, headers }: Cell, path: string, current: string): Promise<Response> =>
    app.request(method, path, {
      headers: { "Content-Type": "text/plain", ...headers(current) },
      ...(method === "PUT" ? { body: "new" } : {}),
    });

  it.each(CELLS.filter(({ answer }) => CHANGES.has(answer)))(
    "$method of $target, $condition -> $status: $reason",
    async (cell) => {
      const { path, current } = (await createTargets())[cell.target];
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      const before = await versionsIn(folder);
      const response = await request(cell, path, current);
      const etag = response.headers.get("etag");
      expect(response.status).toBe(cell.status);
      const after = await versionsIn(folder);
      const all = new Set([...Object.keys(before), ...Object.keys(after)]);
      const changed = [...all].filter((path) => before[path] !== after[path]);
      expect(changed.sort()).toEqual(["/", folder, path]);
      const stored = await app.get(path);
      if (cell.answer === "deleted") expect([etag, stored.status]).toEqual([current, 404]);
      else expect([stored.headers.get("etag"), await stored.text()]).toEqual([etag, "new"]);
    },
  );

  it.each(TABLE)("%s of %s is otherwise as the table says, and changes nothing", async (...row) => {
    const [method, target] = row;
    const { path, current } = (await createTargets())[target];
    const cells = CELLS.filter((cell) => cell.method === method && cell.target === target);
    await expectUnchanged(app, async () => {
      for (const cell of cells.filter(({ answer }) => !CHANGES.has(answer))) {
        const what = `${cell.condition} -> ${cell.status}: ${cell.reason}`;
        const response = await request(cell, path, current);
        const [etag, body] = [response.headers.get("etag"), await response.text()];
        const version = namesVersion(cell) ? current : null;
        expect([what, response.status, etag]).toEqual([what, cell.status, version]);
        if (cell.answer === "whole") expect([what, body === ""]).toEqual([what, method === "HEAD"]);
        if (cell.answer === "known") expect([what, body]).toEqual([what, ""]);
      }
    });
  });
});

describe("Dates", () => {
  const secondsLater = (date: string | null, seconds: number): string =>
    new Date(Date.parse(date ?? "") + seconds * 1000).toUTCString();

  it("§5.3 GET with If-Modified-Since: 304 if not modified since, else 200", async () => {
    const { path, etag } = await stored();
    const modified = (await app.head(path)).headers.get("last-modified");
    for (const [since, status] of [
      [modified, 304],
      [secondsLater(modified, 1), 304],
      [secondsLater(modified, -1), 200],
      [OLD, 200],
    ] as const) {
      const get = await app.get(path, { "If-Modified-Since": since ?? "" });
      expect([since, get.status, get.headers.get("etag")]).toEqual([since, status, etag]);
    }
  });

  it("§5.3 the same for a GET of a folder", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    expect((await app.get(folder, { "If-Modified-Since": LATE })).status).toBe(304);
    expect((await app.get(folder, { "If-Modified-Since": OLD })).status).toBe(200);
  });

  it.each([
    ["IMF-fixdate", "Thu, 01 Jan 2015 00:00:00 GMT", "Sun, 01 Jan 2090 00:00:00 GMT"],
    ["RFC 850", "Thursday, 01-Jan-15 00:00:00 GMT", "Friday, 01-Jan-49 00:00:00 GMT"],
    ["asctime", "Thu Jan  1 00:00:00 2015", "Sun Jan  1 00:00:00 2090"],
  ])("§4.1 §5.3 all three forms of a date count: %s", async (_, before, after) => {
    const { path } = await stored();
    expect((await app.get(path, { "If-Modified-Since": before })).status).toBe(200);
    expect((await app.get(path, { "If-Modified-Since": after })).status).toBe(304);
    expect((await app.get(path, { "If-Unmodified-Since": before })).status).toBe(412);
    expect((await app.get(path, { "If-Unmodified-Since": after })).status).toBe(200);
  });

  it("§5.3 If-Modified-Since is ignored if there is If-None-Match", async () => {
    const { path, etag } = await stored();
    const other = { "If-None-Match": '"another"', "If-Modified-Since": LATE };
    expect((await app.get(path, other)).status).toBe(200);
    const same = { "If-None-Match": etag, "If-Modified-Since": OLD };
    expect((await app.get(path, same)).status).toBe(304);
  });

  it("§5.1 If-Modified-Since is ignored on PUT and DELETE", async () => {
    const { path } = await stored();
    expect((await app.put(path, "new", { "If-Modified-Since": LATE })).status).toBe(200);
    expect((await app.delete(path, { "If-Modified-Since": LATE })).status).toBe(200);
  });

  it("§5.10 PUT and DELETE with If-Unmodified-Since: 412 if modified since, unchanged", async () => {
    const { path, etag } = await stored();
    await expectUnchanged(app, async () => {
      for (const response of [
        await app.put(path, "new", { "If-Unmodified-Since": OLD }),
        await app.delete(path, { "If-Unmodified-Since": OLD }),
      ]) {
        expect([response.status, response.headers.get("etag")]).toEqual([412, etag]);
      }
    });
    const modified = (await app.head(path)).headers.get("last-modified") ?? "";
    expect((await app.put(path, "new", { "If-Unmodified-Since": modified })).status).toBe(200);
    expect((await app.delete(path, { "If-Unmodified-Since": LATE })).status).toBe(200);
  });

  it("§5.1 GET with If-Unmodified-Since: 412 if modified since", async () => {
    const { path } = await stored();
    expect((await app.get(path, { "If-Unmodified-Since": OLD })).status).toBe(412);
    expect((await app.get(path, { "If-Unmodified-Since": LATE })).status).toBe(200);
  });

  it("§5.1 If-Unmodified-Since is ignored if there is If-Match, and for a new document", async () => {
    const { path, etag } = await stored();
    const both = { "If-Match": etag, "If-Unmodified-Since": OLD };
    expect((await app.put(path, "new", both)).status).toBe(200);
    const created = await app.put(`${uniqueFolder()}doc`, "x", { "If-Unmodified-Since": OLD });
    expect(created.status).toBe(201);
  });

  it.each(["yesterday", "2015", "-1", "1", "2015-01-01", "Thu, 01 Jan 2015 00:00:00 +0000"])(
    "§5.1 an invalid date (%j) is ignored",
    async (date) => {
      const { path } = await stored();
      expect((await app.get(path, { "If-Modified-Since": date })).status).toBe(200);
      expect((await app.get(path, { "If-Unmodified-Since": date })).status).toBe(200);
      expect((await app.put(path, "new", { "If-Unmodified-Since": date })).status).toBe(200);
    },
  );
});

describe("An ETag that is not a version of the provider", () => {
  it("-> 412, however long, and nothing changes", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    await expectUnchanged(app, async () => {
      for (const text of ["x".repeat(9000), "\u00e9", "a b"]) {
        const response = await app.put("/notes/a", "2", { "If-Match": `"${text}"` });
        expect(response.status).toBe(412);
      }
    });
  });
});

it("§6.6 a PUT that is sent again is 412, like one of another client that writes the same", async () => {
  const { path, etag } = await stored("1");
  const increment = () => app.put(path, "2", { "If-Match": etag });
  expect((await increment()).status).toBe(200);
  expect((await expectUnchanged(app, increment)).status).toBe(412);
});
