/** §4: deleting documents, and the folders that are left empty. */

import { chapter } from "../run/case.js";

export const deletion = chapter("deletion", [
  {
    id: "deletes",
    title: "A deleted document is gone, also from its folder; its siblings stay",
    level: "MUST",
    requirements: ["§4.38", "§4.39"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      await app.store(`${folder}sibling`, "y");
      expect.status(await app.delete(`${folder}doc`), "2xx", "a DELETE");
      expect.status(await app.get(`${folder}doc`), 404, "a GET of the deleted document");
      expect.equal(Object.keys(await app.list(folder)), ["sibling"], "the items of the folder");
      expect.equal((await app.get(`${folder}sibling`)).text, "y", "the content of the sibling");
    },
  },
  {
    id: "status",
    title: "A DELETE is answered with 200 or 204",
    level: "SHOULD",
    requirements: ["§5.2"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      expect.status(await app.delete(`${folder}doc`), [200, 204], "a DELETE");
    },
  },
  {
    id: "removes-empty-folders",
    title: "Folders left empty are not listed any more, up to the first that is not empty",
    level: "MUST",
    requirements: ["§4.40", "§4.19"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/b/c/doc`, "x");
      await app.store(`${folder}stays`, "y");
      await app.remove(`${folder}a/b/c/doc`);
      expect.equal(Object.keys(await app.list(folder)), ["stays"], "the items of the folder");
      expect.equal(await app.list(`${folder}a/`), {}, "the items of a/");
    },
  },
  {
    id: "keeps-other-branches",
    title: "A folder with documents in another branch stays",
    level: "MUST",
    requirements: ["§4.40"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/one/doc`, "1");
      await app.store(`${folder}a/two/doc`, "2");
      await app.remove(`${folder}a/one/doc`);
      expect.equal(Object.keys(await app.list(`${folder}a/`)), ["two/"], "the items of a/");
      expect.equal((await app.get(`${folder}a/two/doc`)).text, "2", "the content of the other");
    },
  },
  {
    id: "missing",
    title: "A DELETE of a document that does not exist is answered with 404",
    level: "SHOULD",
    requirements: ["§5.7"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      expect.status(await app.delete(`${folder}other`), 404, "a DELETE of a missing document");
      await app.remove(`${folder}doc`);
      expect.status(await app.delete(`${folder}doc`), 404, "a second DELETE");
    },
  },
]);
