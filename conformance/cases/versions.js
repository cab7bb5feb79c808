/** §6: the versions of documents and folders, and how long answers may be kept. */

import { chapter } from "../run/case.js";

/** How many changes in a row have to be seen: some providers' versions are times, of whole seconds even. */
const CHANGES = 5;

const NUMBERS = Array.from({ length: CHANGES }, (_, index) => index);

/** @typedef {import("../run/context.js").Context} Context */

/** The ETags of the case's folder and of the folders above it, up to that of the module. */
async function etagsUp(
  /** @type {Context} */ { app, target, expect },
  /** @type {string} */ folder,
) {
  const names = folder.split("/").slice(1, -1);
  const paths = names.map((_, index) => `/${names.slice(0, index + 1).join("/")}/`);
  expect.equal(paths[0], `/${target.module}/`, "the module of the case");
  return Promise.all(paths.map(async (path) => ({ path, etag: await app.etag(path) })));
}

/** Expects that an action, each time, changes the ETags of a folder and of all folders above it. */
async function expectChangesUp(
  /** @type {Context} */ t,
  /** @type {string} */ folder,
  /** @type {(number: number) => Promise<unknown>} */ action,
) {
  let before = await etagsUp(t, folder);
  for (const number of NUMBERS) {
    await action(number);
    const after = await etagsUp(t, folder);
    for (const [index, { path, etag }] of after.entries()) {
      t.expect.that(etag !== "", `The folder ${path} has no ETag.`);
      t.expect.that(etag !== before[index].etag, `The ETag of ${path} did not change: ${etag}.`);
    }
    before = after;
  }
}

/** Stores a document for each change. */
async function storeEach(
  /** @type {Context} */ { app },
  /** @type {(number: number) => string} */ pathOf,
) {
  for (const number of NUMBERS) await app.store(pathOf(number), "x");
}

export const versions = chapter("versions", [
  {
    id: "put-etag",
    title: "A successful PUT has a strong ETag, which the next GET and HEAD have, too",
    level: "MUST",
    requirements: ["§4.37", "§6.2", "§4.34"],
    async run({ app, folder, expect }) {
      for (const number of NUMBERS) {
        const etag = expect.strongEtag(await app.put(`${folder}doc`, `${number}`));
        expect.equal((await app.get(`${folder}doc`)).etag, etag, "the ETag of the next GET");
        expect.equal((await app.head(`${folder}doc`)).etag, etag, "the ETag of the next HEAD");
      }
    },
  },
  {
    id: "get-etag",
    title: "GET and HEAD of a document have a strong ETag",
    level: "MUST",
    requirements: ["§4.23", "§6.1"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      expect.strongEtag(await app.get(`${folder}doc`));
      expect.strongEtag(await app.head(`${folder}doc`));
    },
  },
  {
    id: "folder-etag",
    title: "GET and HEAD of a folder have a strong ETag",
    level: "MUST",
    requirements: ["§6.1"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      const etag = expect.strongEtag(await app.get(folder));
      expect.equal((await app.head(folder)).etag, etag, "the ETag of a HEAD");
    },
  },
  {
    id: "delete-etag",
    title: "A successful DELETE has the ETag of the version that was deleted",
    level: "MUST",
    requirements: ["§6.3"],
    async run({ app, folder, expect }) {
      const put = await app.store(`${folder}doc`, "x");
      expect.equal((await app.remove(`${folder}doc`)).etag, put.etag, "the ETag of the DELETE");
    },
  },
  {
    id: "changes-with-content",
    title: "A document's version changes with its content, and with its content type alone",
    level: "MUST",
    requirements: ["§4.33"],
    async run({ app, folder, expect }) {
      const first = await app.store(`${folder}doc`, "one", { "Content-Type": "text/a" });
      const second = await app.store(`${folder}doc`, "two", { "Content-Type": "text/a" });
      expect.that(first.etag !== second.etag, "The ETag did not change with the content.");
      const third = await app.store(`${folder}doc`, "two", { "Content-Type": "text/b" });
      expect.that(second.etag !== third.etag, "The ETag did not change with the content type.");
    },
  },
  {
    id: "never-comes-back",
    title: "A document's version does not come back when its content does (A, B, A)",
    level: "robustness",
    source: "§6",
    requirements: ["§4.33"],
    async run({ app, folder, expect }) {
      const first = await app.store(`${folder}doc`, "A");
      await app.store(`${folder}doc`, "B");
      const third = await app.store(`${folder}doc`, "A");
      expect.that(first.etag !== third.etag, "The third version has the ETag of the first.");
    },
  },
  {
    id: "independent",
    title: "A document's version does not change with other documents",
    level: "client",
    source: "§6",
    requirements: ["§4.33"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      const before = await app.etag(`${folder}doc`);
      await app.store(`${folder}other`, "y");
      await app.remove(`${folder}other`);
      expect.equal(await app.etag(`${folder}doc`), before, "the ETag");
    },
  },
  {
    id: "up-with-new-document",
    title: "A new document changes the versions of all folders above it",
    level: "MUST",
    requirements: ["§4.33"],
    async run(t) {
      await t.app.store(`${t.folder}a/b/first`, "x");
      await expectChangesUp(t, `${t.folder}a/b/`, (number) =>
        t.app.store(`${t.folder}a/b/next${number}`, "x"),
      );
    },
  },
  {
    id: "up-with-changed-document",
    title: "A changed document changes the versions of all folders above it",
    level: "MUST",
    requirements: ["§4.33"],
    async run(t) {
      await t.app.store(`${t.folder}a/b/doc`, "x");
      await expectChangesUp(t, `${t.folder}a/b/`, (number) =>
        t.app.store(`${t.folder}a/b/doc`, `${number}`),
      );
    },
  },
  {
    id: "up-with-deleted-document",
    title: "A DELETE changes the versions of all folders above, also if siblings remain",
    level: "MUST",
    requirements: ["§4.41", "§4.42"],
    async run(t) {
      const pathOf = (/** @type {number} */ number) => `${t.folder}a/b/doc${number}`;
      await storeEach(t, pathOf);
      await t.app.store(`${t.folder}a/b/sibling`, "x");
      await expectChangesUp(t, `${t.folder}a/b/`, (number) => t.app.remove(pathOf(number)));
    },
  },
  {
    id: "up-when-emptied",
    title: "A DELETE that leaves folders empty changes the versions of those above them",
    level: "MUST",
    requirements: ["§4.41", "§4.42"],
    async run(t) {
      await t.app.store(`${t.folder}stays`, "x");
      const pathOf = (/** @type {number} */ number) => `${t.folder}a${number}/b/doc`;
      await storeEach(t, pathOf);
      await expectChangesUp(t, t.folder, (number) => t.app.remove(pathOf(number)));
    },
  },
  {
    id: "up-to-the-root",
    title: "A change of a document changes the version of the root folder",
    level: "MUST",
    requirements: ["§4.33", "§4.42"],
    needs: ["rootReader"],
    async run({ app, rootReader, folder, expect }) {
      await app.store(`${folder}sibling`, "x");
      let before = await rootReader.etag("/");
      for (const action of [
        () => app.store(`${folder}doc`, "1"),
        () => app.store(`${folder}doc`, "2"),
        () => app.remove(`${folder}doc`),
      ]) {
        const { asked } = await action();
        const after = await rootReader.etag("/");
        expect.that(after !== before, `The ETag of the root did not change with ${asked}.`);
        before = after;
      }
    },
  },
  {
    id: "neighbours-stay",
    title: "Folders beside a changed one keep their versions",
    level: "client",
    source: "§6",
    requirements: ["§4.33"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/doc`, "x");
      await app.store(`${folder}b/doc`, "x");
      const before = await app.etag(`${folder}b/`);
      await app.store(`${folder}a/doc`, "y");
      expect.equal(await app.etag(`${folder}b/`), before, "the ETag of the folder beside");
    },
  },
  {
    id: "reading-changes-nothing",
    title: "Reading changes no version",
    level: "MUST",
    requirements: ["§6.1"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      const [doc, own] = [await app.etag(`${folder}doc`), await app.etag(folder)];
      await app.head(`${folder}doc`);
      await app.get(`${folder}missing`);
      await app.get(`${folder}empty/`);
      expect.equal(await app.etag(`${folder}doc`), doc, "the ETag of the document");
      expect.equal(await app.etag(folder), own, "the ETag of the folder");
    },
  },
  {
    id: "no-cache",
    title: "GET of a document or folder has Cache-Control: no-cache",
    level: "MUST",
    requirements: ["§6.4"],
    since: 6,
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      for (const path of [`${folder}doc`, folder]) {
        expect.headerContains(await app.get(path), "cache-control", ["no-cache"]);
      }
    },
  },
  {
    id: "no-cache-public",
    title: "GET in the public subtree has Cache-Control: no-cache, public",
    level: "MUST",
    requirements: ["§6.5"],
    since: 26,
    async run({ app, publicFolder, expect }) {
      await app.store(`${publicFolder}doc`, "x");
      for (const path of [`${publicFolder}doc`, publicFolder]) {
        expect.headerContains(await app.get(path), "cache-control", ["no-cache", "public"]);
      }
    },
  },
]);
