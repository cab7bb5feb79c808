/** §6: conditions hold also for requests that arrive at the same time. */

import { chapter } from "../run/case.js";

const WRITERS = 8;
const ROUNDS = 3;

/** A torn document is seen at some moments only, so it is looked for more often than by one GET. */
const READING_ROUNDS = 5;
const MAX_GETS = 25;

/** @typedef {import("../run/answer.js").Answer} Answer */

/** Sends a request per writer at once. @type {(send: (writer: number) => Promise<Answer>) => Promise<Answer[]>} */
const atOnce = (send) => Promise.all(Array.from({ length: WRITERS }, (_, writer) => send(writer)));

/** A content that is long enough to be torn. @type {(digit: string) => string} */
const whole = (digit) => digit.repeat(20_000);

/**
 * Replaces a document several times at once, while readers read it until all is written.
 * @param {import("../run/app.js").App} app
 * @param {string} path
 * @returns {Promise<{contents: Map<string, string>, gets: Answer[], isNamed: boolean}>} `contents`: the digit of each
 *   version; `isNamed`: whether each PUT named its version
 */
async function readDuringPuts(app, path) {
  const first = await app.store(path, whole("0"));
  const digits = ["1", "2", "3", "4"];
  let isWriting = true;
  const writeAll = () =>
    Promise.all(digits.map((digit) => app.put(path, whole(digit)))).finally(() => {
      isWriting = false;
    });
  const readOn = async () => {
    const gets = [await app.get(path)];
    while (isWriting && gets.length < MAX_GETS) gets.push(await app.get(path));
    return gets;
  };
  const [puts, ...gets] = await Promise.all([writeAll(), ...digits.map(readOn)]);
  const contents = new Map([[first.etag, "0"]]);
  for (const [index, { etag }] of puts.entries()) contents.set(etag, digits[index]);
  return { contents, gets: gets.flat(), isNamed: puts.every(({ etag }) => etag !== "") };
}

export const races = chapter("races", [
  {
    id: "create",
    title: "Of many PUTs with If-None-Match: * at once exactly one creates the document",
    level: "MUST",
    requirements: ["§6.10"],
    async run({ app, folder, expect }) {
      for (let round = 0; round < ROUNDS; round++) {
        const path = `${folder}doc${round}`;
        const answers = await atOnce((writer) =>
          app.put(path, `${writer}`, { "If-None-Match": "*" }),
        );
        const winners = answers.flatMap(({ ok }, writer) => (ok ? [writer] : []));
        expect.equal(winners.length, 1, "the number of writers that created the document");
        for (const answer of answers.filter(({ ok }) => !ok)) {
          expect.status(answer, 412, "a PUT with If-None-Match: *");
        }
        expect.equal((await app.get(path)).text, `${winners[0]}`, "the content");
      }
    },
  },
  {
    id: "replace",
    title: "Of many PUTs with If-Match of the same version at once exactly one succeeds",
    level: "MUST",
    requirements: ["§6.6"],
    async run({ app, folder, expect }) {
      const path = `${folder}doc`;
      let { etag } = await app.store(path, "first");
      for (let round = 0; round < ROUNDS; round++) {
        const condition = { "If-Match": etag };
        const answers = await atOnce((writer) => app.put(path, `${round}-${writer}`, condition));
        const winners = answers.flatMap(({ ok }, writer) => (ok ? [writer] : []));
        expect.equal(winners.length, 1, "the number of writers that replaced the version");
        const get = await app.get(path);
        expect.equal(get.text, `${round}-${winners[0]}`, "the content");
        expect.equal(get.etag, answers[winners[0]].etag, "the ETag");
        ({ etag } = get);
      }
    },
  },
  {
    id: "put-and-delete",
    title: "Of a PUT and a DELETE with If-Match of the same version at once one succeeds",
    level: "MUST",
    requirements: ["§6.6", "§6.7"],
    async run({ app, folder, expect }) {
      for (let round = 0; round < ROUNDS; round++) {
        const path = `${folder}doc${round}`;
        const condition = { "If-Match": (await app.store(path, "first")).etag };
        const [put, deleted] = await Promise.all([
          app.put(path, "second", condition),
          app.delete(path, condition),
        ]);
        expect.equal([put.ok, deleted.ok].filter(Boolean).length, 1, "the number that succeeded");
        expect.status(await app.get(path), put.ok ? 200 : 404, "a GET afterwards");
      }
    },
  },
  {
    id: "siblings",
    title: "Documents that are stored in one folder at the same time are all listed",
    level: "robustness",
    source: "§4",
    requirements: ["§4.30"],
    async run({ app, folder, expect }) {
      const answers = await atOnce((writer) => app.put(`${folder}sub/doc${writer}`, `${writer}`));
      for (const answer of answers) expect.status(answer, "2xx", "a PUT");
      const items = await app.list(`${folder}sub/`);
      expect.equal(Object.keys(items).length, WRITERS, "the number of items");
      for (const [writer, { etag }] of answers.entries()) {
        expect.equal(`"${items[`doc${writer}`]?.ETag}"`, etag, `the listed ETag of doc${writer}`);
      }
    },
  },
  {
    id: "whole-documents",
    title: "A GET during PUTs has the content of one version, and its ETag",
    level: "robustness",
    source: "§6",
    requirements: ["§4.28"],
    async run({ app, folder, expect }) {
      for (let round = 0; round < READING_ROUNDS; round++) {
        const { contents, gets, isNamed } = await readDuringPuts(app, `${folder}doc${round}`);
        for (const get of gets) {
          expect.status(get, [200, 404, 500], "a GET during PUTs");
          const digit = contents.get(get.etag) ?? (isNamed ? "unknown" : get.text[0]);
          const isWhole = get.status === 200 && get.text === whole(digit);
          // One sentence for all that can be seen: which it is depends on the moment.
          expect.that(
            isWhole,
            "A GET during PUTs had not the content that belongs to its version.",
          );
        }
      }
    },
  },
]);
