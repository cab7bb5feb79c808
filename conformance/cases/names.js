/** §4: which names are valid, and that they are returned exactly. */

import { chapter } from "../run/case.js";

/** @typedef {import("../run/context.js").Context} Context */

/** Names with characters that servers trip over, by what is special about them. @type {Record<string, string>} */
const NAMES = {
  spaces: " a name with spaces ",
  brackets: "a (b) [c] {d} <e>",
  "a plus": "a+b",
  "colon, at and exclamation mark": "a:b@c!d",
  quotes: `it's "quoted" \`so\``,
  "a per cent sign": "100%",
  "text that looks percent-encoded": "a%20b%2Fc",
  "hash and question mark": "a#b?c=d&e=f",
  "semicolon, comma, equals, dollar": "a;b,c=d$e",
  "a star": "*",
  "tilde, caret, bar": "~a^b|c",
  "a backslash": "a\\b",
  "a leading dot": ".hidden",
  "three dots": "...",
  "a suffix that servers use themselves": "doc.meta",
  umlauts: "äöüß",
  "Chinese and Hebrew": "文件 קובץ",
  "an emoji of several code points": "👩\u200d💻\ufe0f",
  "control characters": "a\u0001\n\tb\u007f",
  "the word __proto__": "__proto__",
  "the word constructor": "constructor",
  "a number": "42",
};

/** @type {(context: Context, name: string, isFolder: boolean) => Promise<void>} */
async function roundTrip({ app, folder, expect }, name, isFolder) {
  const below = isFolder ? "/doc" : "";
  const path = `${folder}${encodeURIComponent(name)}${below}`;
  const shown = JSON.stringify(name);
  expect.status(await app.put(path, name), "2xx", `a PUT of the name ${shown}`);
  expect.equal((await app.get(path)).text, name, `the content of ${shown}`);
  const listed = Object.keys(await app.list(folder));
  expect.equal(listed, [isFolder ? `${name}/` : name], "the items");
  expect.status(await app.delete(path), "2xx", `a DELETE of the name ${shown}`);
  if (!isFolder) {
    expect.equal(await app.list(folder), {}, `the items after the DELETE of ${shown}`);
  }
}

const roundTrips = Object.entries(NAMES).map(([what, name]) => ({
  id: `with-${what.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`,
  title: `A document and a folder can have a name with ${what}, and are listed exactly so`,
  level: /** @type {const} */ ("MUST"),
  requirements: ["§4.4"],
  async run(/** @type {Context} */ t) {
    await roundTrip(t, name, false);
    await roundTrip(t, name, true);
  },
}));

/** Paths that name no item. */
const MALFORMED = [
  { id: "null-character", what: "a null character", paths: ["%00", "a%00b"], requirement: "§4.4" },
  { id: "encoded-slash", what: "an encoded slash", paths: ["a%2Fb"], requirement: "§4.4" },
  {
    id: "invalid-encoding",
    what: "an invalid encoding",
    paths: ["%zz", "a%2", "%ff"],
    requirement: "§5.15",
  },
];

export const names = chapter("names", [
  ...roundTrips,
  {
    id: "composed-and-decomposed",
    title: "Names that differ only in Unicode normalization are two names",
    level: "robustness",
    source: "§4",
    async run({ app, folder, expect }) {
      const [composed, decomposed] = ["caf\u00e9", "cafe\u0301"];
      await app.store(folder + encodeURIComponent(composed), "one");
      const other = await app.get(folder + encodeURIComponent(decomposed));
      expect.status(other, 404, "a GET of the other normalization");
      expect.equal(Object.keys(await app.list(folder)), [composed], "the items");
    },
  },
  {
    id: "case-sensitive",
    title: "Names that differ in upper and lower case are two names",
    level: "MUST",
    requirements: ["§4.4"],
    async run({ app, folder, expect }) {
      await app.store(`${folder}doc`, "lower");
      await app.store(`${folder}Doc`, "upper");
      expect.equal((await app.get(`${folder}doc`)).text, "lower", "the content of doc");
      expect.equal((await app.get(`${folder}Doc`)).text, "upper", "the content of Doc");
    },
  },
  {
    id: "encodings-are-equal",
    title: "One name in different URL encodings is the same document",
    level: "RFC",
    source: "RFC 3986 §6.2.2",
    requirements: ["§4.4"],
    async run({ app, folder, expect }) {
      for (const [one, other] of [
        ["abc", "%61%62%63"],
        ["%c3%a9", "%C3%A9"],
        ["a(b)*!", "a%28b%29%2A%21"],
      ]) {
        const put = await app.store(folder + one, one);
        const get = await app.get(folder + other);
        expect.status(get, 200, `a GET of ${other}, which was stored as ${one}`);
        expect.equal(get.etag, put.etag, "the ETag");
      }
    },
  },
  {
    id: "255-bytes",
    title: "A name of 255 bytes can be used",
    level: "robustness",
    source: "§4",
    requirements: ["§4.4"],
    run: (t) => roundTrip(t, "a".repeat(255), false),
  },
  {
    id: "long",
    title: "A name of 900 bytes can be used, or is refused with 4xx",
    level: "robustness",
    source: "§5",
    async run({ app, folder, expect }) {
      const name = "😀".repeat(225);
      const put = await app.put(folder + encodeURIComponent(name), "x");
      if (put.ok) expect.equal(Object.keys(await app.list(folder)), [name], "the items");
      else expect.status(put, "4xx", "a PUT of a long name");
    },
  },
  {
    id: "deep",
    title: "A document twenty folders deep can be used",
    level: "robustness",
    source: "§4",
    requirements: ["§4.18"],
    async run({ app, folder, expect }) {
      const path = `${folder}${"d/".repeat(20)}doc`;
      expect.status(await app.put(path, "deep"), "2xx", "a PUT of a deep document");
      expect.equal((await app.get(path)).text, "deep", "the content");
    },
  },
  {
    id: "empty-name",
    title: "An item never has an empty name: two slashes in a row are refused",
    level: "MUST",
    requirements: ["§4.5"],
    async run({ app, folder, expect }) {
      for (const path of [`${folder}/doc`, `${folder}a//doc`]) {
        expect.status(await app.put(path, "x"), "4xx", "a PUT with an empty name in its path");
      }
      expect.equal(await app.list(folder), {}, "the items");
    },
  },
  {
    id: "encoded-dots-and-slashes",
    title: "Encoded dots and slashes do not lead into another folder",
    level: "MUST",
    requirements: ["§4.6"],
    since: 6,
    async run({ app, folder, expect }) {
      await app.store(`${folder}secret`, "secret");
      const get = await app.get(`${folder}a/..%2Fsecret`);
      expect.that(get.text !== "secret", "a/..%2Fsecret leads to the document beside a.");
      await app.put(`${folder}a/..%2Fsecret`, "changed");
      expect.equal((await app.get(`${folder}secret`)).text, "secret", "the content");
    },
  },
  ...MALFORMED.map(({ id, what, paths, requirement }) => ({
    id,
    title: `A path with ${what} is refused with 4xx`,
    level: /** @type {const} */ ("SHOULD"),
    requirements: [requirement],
    async run(/** @type {Context} */ { app, folder, expect }) {
      for (const name of paths) {
        for (const method of ["PUT", "GET", "DELETE"]) {
          const headers = { "Content-Type": "text/plain" };
          const body = method === "PUT" ? "x" : null;
          const answer = await app.request(method, folder + name, { headers, body });
          expect.status(answer, "4xx", `a ${method} of ${name}`);
        }
      }
      expect.equal(await app.list(folder), {}, "the items");
    },
  })),
  {
    id: "uri-too-long",
    title: "A path that is too long is refused with 414, or another 4xx",
    level: "SHOULD",
    requirements: ["§5.12"],
    async run({ app, folder, expect }) {
      const path = `${folder}${"x".repeat(12_000)}`;
      const put = await app.put(path, "x");
      if (put.ok) return expect.equal((await app.get(path)).text, "x", "the content");
      expect.status(put, "4xx", "a PUT of a path of 12,000 characters");
    },
  },
]);
