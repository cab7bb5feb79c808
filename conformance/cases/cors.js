/** §7: apps on other origins can read every answer. */

import { chapter } from "../run/case.js";

const ORIGIN = "https://app.example";

/** @typedef {import("../run/context.js").Context} Context */
/** @typedef {import("../run/answer.js").Answer} Answer */

/** What a script of another origin can read. */
function expectReadable(/** @type {Context} */ { expect }, /** @type {Answer} */ answer) {
  const allowed = answer.headers.get("access-control-allow-origin");
  const isAllowed = allowed === "*" || allowed === ORIGIN;
  expect.that(
    isAllowed,
    `${answer.asked} (${answer.status}) has no usable Access-Control-Allow-Origin: ${allowed ?? "none"}.`,
  );
}

/** Expects names in a header in which "*" stands for all of them. */
function expectListed(
  /** @type {Context} */ { expect },
  /** @type {Answer} */ answer,
  /** @type {string} */ header,
  /** @type {string[]} */ names,
) {
  if (answer.headers.get(header)?.trim() !== "*") expect.headerContains(answer, header, names);
}

/** The answer to a preflight request. @type {(t: Context, path: string, method: string) => Promise<Answer>} */
const preflight = ({ anonymous }, path, method) =>
  anonymous.request("OPTIONS", path, {
    headers: {
      Origin: ORIGIN,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": "authorization,content-type,if-match,if-none-match",
    },
  });

/** Requests whose answers an app must be able to read, each with its expected kind. */
/** @type {Record<string, (t: Context) => Promise<Answer>>} */
const REFUSALS = {
  401: ({ anonymous, folder }) => anonymous.get(folder, { Origin: ORIGIN }),
  404: ({ app, folder }) => app.get(`${folder}missing`, { Origin: ORIGIN }),
  412: async ({ app, folder }) => {
    await app.store(`${folder}doc`, "x");
    return app.put(`${folder}doc`, "y", { "If-None-Match": "*", Origin: ORIGIN });
  },
  304: async ({ app, folder }) => {
    const { etag } = await app.store(`${folder}doc`, "x");
    return app.get(`${folder}doc`, { "If-None-Match": etag, Origin: ORIGIN });
  },
  "a malformed path": ({ app, folder }) => app.get(`${folder}%00`, { Origin: ORIGIN }),
};

export const cors = chapter("cors", [
  {
    id: "success",
    title: "Successful answers can be read by apps of any origin",
    level: "MUST",
    requirements: ["§7.1"],
    async run(t) {
      const path = `${t.folder}doc`;
      expectReadable(t, await t.app.put(path, "x", { Origin: ORIGIN }));
      expectReadable(t, await t.app.get(path, { Origin: ORIGIN }));
      expectReadable(t, await t.app.head(path, { Origin: ORIGIN }));
      expectReadable(t, await t.app.get(t.folder, { Origin: ORIGIN }));
      expectReadable(t, await t.app.delete(path, { Origin: ORIGIN }));
    },
  },
  ...Object.entries(REFUSALS).map(([what, ask]) => ({
    id: `on-${what.replaceAll(" ", "-").replace("a-", "")}`,
    title: `An answer to ${/^\d/.test(what) ? `a request that gets ${what}` : what} can be read by apps of any origin`,
    level: /** @type {const} */ ("MUST"),
    requirements: ["§7.1"],
    run: async (/** @type {Context} */ t) => expectReadable(t, await ask(t)),
  })),
  {
    id: "on-403",
    title: "An answer to a request that gets 403 can be read by apps of any origin",
    level: "MUST",
    requirements: ["§7.1"],
    needs: ["module"],
    async run(t) {
      const app = t.withToken(t.target.tokens[`${t.target.module}:rw`]);
      expectReadable(t, await app.get(`/${t.target.module}two/`, { Origin: ORIGIN }));
    },
  },
  ...["GET", "PUT", "DELETE"].map((method) => ({
    id: `preflight-${method.toLowerCase()}`,
    title: `A preflight request for ${method} is answered without a token`,
    level: /** @type {const} */ ("MUST"),
    requirements: ["§7.2", "§9.9", "§4.44"],
    async run(/** @type {Context} */ t) {
      for (const path of [`${t.folder}doc`, t.folder]) {
        const answer = await preflight(t, path, method);
        t.expect.status(answer, "2xx", `a preflight request for ${method}`);
        expectReadable(t, answer);
        expectListed(t, answer, "access-control-allow-methods", [method]);
      }
    },
  })),
  {
    id: "preflight-headers",
    title: "A preflight request allows the headers that apps send, Authorization by its name",
    level: "MUST",
    requirements: ["§7.2"],
    async run(t) {
      const answer = await preflight(t, `${t.folder}doc`, "PUT");
      t.expect.headerContains(answer, "access-control-allow-headers", [
        "authorization",
        "content-type",
        "if-match",
        "if-none-match",
      ]);
    },
  },
  {
    id: "exposes-etag",
    title: "Scripts can read the ETag: Access-Control-Expose-Headers names it",
    level: "client",
    source: "remotestorage.js",
    requirements: ["§7.1"],
    async run(t) {
      const path = `${t.folder}doc`;
      for (const answer of [
        await t.app.put(path, "x", { Origin: ORIGIN }),
        await t.app.get(path, { Origin: ORIGIN }),
        await t.app.get(t.folder, { Origin: ORIGIN }),
      ]) {
        expectListed(t, answer, "access-control-expose-headers", ["etag"]);
      }
    },
  },
  {
    id: "vary",
    title: "An answer that names the origin varies by it",
    level: "RFC",
    source: "Fetch §3.3.5",
    requirements: ["§7.1"],
    async run(t) {
      await t.app.store(`${t.folder}doc`, "x");
      const get = await t.app.get(`${t.folder}doc`, { Origin: ORIGIN });
      if (get.headers.get("access-control-allow-origin") !== ORIGIN) t.skip("It does not name it.");
      t.expect.headerContains(get, "vary", ["origin"]);
    },
  },
  {
    id: "no-credentials",
    title: "Any origin is allowed only without cookies",
    level: "robustness",
    source: "Fetch §3.3.5",
    async run(t) {
      await t.app.store(`${t.folder}doc`, "x");
      const get = await t.app.get(`${t.folder}doc`, { Origin: ORIGIN });
      t.expect.header(get, "access-control-allow-credentials", null);
    },
  },
]);
