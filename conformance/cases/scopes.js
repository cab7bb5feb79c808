/** §9: what each scope allows. */

import { chapter } from "../run/case.js";

/** @typedef {import("../run/context.js").Context} Context */
/** @typedef {import("../run/app.js").App} App */

/**
 * Expects that an app may neither read nor write, and that nothing is stored.
 * @param {Context} t
 * @param {App} app
 * @param {string[]} folders
 * @param {number | number[]} status
 */
async function expectNoAccess({ expect, name }, app, folders, status) {
  for (const folder of folders) {
    expect.status(await app.get(folder), status, "a GET of a folder outside the scope");
    const path = `${folder}conformance-${name}`;
    expect.status(await app.put(path, "x"), status, "a PUT outside the scope");
    expect.status(await app.delete(path), status, "a DELETE outside the scope");
  }
}

/** Expects that an app may read a document and its folder, but not write. */
async function expectReadOnly(
  /** @type {Context} */ { app, expect },
  /** @type {App} */ reader,
  /** @type {string} */ folder,
) {
  await app.store(`${folder}doc`, "x");
  for (const path of [folder, `${folder}doc`]) {
    expect.status(await reader.get(path), 200, "a GET with a token for reading");
    expect.status(await reader.head(path), 200, "a HEAD with a token for reading");
  }
  for (const path of [`${folder}doc`, `${folder}new`]) {
    const put = await app.expectUnchanged(path, () => reader.put(path, "y"));
    expect.status(put, 403, "a PUT with a token for reading");
  }
  const path = `${folder}doc`;
  const deleted = await app.expectUnchanged(path, () => reader.delete(path));
  expect.status(deleted, 403, "a DELETE with a token for reading");
}

/** An app whose token is for the module alone. */
const moduleApp = (/** @type {Context} */ { withToken, target }) =>
  withToken(target.tokens[`${target.module}:rw`]);

export const scopes = chapter("scopes", [
  {
    id: "module-rw",
    title: "<module>:rw allows reading and writing below /<module>/ and /public/<module>/",
    level: "MUST",
    requirements: ["§9.6"],
    needs: ["module"],
    async run(t) {
      const app = moduleApp(t);
      for (const folder of [t.folder, t.publicFolder]) {
        t.expect.status(await app.put(`${folder}doc`, "x"), "2xx", "a PUT within the scope");
        t.expect.status(await app.get(`${folder}doc`), 200, "a GET within the scope");
        t.expect.status(await app.get(folder), 200, "a GET of a folder within the scope");
        t.expect.status(await app.delete(`${folder}doc`), "2xx", "a DELETE within the scope");
      }
    },
  },
  {
    id: "other-modules",
    title: "<module>:rw does not open other modules, not even those whose names begin alike",
    level: "MUST",
    requirements: ["§5.5", "§9.6"],
    since: 6,
    needs: ["module"],
    async run(t) {
      const { module } = t.target;
      const folders = [`/${module}two/`, `/public/${module}two/`, `/${module.slice(0, -1)}/`];
      await expectNoAccess(t, moduleApp(t), folders, 403);
    },
  },
  {
    id: "root",
    title: "<module>:rw opens neither the root nor /public/ itself",
    level: "MUST",
    requirements: ["§5.5", "§9.6"],
    since: 6,
    needs: ["module"],
    run: (t) => expectNoAccess(t, moduleApp(t), ["/", "/public/"], 403),
  },
  {
    id: "name-of-the-module",
    title: "A document with the name of the module is not in the module",
    level: "MUST",
    requirements: ["§9.6"],
    since: 6,
    needs: ["module"],
    async run(t) {
      const get = await moduleApp(t).get(`/${t.target.module}`);
      t.expect.status(get, 403, "a GET of a document beside the module");
    },
  },
  {
    id: "module-r",
    title: "<module>:r allows reading below /<module>/, and no PUT or DELETE",
    level: "MUST",
    requirements: ["§9.7"],
    since: 6,
    needs: ["reader"],
    run: (t) => expectReadOnly(t, t.reader, t.folder),
  },
  {
    id: "module-r-public",
    title: "<module>:r allows reading below /public/<module>/, and no PUT or DELETE",
    level: "MUST",
    requirements: ["§9.7"],
    since: 6,
    needs: ["reader"],
    run: (t) => expectReadOnly(t, t.reader, t.publicFolder),
  },
  {
    id: "everything-r",
    title: "*:r allows reading everything, and no PUT or DELETE",
    level: "MUST",
    requirements: ["§9.5"],
    since: 6,
    needs: ["rootReader"],
    async run(t) {
      const token = t.target.tokens["*:r"];
      if (token === undefined) t.skip("There is no token *:r.");
      const reader = t.withToken(/** @type {string} */ (token));
      for (const path of ["/", "/public/"]) {
        t.expect.status(await reader.get(path), 200, `a GET of ${path}`);
      }
      await expectReadOnly(t, reader, t.folder);
      await expectReadOnly(t, reader, t.publicFolder);
    },
  },
  {
    id: "everything-rw",
    title: "*:rw allows reading and writing everywhere",
    level: "MUST",
    requirements: ["§9.4"],
    needs: ["full"],
    async run({ full, target, name, folder, publicFolder, expect }) {
      const unique = folder.split("/")[2];
      const folders = [folder, publicFolder, `/${target.module}two/${unique}/${name}/`];
      for (const place of folders) {
        const path = `${place}doc`;
        expect.status(await full.put(path, "x"), "2xx", "a PUT with full access");
        expect.status(await full.get(path), 200, "a GET with full access");
        expect.status(await full.delete(path), "2xx", "a DELETE with full access");
      }
      expect.status(await full.get("/"), 200, "a GET of the root with full access");
    },
  },
  {
    id: "root-document",
    title: "*:rw allows a document in the root folder, which works like any other",
    level: "MUST",
    requirements: ["§9.4", "§4.28"],
    needs: ["full"],
    async run({ full, folder, name, expect }) {
      const path = `/${folder.split("/")[2]}-${name}`;
      expect.status(await full.put(path, "x"), "2xx", "a PUT of a document in the root");
      expect.equal((await full.get(path)).text, "x", "the content");
      expect.status(await full.delete(path), "2xx", "a DELETE of a document in the root");
    },
  },
  {
    id: "sum",
    title: "A token with two scopes gives the sum of both, and no more",
    level: "MUST",
    requirements: ["§9.3", "§9.2"],
    since: 6,
    needs: ["combined"],
    async run(t) {
      const { combined, folder, target, name, expect } = t;
      await expectReadOnly(t, combined, folder);
      const path = `/${target.module}two/${folder.split("/")[2]}/${name}/doc`;
      expect.status(await combined.put(path, "x"), "2xx", "a PUT within the other scope");
      expect.status(await combined.delete(path), "2xx", "a DELETE within the other scope");
      expect.status(await combined.get("/"), 403, "a GET outside both scopes");
    },
  },
  {
    id: "other-account",
    title: "A token does not open another account",
    level: "SHOULD",
    requirements: ["§5.6"],
    since: 6,
    needs: ["other"],
    async run({ other, intruder, folder, expect }) {
      const path = `${folder}doc`;
      await other.store(path, "secret");
      for (const target of [folder, path]) {
        const get = await intruder.get(target);
        expect.that(!get.text.includes("secret"), "The token of one account reads another.");
        expect.status(get, [401, 403, 404], "a GET with the token of another account");
      }
      const put = await other.expectUnchanged(path, () => intruder.put(path, "stolen"));
      expect.status(put, [401, 403, 404], "a PUT with the token of another account");
      const deleted = await other.expectUnchanged(path, () => intruder.delete(path));
      expect.status(deleted, [401, 403, 404], "a DELETE with the token of another account");
      await other.remove(path);
    },
  },
  {
    id: "other-account-403",
    title: "A request for data outside the user's storage is answered with 403",
    level: "SHOULD",
    requirements: ["§5.6"],
    since: 6,
    needs: ["other"],
    async run({ intruder, folder, expect }) {
      expect.status(await intruder.get(folder), 403, "a GET with the token of another account");
    },
  },
  {
    id: "other-account-by-dots",
    title: "Dots in a path do not lead into another account",
    level: "MUST",
    requirements: ["§5.6", "§4.6"],
    needs: ["other"],
    async run({ app, other, folder, target, expect }) {
      await other.store(`${folder}doc`, "secret");
      const user = target.other?.storageRoot.split("/").at(-1);
      for (const dots of ["..%2f..%2f", "%2e%2e/", "..%2f"]) {
        for (const path of [
          `/${dots}${user}${folder}doc`,
          `/a/${dots}${dots}${user}${folder}doc`,
        ]) {
          const get = await app.get(path);
          expect.that(!get.text.includes("secret"), `${get.asked} reads another account.`);
        }
      }
      await other.remove(`${folder}doc`);
    },
  },
]);
