/** §5, §9 and RFC 6750: requests without a valid token. */

import { chapter } from "../run/case.js";

const IN_QUERY = "http://tools.ietf.org/html/rfc6750#section-2.3";

/** @typedef {import("../run/context.js").Context} Context */

/** Expects that every method with this Authorization is refused, and changes nothing. */
async function expectRefused(/** @type {Context} */ t, /** @type {string | null} */ authorization) {
  const path = `${t.folder}doc`;
  await t.app.store(path, "secret");
  const about = authorization === null ? "without a token" : "with an invalid token";
  for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
    const answer = await t.app.expectUnchanged(path, () =>
      t.anonymous.request(method, path, {
        headers: {
          "Content-Type": "text/plain",
          ...(authorization === null ? {} : { Authorization: authorization }),
        },
        body: method === "PUT" ? "stolen" : null,
      }),
    );
    t.expect.status(answer, 401, `a ${method} ${about}`);
  }
}

export const tokens = chapter("tokens", [
  {
    id: "none",
    title: "A request without a token is answered with 401, and changes nothing",
    level: "SHOULD",
    requirements: ["§5.4", "§9.10"],
    run: (t) => expectRefused(t, null),
  },
  {
    id: "none-folder",
    title: "A folder is not listed without a token",
    level: "SHOULD",
    requirements: ["§5.4"],
    async run({ app, anonymous, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      expect.status(await anonymous.get(folder), 401, "a GET of a folder without a token");
    },
  },
  {
    id: "invalid",
    title: "A request with an unknown token is answered with 401, and changes nothing",
    level: "SHOULD",
    requirements: ["§5.4"],
    run: (t) => expectRefused(t, "Bearer conformance-no-such-token"),
  },
  {
    id: "forged",
    title: "A request with a token that was changed is answered with 401",
    level: "SHOULD",
    requirements: ["§5.4"],
    async run({ app, anonymous, folder, expect }) {
      await app.store(`${folder}doc`, "secret");
      const token = app.token ?? "";
      for (const changed of [`${token}x`, token.slice(0, -8), `x${token}`]) {
        const get = await anonymous.get(`${folder}doc`, { Authorization: `Bearer ${changed}` });
        expect.status(get, 401, "a GET with a changed token");
      }
    },
  },
  {
    id: "challenge",
    title: "A 401 has WWW-Authenticate: Bearer",
    level: "RFC",
    source: "RFC 6750 §3",
    requirements: ["§5.4"],
    async run({ anonymous, folder, expect }) {
      const get = await anonymous.get(folder);
      const challenge = get.headers.get("www-authenticate") ?? "none";
      expect.that(/^Bearer\b/i.test(challenge), `WWW-Authenticate of a 401 is ${challenge}.`);
    },
  },
  {
    id: "scheme-case",
    title: "The scheme Bearer is recognised in any case",
    level: "RFC",
    source: "RFC 9110 §11.1",
    requirements: ["§9.10"],
    async run({ app, anonymous, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      for (const scheme of ["bearer", "BEARER"]) {
        const get = await anonymous.get(`${folder}doc`, {
          Authorization: `${scheme} ${app.token}`,
        });
        expect.status(get, 200, `a GET with the scheme ${scheme}`);
      }
    },
  },
  {
    id: "any-origin",
    title: "A token works with any Origin and without one, as command lines send none",
    level: "client",
    source: "§9",
    requirements: ["§9.10"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "x");
      expect.status(await app.get(`${folder}doc`), 200, "a GET without Origin");
      for (const Origin of ["https://elsewhere.example", "null"]) {
        expect.status(
          await app.get(`${folder}doc`, { Origin }),
          200,
          `a GET with Origin: ${Origin}`,
        );
      }
    },
  },
  {
    id: "in-query",
    title: "A provider that announces tokens in the query accepts them for GET",
    level: "SHOULD",
    requirements: ["§9.11", "§10.9"],
    needs: ["webfinger"],
    async run({ app, send, folder, target, expect, skip }) {
      if (target.properties[IN_QUERY] !== "true") skip("The provider does not announce it.");
      await app.store(`${folder}doc`, "x");
      const url = app.url(`${folder}doc?access_token=${encodeURIComponent(app.token ?? "")}`);
      expect.status(await send(url), 200, "a GET with the token in the query");
    },
  },
  {
    id: "in-query-unannounced",
    title: "A provider that does not announce tokens in the query does not accept them",
    level: "SHOULD",
    requirements: ["§9.12"],
    since: 4,
    needs: ["webfinger"],
    async run({ app, send, folder, target, expect, skip }) {
      if (target.properties[IN_QUERY] === "true") skip("The provider announces it.");
      await app.store(`${folder}doc`, "x");
      const url = app.url(`${folder}doc?access_token=${encodeURIComponent(app.token ?? "")}`);
      expect.status(await send(url), "4xx", "a GET with the token in the query");
    },
  },
  {
    id: "in-query-of-writes",
    title: "A token in the query of a PUT or DELETE is not accepted",
    level: "robustness",
    source: "§9",
    requirements: ["§9.11"],
    async run({ app, send, folder, expect }) {
      const path = `${folder}doc`;
      await app.store(path, "x");
      const url = app.url(`${path}?access_token=${encodeURIComponent(app.token ?? "")}`);
      const headers = { "Content-Type": "text/plain" };
      const put = await app.expectUnchanged(path, () =>
        send(url, { method: "PUT", headers, body: "y" }),
      );
      expect.status(put, "4xx", "a PUT with the token in the query");
      const deleted = await app.expectUnchanged(path, () => send(url, { method: "DELETE" }));
      expect.status(deleted, "4xx", "a DELETE with the token in the query");
    },
  },
  {
    id: "hard-to-guess",
    title: "Tokens are hard to guess: long, and different for each app",
    level: "SHOULD",
    requirements: ["§8.3", "§8.4"],
    async run({ target, expect }) {
      const all = Object.values(target.tokens);
      expect.equal(new Set(all).size, all.length, "the number of different tokens");
      for (const token of all) {
        expect.that(token.length >= 16, `A token has only ${token.length} characters.`);
      }
    },
  },
]);
