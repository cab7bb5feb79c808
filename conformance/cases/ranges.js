/** §4 on Content-Range, and RFC 9110 §14: ranges of documents. */

import { chapter } from "../run/case.js";

const CONTENT = "0123456789";
const PROPERTY = "http://tools.ietf.org/html/rfc7233";

/** @typedef {import("../run/context.js").Context} Context */

/** A document of ten digits, if the provider supports ranges. */
async function digits(/** @type {Context} */ { app, folder, target, skip }) {
  const path = `${folder}digits`;
  const { etag } = await app.store(path, CONTENT);
  const get = await app.get(path, { Range: "bytes=0-1" });
  const isAnnounced =
    get.headers.get("accept-ranges") === "bytes" || target.properties[PROPERTY] === "GET";
  if (get.status !== 206 && !isAnnounced)
    skip("The provider neither supports nor announces ranges.");
  return { path, etag };
}

export const ranges = chapter("ranges", [
  {
    id: "parts",
    title: "A range is answered with 206, its bytes and its Content-Range",
    level: "RFC",
    source: "RFC 9110 §14.2",
    requirements: ["§4.25"],
    async run(t) {
      const { path, etag } = await digits(t);
      for (const [range, part, contentRange] of [
        ["bytes=0-3", "0123", "bytes 0-3/10"],
        ["bytes=2-4", "234", "bytes 2-4/10"],
        ["bytes=9-9", "9", "bytes 9-9/10"],
        ["bytes=7-", "789", "bytes 7-9/10"],
        ["bytes=8-1000", "89", "bytes 8-9/10"],
      ]) {
        const get = await t.app.get(path, { Range: range });
        t.expect.status(get, 206, `a GET with Range: ${range}`);
        t.expect.equal(get.text, part, `the body of ${range}`);
        t.expect.header(get, "content-range", contentRange);
        t.expect.header(get, "etag", etag);
      }
    },
  },
  {
    id: "suffix",
    title: "A suffix range is answered with the last bytes",
    level: "RFC",
    source: "RFC 9110 §14.1.2",
    requirements: ["§4.25"],
    async run(t) {
      const { path } = await digits(t);
      for (const [range, part] of [
        ["bytes=-3", "789"],
        ["bytes=-1000", CONTENT],
      ]) {
        const get = await t.app.get(path, { Range: range });
        t.expect.status(get, 206, `a GET with Range: ${range}`);
        t.expect.equal(get.text, part, `the body of ${range}`);
      }
    },
  },
  {
    id: "not-satisfiable",
    title: "A range beyond the end is answered with 416 and the length",
    level: "SHOULD",
    requirements: ["§5.13"],
    async run(t) {
      const { path } = await digits(t);
      for (const range of ["bytes=10-", "bytes=1000-2000"]) {
        const get = await t.app.get(path, { Range: range });
        t.expect.status(get, 416, `a GET with Range: ${range}`);
        t.expect.header(get, "content-range", "bytes */10");
      }
    },
  },
  {
    id: "ignored",
    title: "A range that is malformed or of another unit is ignored",
    level: "RFC",
    source: "RFC 9110 §14.2",
    requirements: ["§4.25"],
    async run(t) {
      const { path } = await digits(t);
      for (const range of ["lines=0-1", "bytes=a-b", "bytes=5"]) {
        const get = await t.app.get(path, { Range: range });
        t.expect.status(get, 200, `a GET with Range: ${range}`);
        t.expect.equal(get.text, CONTENT, "the content");
      }
    },
  },
  {
    id: "if-range",
    title:
      "If-Range of another version is answered with the whole document, of the current with a part",
    level: "RFC",
    source: "RFC 9110 §13.1.5",
    requirements: ["§4.25"],
    async run(t) {
      const { path, etag } = await digits(t);
      const current = await t.app.get(path, { Range: "bytes=1-2", "If-Range": etag });
      t.expect.status(current, 206, "a GET with If-Range of the current version");
      const other = await t.app.get(path, { Range: "bytes=1-2", "If-Range": '"another"' });
      t.expect.status(other, 200, "a GET with If-Range of another version");
      t.expect.equal(other.text, CONTENT, "the content");
    },
  },
  {
    id: "announced-in-header",
    title: "A provider that serves ranges says so with Accept-Ranges",
    level: "SHOULD",
    requirements: ["§4.27"],
    since: 6,
    async run(t) {
      const { path } = await digits(t);
      t.expect.header(await t.app.get(path), "accept-ranges", "bytes");
    },
  },
  {
    id: "announced-in-webfinger",
    title:
      "A provider that serves ranges announces it in WebFinger, and one that does not does not",
    level: "SHOULD",
    requirements: ["§4.26", "§10.10"],
    since: 4,
    needs: ["webfinger"],
    async run({ app, folder, target, expect }) {
      await app.store(`${folder}doc`, CONTENT);
      const { status } = await app.get(`${folder}doc`, { Range: "bytes=0-1" });
      const announced = target.properties[PROPERTY] ?? null;
      expect.equal(announced, status === 206 ? "GET" : null, `the property ${PROPERTY}`);
    },
  },
  {
    id: "truthful",
    title: "Accept-Ranges: bytes is only sent by a provider that serves ranges",
    level: "RFC",
    source: "RFC 9110 §14.3",
    requirements: ["§4.27"],
    async run({ app, folder, expect, skip }) {
      await app.store(`${folder}doc`, CONTENT);
      const get = await app.get(`${folder}doc`);
      if (get.headers.get("accept-ranges") !== "bytes") skip("The provider announces no ranges.");
      const part = await app.get(`${folder}doc`, { Range: "bytes=0-1" });
      expect.status(part, 206, "a GET of an announced range");
    },
  },
  {
    id: "part-of-a-put",
    title: "A PUT with Content-Range is refused: a part is not taken for the whole",
    level: "RFC",
    source: "RFC 9110 §14.5",
    requirements: ["§5.15"],
    since: 6,
    async run({ app, folder, expect }) {
      const path = `${folder}doc`;
      await app.store(path, CONTENT);
      const put = await app.put(path, "xx", { "Content-Range": "bytes 0-1/10" });
      expect.status(put, "4xx", "a PUT with Content-Range");
      expect.equal((await app.get(path)).text, CONTENT, "the content");
    },
  },
]);
