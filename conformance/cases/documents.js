/** §4: storing and reading documents. */

import { chapter } from "../run/case.js";

/** Every byte, and bytes that are no UTF-8. */
const ALL_BYTES = Uint8Array.from({ length: 512 }, (_, index) => (index * 7) % 256);

const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

export const documents = chapter("documents", [
  {
    id: "put-stores-bytes",
    title: "The body of a PUT is stored as the content, byte for byte",
    level: "MUST",
    requirements: ["§4.28", "§4.20", "§3.3"],
    async run({ app, folder, expect }) {
      expect.status(await app.put(`${folder}bytes`, ALL_BYTES), "2xx", "a PUT");
      const get = await app.get(`${folder}bytes`);
      expect.status(get, 200);
      expect.equal(get.bytes, ALL_BYTES, "the body");
    },
  },
  {
    id: "put-replaces",
    title: "The new content replaces the old one completely, even if it is shorter",
    level: "MUST",
    requirements: ["§4.28"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "a long text that was there before");
      expect.status(await app.put(`${folder}doc`, "short"), "2xx", "a PUT of an existing document");
      expect.equal((await app.get(`${folder}doc`)).text, "short", "the content");
    },
  },
  {
    id: "put-empty",
    title: "An empty body makes an empty document",
    level: "MUST",
    requirements: ["§4.28"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}empty`, "filled");
      expect.status(await app.put(`${folder}empty`, ""), "2xx", "a PUT with an empty body");
      const get = await app.get(`${folder}empty`);
      expect.status(get, 200);
      expect.equal(get.text, "", "the content");
    },
  },
  {
    id: "put-chunked",
    title: "A PUT in chunked transfer coding is stored",
    level: "MUST",
    requirements: ["§4.2"],
    since: 3,
    async run({ app, folder, expect }) {
      const put = await app.request("PUT", `${folder}chunked`, {
        body: "first half, second half",
        isStreamed: true,
        headers: { "Content-Type": "text/plain" },
      });
      expect.status(put, "2xx", "a PUT in chunked transfer coding");
      const get = await app.get(`${folder}chunked`);
      expect.equal(get.text, "first half, second half", "the content");
    },
  },
  {
    id: "put-large",
    title: "A document of several megabytes is stored and read completely",
    level: "robustness",
    source: "robustness",
    needs: ["large"],
    async run({ app, folder, expect, skip }) {
      const bytes = new Uint8Array(5_000_000).map((_, index) => (index * 31 + (index >> 8)) & 255);
      const put = await app.put(`${folder}large`, bytes, { "Content-Type": "image/x" });
      if (put.status === 413) skip("The provider takes no documents of 5 MB (413).");
      if (put.status === 507) skip("The account has no room for 5 MB (507).");
      expect.status(put, "2xx", "a PUT of 5 MB");
      expect.equal((await app.get(`${folder}large`)).bytes, bytes, "the body");
    },
  },
  {
    id: "put-status",
    title: "A new document is answered with 201 or 200, a changed one with 200 or 204",
    level: "SHOULD",
    requirements: ["§5.2"],
    async run({ app, folder, expect }) {
      expect.status(await app.put(`${folder}doc`, "1"), [200, 201], "a PUT of a new document");
      expect.status(await app.put(`${folder}doc`, "2"), [200, 204], "a PUT of an existing one");
    },
  },
  {
    id: "put-again-after-delete",
    title: "A document that was deleted can be stored again",
    level: "MUST",
    requirements: ["§4.28"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "1");
      await app.remove(`${folder}doc`);
      expect.status(await app.put(`${folder}doc`, "2"), "2xx", "a PUT after a DELETE");
      expect.equal((await app.get(`${folder}doc`)).text, "2", "the content");
    },
  },
  {
    id: "put-makes-folders",
    title: "A PUT makes all folders above non-empty, each listed in its parent",
    level: "MUST",
    requirements: ["§4.29", "§4.30", "§4.31", "§4.18"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/b/c/doc`, "x");
      expect.equal(Object.keys(await app.list(folder)), ["a/"], "the items of the folder");
      expect.equal(Object.keys(await app.list(`${folder}a/`)), ["b/"], "the items of a/");
      expect.equal(Object.keys(await app.list(`${folder}a/b/`)), ["c/"], "the items of a/b/");
      expect.equal(Object.keys(await app.list(`${folder}a/b/c/`)), ["doc"], "the items of a/b/c/");
    },
  },
  {
    id: "get-content-type",
    title: "The Content-Type is returned as it was sent, with its parameters",
    level: "MUST",
    requirements: ["§4.32", "§4.21", "§4.36"],
    async run({ app, folder, expect }) {
      for (const [index, type] of [
        "text/plain; charset=utf-8",
        "application/json; charset=UTF-8",
        "image/jpeg; charset=binary",
        "application/vnd.x-test.v1+json; a=b",
        "text/html",
      ].entries()) {
        await app.store(`${folder}type${index}`, "hello", { "Content-Type": type });
        expect.header(await app.get(`${folder}type${index}`), "content-type", type);
      }
    },
  },
  {
    id: "put-replaces-type",
    title: "The Content-Type of a later PUT replaces the earlier one",
    level: "MUST",
    requirements: ["§4.32"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x", { "Content-Type": "text/a; p=q" });
      await app.store(`${folder}doc`, "x", { "Content-Type": "text/b" });
      expect.header(await app.get(`${folder}doc`), "content-type", "text/b");
    },
  },
  {
    id: "put-without-type",
    title: "A PUT without a Content-Type is stored, or refused with 4xx and stores nothing",
    level: "MUST",
    requirements: ["§4.35"],
    since: 5,
    async run({ app, folder, expect }) {
      const put = await app.request("PUT", `${folder}doc`, { body: "x" });
      const get = await app.get(`${folder}doc`);
      if (put.ok) return expect.equal(get.text, "x", "the content");
      expect.status(put, "4xx", "a PUT without a Content-Type");
      expect.status(get, 404, "a GET of the document that was refused");
    },
  },
  {
    id: "get-length",
    title: "Content-Length counts bytes, not characters",
    level: "SHOULD",
    requirements: ["§4.22"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "ä€😀");
      expect.header(await app.get(`${folder}doc`), "content-length", "9");
    },
  },
  {
    id: "get-last-modified",
    title: "Last-Modified of a document is an HTTP-date, the same as in its folder",
    level: "MUST",
    requirements: ["§4.8"],
    since: 11,
    async run({ app, folder, expect, skip }) {
      await app.store(`${folder}doc`, "x");
      const { doc } = await app.list(folder);
      const value = (await app.get(`${folder}doc`)).headers.get("last-modified");
      if (value === null) skip("The provider sends no Last-Modified with documents.");
      expect.that(HTTP_DATE.test(String(value)), `Last-Modified is no HTTP-date: ${value}.`);
      expect.equal(doc?.["Last-Modified"], value, "the date in the folder");
    },
  },
  {
    id: "head",
    title: "HEAD has the status and headers of GET, and no body",
    level: "SHOULD",
    requirements: ["§4.43"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "hello", { "Content-Type": "text/x-head" });
      const [get, head] = [await app.get(`${folder}doc`), await app.head(`${folder}doc`)];
      expect.status(head, 200, "a HEAD of a document");
      expect.equal(head.bytes.length, 0, "the length of the body of a HEAD");
      for (const name of ["etag", "content-type", "cache-control", "last-modified"]) {
        expect.equal(head.headers.get(name), get.headers.get(name), `the header ${name} of a HEAD`);
      }
    },
  },
  {
    id: "head-length",
    title: "HEAD has the Content-Length that GET would have",
    level: "SHOULD",
    requirements: ["§4.43", "§4.22"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "hello");
      expect.header(await app.head(`${folder}doc`), "content-length", "5");
    },
  },
  {
    id: "get-uncompressed",
    title: "The bytes and the ETag are the same, whatever encoding or type is asked for",
    level: "MUST",
    requirements: ["§4.24"],
    since: 3,
    async run({ app, folder, expect }) {
      const text = "compress me ".repeat(500);
      await app.store(`${folder}doc`, text);
      const plain = await app.get(`${folder}doc`, { "Accept-Encoding": "identity" });
      /** @type {Record<string, string>[]} */
      const wishes = [
        { "Accept-Encoding": "gzip, br, zstd" },
        { "Accept-Encoding": "gzip" },
        { Accept: "application/json", "Accept-Language": "de" },
      ];
      for (const headers of wishes) {
        const get = await app.get(`${folder}doc`, headers);
        expect.status(get, 200);
        expect.header(get, "content-encoding", null);
        expect.equal(get.etag, plain.etag, "the ETag");
        expect.equal(get.text, text, "the content");
      }
    },
  },
  {
    id: "get-missing",
    title: "GET and HEAD of a document that does not exist are answered with 404",
    level: "SHOULD",
    requirements: ["§5.7"],
    async run({ app, folder, expect }) {
      expect.status(await app.get(`${folder}nothing`), 404, "a GET of a missing document");
      expect.status(await app.head(`${folder}nothing`), 404, "a HEAD of a missing document");
    },
  },
]);
