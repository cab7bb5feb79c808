/** §6 and RFC 9110 §13: conditional requests. */

import { chapter } from "../run/case.js";

const OTHER = '"another-version"';

/** @typedef {import("../run/context.js").Context} Context */

/** A document with the content "current". */
async function stored(/** @type {Context} */ { app, folder }) {
  const path = `${folder}doc`;
  return { path, etag: (await app.store(path, "current")).etag };
}

/** The same with the version that a GET of it has, which is not that of the PUT at every provider. */
async function storedAndRead(/** @type {Context} */ t) {
  const { path } = await stored(t);
  return { path, etag: await t.app.etag(path) };
}

export const preconditions = chapter("preconditions", [
  {
    id: "put-if-match",
    title: "A PUT with If-Match of the current version replaces the document",
    level: "MUST",
    requirements: ["§6.6"],
    async run(t) {
      const { path, etag } = await stored(t);
      const put = await t.app.put(path, "new", { "If-Match": etag });
      t.expect.status(put, "2xx", "a PUT with the current version");
      t.expect.equal((await t.app.get(path)).text, "new", "the content");
    },
  },
  {
    id: "put-if-match-stale",
    title: "A PUT with If-Match of another version is refused with 412, and changes nothing",
    level: "MUST",
    requirements: ["§6.6", "§5.10"],
    async run(t) {
      const { path, etag } = await stored(t);
      await t.app.store(path, "second");
      for (const stale of [etag, OTHER]) {
        const put = await t.app.expectUnchanged(path, () =>
          t.app.put(path, "third", { "If-Match": stale }),
        );
        t.expect.status(put, 412, "a PUT with a stale If-Match");
      }
    },
  },
  {
    id: "put-if-match-missing",
    title: "A PUT with If-Match of a document that does not exist is refused with 412",
    level: "MUST",
    requirements: ["§6.6"],
    async run({ app, folder, expect }) {
      const put = await app.put(`${folder}doc`, "x", { "If-Match": OTHER });
      expect.status(put, 412, "a PUT with If-Match of a missing document");
      expect.status(await app.get(`${folder}doc`), 404, "a GET of the document");
    },
  },
  {
    id: "put-if-match-sent-again",
    title: "A PUT with If-Match that is sent twice is refused the second time",
    level: "MUST",
    requirements: ["§6.6"],
    async run(t) {
      const { path, etag } = await stored(t);
      await t.app.store(path, "new", { "If-Match": etag });
      t.expect.status(await t.app.put(path, "new", { "If-Match": etag }), 412, "the second PUT");
    },
  },
  {
    id: "put-if-match-list",
    title: "If-Match may be a list of versions, or *",
    level: "RFC",
    source: "RFC 9110 §13.1.1",
    requirements: ["§6.6"],
    async run(t) {
      const { path, etag } = await stored(t);
      const list = `${OTHER}, ${etag}`;
      const first = await t.app.put(path, "1", { "If-Match": list });
      t.expect.status(first, "2xx", "a PUT with a list that has the current version");
      t.expect.status(
        await t.app.put(path, "2", { "If-Match": "*" }),
        "2xx",
        "a PUT with If-Match: *",
      );
      const stale = await t.app.put(path, "3", { "If-Match": `${OTHER}, "one"` });
      t.expect.status(stale, 412, "a PUT with a list of other versions");
    },
  },
  {
    id: "put-if-match-any-missing",
    title: "A PUT with If-Match: * of a document that does not exist is refused with 412",
    level: "RFC",
    source: "RFC 9110 §13.1.1",
    requirements: ["§6.6"],
    async run({ app, folder, expect }) {
      const put = await app.put(`${folder}doc`, "x", { "If-Match": "*" });
      expect.status(put, 412, "a PUT with If-Match: * of a missing document");
      expect.status(await app.get(`${folder}doc`), 404, "a GET of the document");
    },
  },
  {
    id: "delete-if-match",
    title: "A DELETE with If-Match of the current version deletes the document",
    level: "MUST",
    requirements: ["§6.7"],
    async run(t) {
      const { path, etag } = await stored(t);
      t.expect.status(await t.app.delete(path, { "If-Match": etag }), "2xx", "a DELETE");
      t.expect.status(await t.app.get(path), 404, "a GET of the deleted document");
    },
  },
  {
    id: "delete-if-match-stale",
    title: "A DELETE with If-Match of another version is refused with 412, and deletes nothing",
    level: "MUST",
    requirements: ["§6.7", "§5.10"],
    async run(t) {
      const { path, etag } = await stored(t);
      await t.app.store(path, "second");
      for (const stale of [etag, OTHER]) {
        const deleted = await t.app.expectUnchanged(path, () =>
          t.app.delete(path, { "If-Match": stale }),
        );
        t.expect.status(deleted, 412, "a DELETE with a stale If-Match");
      }
    },
  },
  {
    id: "put-if-none-match-any",
    title: "A PUT with If-None-Match: * is refused with 412 if the document exists",
    level: "MUST",
    requirements: ["§6.10", "§5.10"],
    async run(t) {
      const { path } = await stored(t);
      const put = await t.app.expectUnchanged(path, () =>
        t.app.put(path, "new", { "If-None-Match": "*" }),
      );
      t.expect.status(put, 412, "a PUT with If-None-Match: * of an existing document");
    },
  },
  {
    id: "put-if-none-match-any-new",
    title: "A PUT with If-None-Match: * stores a document that does not exist, or not any more",
    level: "MUST",
    requirements: ["§6.10"],
    async run({ app, folder, expect }) {
      const create = () => app.put(`${folder}doc`, "x", { "If-None-Match": "*" });
      expect.status(await create(), "2xx", "a PUT with If-None-Match: *");
      await app.remove(`${folder}doc`);
      expect.status(await create(), "2xx", "a PUT with If-None-Match: * after a DELETE");
    },
  },
  {
    id: "put-if-none-match-version",
    title: "A PUT with If-None-Match of the current version is refused, of another it is stored",
    level: "RFC",
    source: "RFC 9110 §13.1.2",
    requirements: ["§5.10", "§5.2"],
    async run(t) {
      const { path, etag } = await stored(t);
      const known = await t.app.put(path, "new", { "If-None-Match": etag });
      t.expect.status(known, 412, "a PUT with If-None-Match of the current version");
      const other = await t.app.put(path, "new", { "If-None-Match": OTHER });
      t.expect.status(other, "2xx", "a PUT with If-None-Match of another version");
    },
  },
  {
    id: "get-if-none-match",
    title: "A GET with If-None-Match of the current version is answered with 304 and no body",
    level: "SHOULD",
    requirements: ["§6.8", "§5.3"],
    since: 3,
    async run(t) {
      const { path, etag } = await storedAndRead(t);
      for (const list of [etag, `${OTHER}, ${etag}`]) {
        const get = await t.app.get(path, { "If-None-Match": list });
        t.expect.status(get, 304, `a GET with If-None-Match: ${list}`);
        t.expect.equal(get.text, "", "the body of a 304");
      }
    },
  },
  {
    id: "get-if-none-match-other",
    title: "A GET with If-None-Match of another version is answered with the document",
    level: "SHOULD",
    requirements: ["§6.8"],
    async run(t) {
      const { path, etag } = await stored(t);
      await t.app.store(path, "new");
      for (const list of [etag, `${OTHER}, "one"`]) {
        const get = await t.app.get(path, { "If-None-Match": list });
        t.expect.status(get, 200, `a GET with If-None-Match: ${list}`);
        t.expect.equal(get.text, "new", "the content");
      }
    },
  },
  {
    id: "folder-if-none-match",
    title:
      "A GET of a folder with If-None-Match of its version is answered with 304, until it changes",
    level: "SHOULD",
    requirements: ["§6.9", "§5.3"],
    since: 3,
    async run({ app, folder, expect, skip }) {
      await app.store(`${folder}a/doc`, "x");
      // Several times: where versions are times of whole seconds, one change may be seen by luck.
      for (const content of ["1", "2", "3", "4"]) {
        const etag = await app.etag(folder);
        if (etag === "") skip("The folder has no ETag.");
        const known = await app.get(folder, { "If-None-Match": etag });
        expect.status(known, 304, "a GET of an unchanged folder");
        expect.equal(known.text, "", "the body of a 304");
        await app.store(`${folder}a/doc`, content);
        const changed = await app.get(folder, { "If-None-Match": etag });
        expect.status(changed, 200, "a GET of a folder after a document below it was changed");
      }
    },
  },
  {
    id: "get-if-none-match-weak",
    title: "If-None-Match is compared weakly: W/ before the version makes no difference",
    level: "RFC",
    source: "RFC 9110 §13.1.2",
    requirements: ["§6.8"],
    async run(t) {
      const { path, etag } = await storedAndRead(t);
      const get = await t.app.get(path, { "If-None-Match": `W/${etag}` });
      t.expect.status(get, 304, `a GET with If-None-Match: W/${etag}`);
    },
  },
  {
    id: "not-modified-etag",
    title: "A 304 has the ETag and the Cache-Control of a 200",
    level: "RFC",
    source: "RFC 9110 §15.4.5",
    requirements: ["§6.8"],
    async run(t) {
      const { path, etag } = await storedAndRead(t);
      const get = await t.app.get(path);
      const known = await t.app.get(path, { "If-None-Match": etag });
      if (known.status !== 304) t.skip("The provider does not answer with 304.");
      for (const name of ["etag", "cache-control"]) {
        t.expect.header(known, name, get.headers.get(name));
      }
    },
  },
  {
    id: "conflict-etag",
    title: "A 412 has the current ETag, so that a client knows what it conflicts with",
    level: "client",
    source: "remotestorage.js",
    requirements: ["§5.10"],
    async run(t) {
      const { path, etag } = await stored(t);
      const put = await t.app.put(path, "new", { "If-Match": OTHER });
      if (put.status !== 412) t.skip("The provider does not answer with 412.");
      t.expect.header(put, "etag", etag);
    },
  },
]);
