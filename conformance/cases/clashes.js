/** §4, §5: a document and a folder cannot have the same name; folders are never written. */

import { chapter } from "../run/case.js";

export const clashes = chapter("clashes", [
  {
    id: "document-in-place-of-folder",
    title: "A document with the name of a folder is refused with 409, and nothing is lost",
    level: "SHOULD",
    requirements: ["§5.9", "§4.3"],
    since: 4,
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/b/doc`, "x");
      for (const path of [`${folder}a`, `${folder}a/b`]) {
        expect.status(await app.put(path, "y"), 409, "a PUT with the name of a folder");
      }
      expect.equal((await app.get(`${folder}a/b/doc`)).text, "x", "the content");
    },
  },
  {
    id: "folder-in-place-of-document",
    title: "A document below a document is refused with 409, and nothing is lost",
    level: "SHOULD",
    requirements: ["§5.8", "§4.3"],
    since: 4,
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      for (const path of [`${folder}doc/b`, `${folder}doc/b/c/d`]) {
        expect.status(await app.put(path, "y"), 409, "a PUT below a document");
      }
      expect.equal((await app.get(`${folder}doc`)).text, "x", "the content");
    },
  },
  {
    id: "never-both",
    title: "A document and a folder never have the same name in one folder",
    level: "MUST",
    requirements: ["§4.3"],
    since: 12,
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/doc`, "x");
      await app.put(`${folder}a`, "y");
      await app.store(`${folder}b`, "x");
      await app.put(`${folder}b/doc`, "y");
      const names = Object.keys(await app.list(folder));
      for (const name of ["a", "b"]) {
        const both = names.includes(name) && names.includes(`${name}/`);
        expect.that(!both, `The folder lists both ${name} and ${name}/.`);
      }
    },
  },
  {
    id: "after-deletion",
    title: "After one of them is deleted the other can be stored",
    level: "MUST",
    requirements: ["§4.3"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/b`, "x");
      await app.remove(`${folder}a/b`);
      expect.status(await app.put(`${folder}a`, "y"), "2xx", "a PUT in place of a folder");
      await app.remove(`${folder}a`);
      expect.status(await app.put(`${folder}a/b`, "z"), "2xx", "a PUT in place of a document");
    },
  },
  {
    id: "common-prefix",
    title: "Names with a common beginning do not clash",
    level: "MUST",
    requirements: ["§4.3"],
    async run({ app, folder, expect }) {
      for (const path of ["ab/doc", "a", "a.b/doc", "A/doc"]) {
        expect.status(await app.put(folder + path, "x"), "2xx", `a PUT of ${path}`);
      }
    },
  },
  ...["PUT", "DELETE"].map((method) => ({
    id: `folder-${method.toLowerCase()}`,
    title: `A ${method} of a folder is refused with 4xx, and changes nothing`,
    level: /** @type {const} */ ("SHOULD"),
    requirements: ["§5.16"],
    async run(/** @type {import("../run/context.js").Context} */ { app, folder, expect }) {
      await app.store(`${folder}sub/doc`, "x");
      for (const path of [`${folder}sub/`, `${folder}new/`]) {
        const headers = { "Content-Type": "text/plain" };
        const body = method === "PUT" ? "x" : null;
        const answer = await app.request(method, path, { headers, body });
        expect.status(answer, "4xx", `a ${method} of a folder`);
      }
      expect.equal(Object.keys(await app.list(folder)), ["sub/"], "the items");
      expect.equal((await app.get(`${folder}sub/doc`)).text, "x", "the content");
    },
  })),
  {
    id: "folder-without-slash",
    title: "A folder's URL without its slash is a missing document, for GET and DELETE",
    level: "SHOULD",
    requirements: ["§5.7"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}a/doc`, "x");
      expect.status(await app.get(`${folder}a`), 404, "a GET of a folder without its slash");
      expect.status(await app.delete(`${folder}a`), 404, "a DELETE of a folder without its slash");
      expect.equal((await app.get(`${folder}a/doc`)).text, "x", "the content");
    },
  },
]);
