/** §8, §10 and RFC 7033: how an app finds the storage. */

import { chapter } from "../run/case.js";
import { draftNumber } from "../run/drafts.js";

const REL = "http://tools.ietf.org/id/draft-dejong-remotestorage";
const VERSION = "http://remotestorage.io/spec/version";
const IMPLICIT = "http://tools.ietf.org/html/rfc6749#section-4.2";
const AUTHORIZATION = "http://tools.ietf.org/html/rfc6749#section-3.1";
const TOKEN = "http://tools.ietf.org/html/rfc6749#section-3.2";
const PKCE = "http://tools.ietf.org/html/rfc7636";

/** @typedef {import("../run/context.js").Context} Context */
/** @typedef {import("../run/answer.js").Answer} Answer */

/** The answer to the WebFinger query by which the provider was found. */
const recordOf = (/** @type {Context} */ { target }) => /** @type {Answer} */ (target.record);

/** The URL of that query, before any redirect. */
const urlOf = (/** @type {Context} */ { target }) => String(target.recordUrl);

/** All remoteStorage links of the record. */
const linksOf = (/** @type {Context} */ t) =>
  /** @type {any[]} */ (recordOf(t).json?.links ?? []).filter(({ rel }) => rel === REL);

function isUrl(/** @type {unknown} */ value) {
  try {
    return typeof value === "string" && /^https?:$/.test(new URL(value).protocol);
  } catch {
    return false;
  }
}

export const discovery = chapter("discovery", [
  {
    id: "media-type",
    title: "WebFinger is answered with application/jrd+json",
    level: "RFC",
    source: "RFC 7033 §4.2",
    requirements: ["§10.1"],
    needs: ["webfinger"],
    async run(t) {
      const type = recordOf(t).headers.get("content-type") ?? "none";
      t.expect.that(
        /^application\/jrd\+json\s*(;|$)/i.test(type),
        `The Content-Type of WebFinger is not application/jrd+json, but ${type}.`,
      );
    },
  },
  {
    id: "cors",
    title: "WebFinger can be read by scripts of any origin",
    level: "RFC",
    source: "RFC 7033 §5",
    requirements: ["§10.1"],
    needs: ["webfinger"],
    async run(t) {
      const answer = await t.send(recordOf(t).request.url, {
        headers: { Origin: "https://app.example" },
      });
      const allowed = answer.headers.get("access-control-allow-origin");
      const isAllowed = allowed === "*" || allowed === "https://app.example";
      t.expect.that(isAllowed, `Access-Control-Allow-Origin of WebFinger is ${allowed ?? "none"}.`);
    },
  },
  {
    id: "direct",
    title: "WebFinger is answered directly: a browser's script cannot follow redirects",
    level: "client",
    source: "remotestorage.js",
    requirements: ["§10.1"],
    needs: ["webfinger"],
    async run(t) {
      t.expect.status(await t.send(urlOf(t)), 200, "a WebFinger query");
    },
  },
  {
    id: "one-link",
    title: "The record has exactly one link with the relation of the draft",
    level: "SHOULD",
    requirements: ["§10.1", "§10.2"],
    since: 5,
    needs: ["webfinger"],
    async run(t) {
      t.expect.equal(linksOf(t).length, 1, "the number of remoteStorage links");
    },
  },
  {
    id: "subject",
    title: "The subject of the record is the account",
    level: "RFC",
    source: "RFC 7033 §4.4.1",
    needs: ["webfinger"],
    async run(t) {
      const subject = recordOf(t).json?.subject;
      if (subject === undefined) t.skip("The record has no subject.");
      t.expect.equal(
        String(subject).toLowerCase(),
        `acct:${t.target.address}`.toLowerCase(),
        "the subject",
      );
    },
  },
  {
    id: "version",
    title: "The link names the draft, as draft-dejong-remotestorage-NN",
    level: "MUST",
    requirements: ["§8.5", "§10.2"],
    needs: ["webfinger"],
    async run({ target, expect }) {
      const version = target.properties[VERSION];
      expect.that(
        draftNumber(version) !== null,
        `The property ${VERSION} is ${version ?? "missing"}.`,
      );
    },
  },
  {
    id: "storage-root",
    title: "The storage root is a URL without a slash at its end",
    level: "MUST",
    requirements: ["§8.2"],
    needs: ["webfinger"],
    async run(t) {
      const href = linksOf(t)[0]?.href ?? t.target.storageRoot;
      t.expect.that(isUrl(href), `The storage root is no URL: ${href}.`);
      t.expect.that(!href.endsWith("/"), `The storage root ends with a slash: ${href}.`);
    },
  },
  {
    id: "https",
    title: "The storage and the dialog are served over https",
    level: "SHOULD",
    source: "§14",
    needs: ["webfinger"],
    async run({ target, expect, skip }) {
      const { hostname } = new URL(target.storageRoot);
      if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
        skip("It is a local provider.");
      for (const url of [target.storageRoot, target.properties[IMPLICIT]]) {
        if (url) expect.that(url.startsWith("https://"), `${url} is not served over https.`);
      }
    },
  },
  {
    id: "auth-dialog",
    title: "The link names the dialog of the implicit grant, or null",
    level: "SHOULD",
    requirements: ["§10.5", "§10.2"],
    needs: ["webfinger"],
    async run({ target, expect }) {
      const dialog = target.properties[IMPLICIT];
      expect.that(
        dialog === null || isUrl(dialog),
        `The property ${IMPLICIT} is neither a URL nor null: ${dialog ?? "missing"}.`,
      );
    },
  },
  {
    id: "string-properties",
    title: "Properties are strings or null",
    level: "RFC",
    source: "RFC 7033 §4.4.4.5",
    requirements: ["§10.2"],
    since: 4,
    needs: ["webfinger"],
    async run({ target, expect }) {
      for (const [name, value] of Object.entries(target.properties)) {
        const isValid = value === null || typeof value === "string";
        expect.that(isValid, `The property ${name} is ${JSON.stringify(value)}.`);
      }
    },
  },
  {
    id: "unencoded",
    title: "The account is found as remotestorage.js asks: with @ and : as they are",
    level: "client",
    source: "remotestorage.js",
    requirements: ["§10.3"],
    needs: ["webfinger"],
    async run(t) {
      const url = new URL("/.well-known/webfinger", urlOf(t));
      const answer = await t.send(`${url}?resource=acct:${t.target.address}`);
      t.expect.status(answer, 200, "a WebFinger query");
      t.expect.equal(answer.json?.links, recordOf(t).json?.links, "the links");
    },
  },
  {
    id: "encoded",
    title: "The account is also found if the resource is percent-encoded",
    level: "RFC",
    source: "RFC 7033 §4.1",
    requirements: ["§10.3"],
    needs: ["webfinger"],
    async run(t) {
      const url = new URL("/.well-known/webfinger", urlOf(t));
      const answer = await t.send(
        `${url}?resource=${encodeURIComponent(`acct:${t.target.address}`)}`,
      );
      t.expect.status(answer, 200, "a WebFinger query with an encoded resource");
      t.expect.equal(answer.json?.links, recordOf(t).json?.links, "the links");
    },
  },
  {
    id: "no-resource",
    title: "A WebFinger query without a resource is answered with 400",
    level: "RFC",
    source: "RFC 7033 §4.2",
    needs: ["webfinger"],
    async run(t) {
      const url = new URL("/.well-known/webfinger", urlOf(t));
      t.expect.status(await t.send(`${url}`), 400, "a WebFinger query without a resource");
    },
  },
  {
    id: "code-flow-properties",
    title: "A provider with the code flow announces both endpoints and S256",
    level: "MUST",
    requirements: ["§10.1-2", "§10.1-3", "§10.1-4", "§10.1-5", "§10.1-6"],
    since: 26,
    needs: ["webfinger"],
    async run({ target: { properties }, expect, skip }) {
      const present = [AUTHORIZATION, TOKEN, PKCE].filter((name) => properties[name] != null);
      if (present.length === 0) skip("The provider does not announce the code flow.");
      expect.equal(present.length, 3, "the number of properties of the code flow");
      expect.that(isUrl(properties[AUTHORIZATION]), "The authorization endpoint is no URL.");
      expect.that(isUrl(properties[TOKEN]), "The token endpoint is no URL.");
      const methods = String(properties[PKCE]).split(/[\s,]+/);
      expect.that(methods.includes("S256"), `S256 is not announced: ${properties[PKCE]}.`);
    },
  },
]);
