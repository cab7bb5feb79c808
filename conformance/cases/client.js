/** What remotestorage.js needs beyond the draft: each of these stops its sync, or loses data. */

import { chapter } from "../run/case.js";

const source = "remotestorage.js";

export const client = chapter("client", [
  {
    id: "put-then-put",
    title: "The ETag of a PUT, sent back as it came, is accepted as If-Match by the next",
    level: "client",
    source,
    requirements: ["§6.2", "§6.6"],
    async run({ app, folder, expect }) {
      let { etag } = await app.put(`${folder}doc`, "0", { "If-None-Match": "*" });
      for (const body of ["1", "2", "3"]) {
        const put = await app.put(`${folder}doc`, body, { "If-Match": `"${etag.slice(1, -1)}"` });
        expect.status(put, "2xx", "a PUT with the ETag of the one before");
        ({ etag } = put);
      }
    },
  },
  {
    id: "listed-etag-as-condition",
    title: "A listed ETag in quotes is accepted as If-Match and If-None-Match",
    level: "client",
    source,
    requirements: ["§4.15"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      const listed = `"${(await app.list(folder)).doc?.ETag}"`;
      const known = await app.get(`${folder}doc`, { "If-None-Match": listed });
      expect.status(known, 304, "a GET with the listed ETag");
      const put = await app.put(`${folder}doc`, "y", { "If-Match": listed });
      expect.status(put, "2xx", "a PUT with the listed ETag");
    },
  },
  {
    id: "binary-charset",
    title: "charset=binary in the Content-Type of a PUT comes back, so that the client finds bytes",
    level: "client",
    source,
    requirements: ["§4.32"],
    async run({ app, folder, expect }) {
      const type = "image/png; charset=binary";
      const bytes = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254]);
      await app.store(`${folder}doc`, bytes, { "Content-Type": type });
      const get = await app.get(`${folder}doc`);
      expect.header(get, "content-type", type);
      expect.equal(get.bytes, bytes, "the body");
      expect.equal((await app.list(folder)).doc?.["Content-Type"], type, "the listed type");
    },
  },
  {
    id: "etag-characters",
    title: "ETags have no quotes or backslashes inside",
    level: "client",
    source,
    requirements: ["§4.15"],
    async run({ app, folder, expect }) {
      const { etag } = await app.store(`${folder}doc`, "x");
      const own = await app.etag(folder);
      for (const tag of [etag, own]) {
        const inside = tag.slice(1, -1);
        expect.that(!/["\\]/.test(inside), `The ETag ${tag} has a quote or a backslash inside.`);
      }
    },
  },
  {
    id: "empty-folder-is-json",
    title: "A folder that does not exist is answered with JSON or 404, never with an empty page",
    level: "client",
    source,
    requirements: ["§4.16"],
    async run({ app, folder, expect }) {
      const get = await app.get(`${folder}nothing/`);
      expect.status(get, [200, 404], "a GET of an empty folder");
      if (get.ok) expect.that(get.json !== undefined, "An empty folder is no JSON.");
    },
  },
  {
    id: "parallel-requests",
    title: "Ten requests at once are all answered, as in a first sync",
    level: "client",
    source,
    requirements: ["§5.2"],
    async run({ app, folder, expect }) {
      const names = Array.from({ length: 10 }, (_, index) => `doc${index}`);
      const puts = await Promise.all(names.map((name) => app.put(folder + name, name)));
      for (const put of puts) expect.status(put, "2xx", "one of ten PUTs at once");
      const gets = await Promise.all(names.map((name) => app.get(folder + name)));
      for (const [index, get] of gets.entries())
        expect.equal(get.text, names[index], "the content");
    },
  },
  {
    id: "no-store-of-errors",
    title: "An answer 404 may not be kept: a document that is stored afterwards is found",
    level: "client",
    source,
    requirements: ["§5.7"],
    async run({ app, folder, expect }) {
      expect.status(await app.get(`${folder}doc`), 404, "a GET of a missing document");
      await app.store(`${folder}doc`, "x");
      expect.status(await app.get(`${folder}doc`), 200, "a GET of the document");
      expect.equal(Object.keys(await app.list(folder)), ["doc"], "the items");
    },
  },
]);
