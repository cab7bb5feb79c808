/** §9: what can be read without a token. */

import { chapter } from "../run/case.js";

export const publicAccess = chapter("public", [
  {
    id: "get",
    title: "A document below /public/ can be read without a token",
    level: "MUST",
    requirements: ["§9.8", "§9.9", "§10.8"],
    async run({ app, anonymous, publicFolder, expect }) {
      const path = `${publicFolder}doc`;
      await app.store(path, "open", { "Content-Type": "text/x-open" });
      const etag = await app.etag(path);
      const get = await anonymous.get(path);
      expect.status(get, 200, "a GET of a public document without a token");
      expect.equal(get.text, "open", "the content");
      expect.header(get, "content-type", "text/x-open");
      expect.equal(get.etag, etag, "the ETag");
    },
  },
  {
    id: "head",
    title: "HEAD of a public document needs no token",
    level: "MUST",
    requirements: ["§9.8"],
    since: 6,
    async run({ app, anonymous, publicFolder, expect }) {
      await app.store(`${publicFolder}doc`, "open");
      const head = await anonymous.head(`${publicFolder}doc`);
      expect.status(head, 200, "a HEAD of a public document without a token");
    },
  },
  {
    id: "with-invalid-token",
    title: "A public document can be read with an invalid token, too",
    level: "MUST",
    requirements: ["§9.8", "§10.8"],
    async run({ app, anonymous, publicFolder, expect }) {
      await app.store(`${publicFolder}doc`, "open");
      const get = await anonymous.get(`${publicFolder}doc`, { Authorization: "Bearer expired" });
      expect.status(get, 200, "a GET of a public document with an invalid token");
    },
  },
  {
    id: "conditional",
    title: "If-None-Match works for public documents without a token",
    level: "SHOULD",
    requirements: ["§6.8"],
    async run({ app, anonymous, publicFolder, expect }) {
      await app.store(`${publicFolder}doc`, "open");
      const etag = await app.etag(`${publicFolder}doc`);
      const get = await anonymous.get(`${publicFolder}doc`, { "If-None-Match": etag });
      expect.status(get, 304, "a GET of a known public document");
    },
  },
  {
    id: "no-listing",
    title: "A folder below /public/ is not listed without a token",
    level: "MUST",
    requirements: ["§9.8", "§5.4"],
    async run({ app, anonymous, publicFolder, expect }) {
      await app.store(`${publicFolder}doc`, "open");
      const get = await anonymous.get(publicFolder);
      expect.that(!get.text.includes('"doc"'), "A public folder is listed without a token.");
      expect.status(get, 401, "a GET of a public folder without a token");
    },
  },
  {
    id: "no-writing",
    title: "A public document cannot be changed or deleted without a token",
    level: "MUST",
    requirements: ["§9.8", "§5.4"],
    async run({ app, anonymous, publicFolder, expect }) {
      const path = `${publicFolder}doc`;
      await app.store(path, "open");
      const put = await app.expectUnchanged(path, () => anonymous.put(path, "changed"));
      expect.status(put, 401, "a PUT of a public document without a token");
      const deleted = await app.expectUnchanged(path, () => anonymous.delete(path));
      expect.status(deleted, 401, "a DELETE of a public document without a token");
    },
  },
  {
    id: "missing",
    title: "A public document that does not exist is answered with 404",
    level: "SHOULD",
    requirements: ["§5.7"],
    async run({ anonymous, publicFolder, expect }) {
      const get = await anonymous.get(`${publicFolder}missing`);
      expect.status(get, 404, "a GET of a missing public document");
    },
  },
  {
    id: "only-at-the-root",
    title: "A folder called public inside a module is not public",
    level: "MUST",
    requirements: ["§9.8", "§5.4"],
    async run({ app, anonymous, folder, expect }) {
      await app.store(`${folder}public/doc`, "secret");
      const get = await anonymous.get(`${folder}public/doc`);
      expect.status(get, 401, "a GET of a document in a folder called public");
    },
  },
  {
    id: "reveals-nothing",
    title: "Without a token it makes no difference whether a private document exists",
    level: "robustness",
    source: "§14",
    requirements: ["§5.4"],
    async run({ app, anonymous, folder, expect }) {
      await app.store(`${folder}doc`, "secret");
      const [existing, missing] = [
        await anonymous.get(`${folder}doc`),
        await anonymous.get(`${folder}missing`),
      ];
      expect.equal(missing.status, existing.status, "the status of a missing private document");
      expect.equal(missing.text, existing.text, "the body of that answer");
    },
  },
  {
    id: "sandboxed",
    title:
      "What an app stores cannot act in the origin of the dialog: another origin, or a sandbox",
    level: "SHOULD",
    requirements: ["§14.2"],
    async run({ app, anonymous, publicFolder, target, expect, skip }) {
      const dialog = target.properties["http://tools.ietf.org/html/rfc6749#section-4.2"];
      if (!dialog) skip("The provider announces no dialog.");
      const html = "<!doctype html><title>x</title>";
      await app.store(`${publicFolder}page`, html, { "Content-Type": "text/html" });
      const get = await anonymous.get(`${publicFolder}page`);
      const isOtherOrigin = new URL(String(dialog)).origin !== new URL(target.storageRoot).origin;
      const policy = get.headers.get("content-security-policy") ?? "";
      const isSandboxed = policy.split(/\s*;\s*/).some((directive) => /^sandbox\b/.test(directive));
      expect.that(
        isOtherOrigin || isSandboxed,
        "The dialog has the origin of the storage, which serves stored HTML without a sandbox.",
      );
    },
  },
]);
