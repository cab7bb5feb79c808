/** §5, RFC 9110: methods, and requests that are malformed in other ways. */

import { chapter } from "../run/case.js";

export const methods = chapter("methods", [
  {
    id: "unknown",
    title: "POST, PATCH and PROPFIND are refused with 4xx or 501, and change nothing",
    level: "RFC",
    source: "RFC 9110 §15.5.6",
    requirements: ["§5.1"],
    async run({ app, folder, expect }) {
      const path = `${folder}doc`;
      await app.store(path, "x");
      for (const method of ["POST", "PATCH", "PROPFIND"]) {
        const headers = { "Content-Type": "text/plain" };
        const body = method === "PROPFIND" ? null : "changed";
        const answer = await app.expectUnchanged(path, () =>
          app.request(method, path, { headers, body }),
        );
        expect.status(answer, [400, 401, 403, 404, 405, 415, 501], `a ${method}`);
      }
    },
  },
  {
    id: "malformed-conditions",
    title: "A malformed If-Match is no wildcard: the document stays as it is",
    level: "robustness",
    source: "RFC 9110 §13.1.1",
    requirements: ["§6.6"],
    async run({ app, folder, expect }) {
      const path = `${folder}doc`;
      await app.store(path, "x");
      for (const condition of ['"open', "W/*"]) {
        const put = await app.expectUnchanged(path, () =>
          app.put(path, "y", { "If-Match": condition }),
        );
        expect.status(put, "4xx", `a PUT with If-Match: ${condition}`);
      }
    },
  },
  {
    id: "no-500",
    title: "Odd headers are no reason for a server error",
    level: "robustness",
    source: "§5",
    requirements: ["§5.17"],
    async run({ app, folder, expect }) {
      const path = `${folder}doc`;
      await app.store(path, "x");
      /** @type {Record<string, string>[]} */
      const oddities = [
        { "If-None-Match": `${'"a" '.repeat(50)}` },
        { Range: `bytes=${"9".repeat(40)}-` },
        { "If-Modified-Since": "yesterday" },
        { Accept: "*/*;q=abc", "Accept-Language": "x".repeat(200) },
      ];
      for (const headers of oddities) {
        const { status, asked } = await app.get(path, headers);
        const shown = JSON.stringify(headers);
        expect.that(status < 500, `${asked} with ${shown} was answered with ${status}.`);
      }
    },
  },
  {
    id: "markup-is-not-rendered",
    title: "A path in an error is not answered as HTML that runs",
    level: "robustness",
    source: "§14",
    requirements: ["§14.2"],
    async run({ app, folder, expect }) {
      const get = await app.get(`${folder}%3Cscript%3Ealert(1)`);
      const type = get.headers.get("content-type") ?? "";
      const isRendered = /html/i.test(type) && get.text.includes("<script>alert(1)");
      expect.that(!isRendered, "The answer contains the path as markup.");
    },
  },
]);
