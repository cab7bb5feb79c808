/** §6 and RFC 9110 §13: conditional requests. */

import { beforeAll, describe, expect, it } from "vitest";
import { createUserWithApp, type TestApp } from "../support/provider";
import {
  etagVersion,
  expectUnchanged,
  headersOf,
  requestWithEnv,
  uniqueFolder,
} from "../support/storage";

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

  it.each([["*"], ['"some"']])(
    "§6.6 PUT of a missing document with %s -> 412 without an ETag, nothing stored",
    async (list) => {
      const path = `${uniqueFolder()}doc`;
      const put = await expectUnchanged(app, () => app.put(path, "new", { "If-Match": list }));
      expect([put.status, put.headers.get("etag")]).toEqual([412, null]);
    },
  );

  it("§6.6 PUT with a deleted version -> 412, nothing stored", async () => {
    const { path, etag } = await stored();
    await app.delete(path);
    const put = await expectUnchanged(app, () => app.put(path, "new", { "If-Match": etag }));
    expect(put.status).toBe(412);
  });

  it.each([["*"], ['"some"']])("§6.6 DELETE of a missing document with %s -> 412", async (list) => {
    const path = `${uniqueFolder()}doc`;
    const deleted = await expectUnchanged(app, () => app.delete(path, { "If-Match": list }));
    expect(deleted.status).toBe(412);
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

  it("§5.1 GET with the current ETag -> 200, with another -> 412", async () => {
    const { path, etag } = await stored();
    expect((await app.get(path, { "If-Match": etag })).status).toBe(200);
    expect((await app.get(path, { "If-Match": "*" })).status).toBe(200);
    const get = await app.get(path, { "If-Match": '"another"' });
    expect([get.status, get.headers.get("etag")]).toEqual([412, etag]);
  });

  it("§5.1 the same for a GET of a folder", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    const etag = (await app.version(folder)) ?? "";
    expect((await app.get(folder, { "If-Match": etag })).status).toBe(200);
    const get = await app.get(folder, { "If-Match": '"another"' });
    expect([get.status, get.headers.get("etag")]).toEqual([412, etag]);
  });
});

describe("If-None-Match", () => {
  it("§6.10 PUT with * of a new document -> 201", async () => {
    const path = `${uniqueFolder()}doc`;
    expect((await app.put(path, "new", { "If-None-Match": "*" })).status).toBe(201);
    expect(await contentOf(path)).toBe("new");
  });

  it("§6.10 §5.10 PUT with * of an existing document -> 412 with its ETag, unchanged", async () => {
    const { path, etag } = await stored();
    const put = await expectUnchanged(app, () => app.put(path, "new", { "If-None-Match": "*" }));
    expect([put.status, put.headers.get("etag")]).toEqual([412, etag]);
    expect(await contentOf(path)).toBe("current");
  });

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

  it("§5.2 PUT of a new document with any list -> 201", async () => {
    const path = `${uniqueFolder()}doc`;
    expect((await app.put(path, "x", { "If-None-Match": '"a", "b"' })).status).toBe(201);
  });

  it("§5.10 DELETE with the current ETag or * -> 412, with another -> 200", async () => {
    const { path, etag } = await stored();
    for (const list of [etag, "*"]) {
      const deleted = await expectUnchanged(app, () => app.delete(path, { "If-None-Match": list }));
      expect([deleted.status, deleted.headers.get("etag")]).toEqual([412, etag]);
    }
    expect((await app.delete(path, { "If-None-Match": '"another"' })).status).toBe(200);
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

  it("§5.7 GET of a missing document -> 404 with any list", async () => {
    const path = `${uniqueFolder()}doc`;
    expect((await app.get(path, { "If-None-Match": "*" })).status).toBe(404);
    expect((await app.get(path, { "If-None-Match": '"a"' })).status).toBe(404);
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
    for (const header of ["If-Match", "If-None-Match"]) {
      for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
        const body = method === "PUT" ? { body: "new" } : {};
        const headers = { [header]: list, "Content-Type": "text/plain" };
        const response = await expectUnchanged(app, () =>
          app.request(method, path, { ...body, headers }),
        );
        expect([header, method, response.status]).toEqual([header, method, 400]);
      }
    }
    expect(await contentOf(path)).toBe("current");
  });

  it("§5.15 an empty list -> 400, as it must not count as no header", async () => {
    const { path } = await stored();
    for (const header of ["If-Match", "If-None-Match"]) {
      for (const method of ["GET", "PUT", "DELETE"]) {
        const init = { headers: { [header]: "" }, ...(method === "PUT" ? { body: "new" } : {}) };
        const response = await expectUnchanged(app, () =>
          requestWithEnv({}, app, method, path, init),
        );
        expect([header, method, response.status]).toEqual([header, method, 400]);
      }
    }
  });

  it("§5.15 §4.1 a very long one -> 400", async () => {
    const { path } = await stored();
    for (const list of [`${'"a" '.repeat(1000)}x"`, `"a"${" ".repeat(12_000)}x"`]) {
      expect((await app.get(path, { "If-None-Match": list })).status).toBe(400);
    }
  });
});

describe("If-Match and If-None-Match together", () => {
  it("§5.1 §6.6 a PUT needs both to hold", async () => {
    const { path, etag } = await stored();
    const put = await expectUnchanged(app, () =>
      app.put(path, "new", { "If-Match": etag, "If-None-Match": etag }),
    );
    expect(put.status).toBe(412);
  });

  it("§5.1 a GET checks If-Match before If-None-Match", async () => {
    const { path, etag } = await stored();
    const get = await app.get(path, { "If-Match": '"another"', "If-None-Match": etag });
    expect(get.status).toBe(412);
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
    for (const act of [
      () => app.put(path, "new", { "If-Unmodified-Since": OLD }),
      () => app.delete(path, { "If-Unmodified-Since": OLD }),
    ]) {
      const response = await expectUnchanged(app, act);
      expect([response.status, response.headers.get("etag")]).toEqual([412, etag]);
    }
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

describe("A precondition and another refusal", () => {
  it("§5.9 a clash comes before a failed precondition, as changing the precondition would not help", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}a/doc`, "x");
    const put = await expectUnchanged(app, () => app.put(`${folder}a`, "y", { "If-Match": "*" }));
    expect(put.status).toBe(409);
  });

  it("§5.16 a write to a folder is refused with any precondition", async () => {
    const folder = uniqueFolder();
    await app.put(`${folder}doc`, "x");
    const etag = (await app.version(folder)) ?? "";
    const deleted = await expectUnchanged(app, () => app.delete(folder, { "If-Match": etag }));
    expect([deleted.status, etagVersion(deleted)]).toEqual([400, undefined]);
  });
});

describe("An ETag that is not a version of the provider", () => {
  it("-> 412, however long, and nothing changes", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    for (const text of ["x".repeat(9000), "\u00e9", "a b"]) {
      const response = await expectUnchanged(app, () =>
        app.put("/notes/a", "2", { "If-Match": `"${text}"` }),
      );
      expect(response.status).toBe(412);
    }
  });
});
