/** §4: folder descriptions. */

import { chapter } from "../run/case.js";

const CONTEXT = "http://remotestorage.io/spec/folder-description";

const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** A folder with a document "abc" and a folder "def/". */
async function fill(/** @type {import("../run/context.js").Context} */ { app, folder }) {
  await app.store(`${folder}abc`, "héllo", { "Content-Type": "image/jpeg; a=b" });
  await app.store(`${folder}def/ghi`, "x");
}

export const folders = chapter("folders", [
  {
    id: "media-type",
    title: "A folder is described as application/ld+json",
    level: "MUST",
    requirements: ["§4.11"],
    since: 3,
    async run(t) {
      await fill(t);
      const get = await t.app.get(t.folder);
      t.expect.status(get, 200, "a GET of a folder");
      const type = get.headers.get("content-type") ?? "none";
      t.expect.that(
        /^application\/ld\+json\s*(;|$)/i.test(type),
        `The Content-Type of a folder is not application/ld+json, but ${type}.`,
      );
      t.expect.that(get.json !== undefined, "The description of a folder is no JSON.");
    },
  },
  {
    id: "context",
    title: "A folder description has the @context of the draft",
    level: "MUST",
    requirements: ["§4.14"],
    since: 3,
    async run(t) {
      await fill(t);
      t.expect.equal((await t.app.get(t.folder)).json?.["@context"], CONTEXT, "the @context");
    },
  },
  {
    id: "items",
    title: "A folder description lists documents by their names, and folders with a slash",
    level: "MUST",
    requirements: ["§4.12", "§4.13", "§3.1"],
    async run(t) {
      await fill(t);
      await t.app.store(`${t.folder}def/deep/doc`, "x");
      const items = Object.keys((await t.app.get(t.folder)).json?.items ?? {});
      t.expect.equal(items.sort(), ["abc", "def/"], "the items");
      const below = Object.keys((await t.app.get(`${t.folder}def/`)).json?.items ?? {});
      t.expect.equal(below.sort(), ["deep/", "ghi"], "the items of the folder below");
    },
  },
  {
    id: "document-fields",
    title: "A document is described by ETag, Content-Type and Content-Length in bytes",
    level: "MUST",
    requirements: ["§4.7", "§4.9", "§3.2"],
    async run(t) {
      await fill(t);
      const { abc = {} } = await t.app.list(t.folder);
      t.expect.equal(typeof abc.ETag, "string", "the type of ETag");
      t.expect.equal(abc["Content-Type"], "image/jpeg; a=b", "Content-Type");
      t.expect.equal(abc["Content-Length"], 6, "Content-Length");
    },
  },
  {
    id: "document-date",
    title: "A document's description has a Last-Modified, which is an HTTP-date",
    level: "MUST",
    requirements: ["§4.7", "§4.8"],
    since: 11,
    async run(t) {
      await fill(t);
      const value = (await t.app.list(t.folder)).abc?.["Last-Modified"];
      t.expect.that(HTTP_DATE.test(value), `Last-Modified is no HTTP-date: ${value}.`);
      const isNear = Math.abs(Date.parse(value) - Date.now()) < 86_400_000;
      t.expect.that(isNear, `Last-Modified is not the time of the last change: ${value}.`);
    },
  },
  {
    id: "folder-fields",
    title: "A folder is described by its ETag, which is a string",
    level: "MUST",
    requirements: ["§4.10"],
    since: 3,
    async run(t) {
      await fill(t);
      const { "def/": folder = {} } = await t.app.list(t.folder);
      t.expect.equal(typeof folder.ETag, "string", "the type of the folder's ETag");
    },
  },
  {
    id: "etags-of-documents",
    title: "A listed document's ETag is that of its header, without the quotes",
    level: "MUST",
    requirements: ["§4.15"],
    async run(t) {
      await fill(t);
      const { abc } = await t.app.list(t.folder);
      t.expect.equal(
        `"${abc?.ETag}"`,
        await t.app.etag(`${t.folder}abc`),
        "the listed ETag in quotes",
      );
    },
  },
  {
    id: "etags-of-folders",
    title: "A listed folder's ETag is that of its header, without the quotes",
    level: "MUST",
    requirements: ["§4.15"],
    async run(t) {
      await fill(t);
      const items = await t.app.list(t.folder);
      const etag = await t.app.etag(`${t.folder}def/`);
      t.expect.equal(`"${items["def/"]?.ETag}"`, etag, "the listed ETag in quotes");
    },
  },
  {
    id: "latest",
    title: "A folder lists the latest version, type and length of a changed document",
    level: "SHOULD",
    requirements: ["§3.2"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      const put = await app.store(`${folder}doc`, "longer", { "Content-Type": "text/other" });
      const { doc } = await app.list(folder);
      expect.equal(`"${doc?.ETag}"`, put.etag, "the listed ETag in quotes");
      expect.equal(doc?.["Content-Type"], "text/other", "Content-Type");
      expect.equal(doc?.["Content-Length"], 6, "Content-Length");
    },
  },
  {
    id: "empty",
    title: "An empty folder is described with no items",
    level: "SHOULD",
    requirements: ["§4.16"],
    since: 3,
    async run({ app, folder, expect }) {
      const get = await app.get(`${folder}never/was/`);
      expect.status(get, 200, "a GET of an empty folder");
      expect.equal(get.json?.items, {}, "the items of an empty folder");
    },
  },
  {
    id: "empty-etag",
    title: "An empty folder has an ETag, so that clients need not fetch it again",
    level: "client",
    requirements: ["§6.1"],
    since: 3,
    async run({ app, folder, expect, skip }) {
      const get = await app.get(`${folder}never/was/`);
      if (get.status === 404) skip("The provider answers empty folders with 404.");
      expect.strongEtag(get);
    },
  },
  {
    id: "empty-not-listed",
    title: "An empty folder is not listed in its parent, not even after it was read",
    level: "MUST",
    requirements: ["§4.17"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}stays`, "x");
      await app.get(`${folder}asked/`);
      await app.store(`${folder}sub/deep/doc`, "x");
      await app.remove(`${folder}sub/deep/doc`);
      expect.equal(Object.keys(await app.list(folder)), ["stays"], "the items");
    },
  },
  {
    id: "head",
    title: "HEAD of a folder has the headers of GET, and no body",
    level: "SHOULD",
    requirements: ["§4.43"],
    async run(t) {
      await fill(t);
      const [get, head] = [await t.app.get(t.folder), await t.app.head(t.folder)];
      t.expect.status(head, 200, "a HEAD of a folder");
      t.expect.equal(head.bytes.length, 0, "the length of the body of a HEAD");
      for (const name of ["etag", "content-type", "cache-control"]) {
        t.expect.equal(
          head.headers.get(name),
          get.headers.get(name),
          `the header ${name} of a HEAD`,
        );
      }
    },
  },
  {
    id: "hundred-documents",
    title: "A folder of a hundred documents is listed completely",
    level: "robustness",
    source: "robustness",
    async run({ app, folder, expect }) {
      const names = Array.from({ length: 100 }, (_, index) => `doc${index}`);
      for (let start = 0; start < names.length; start += 5) {
        const group = names.slice(start, start + 5);
        await Promise.all(group.map((name) => app.store(folder + name, name)));
      }
      expect.equal(Object.keys(await app.list(folder)).sort(), [...names].sort(), "the items");
    },
  },
  {
    id: "root",
    title: "The root folder can be read, and lists the folder of the module with its ETag",
    level: "MUST",
    requirements: ["§4.13", "§4.18"],
    needs: ["rootReader"],
    async run({ app, rootReader, folder, target, expect }) {
      await app.store(`${folder}doc`, "x");
      const items = await rootReader.list("/");
      const listed = items[`${target.module}/`]?.ETag;
      expect.equal(
        `"${listed}"`,
        await app.etag(`/${target.module}/`),
        "the listed ETag in quotes",
      );
    },
  },
]);
