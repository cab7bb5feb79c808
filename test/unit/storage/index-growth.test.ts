/** How much documents make the database grow, and how much of it counts towards the quota. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { documentFromPath, MAX_DEPTH, MAX_PATH_BYTES } from "../../../src/core/path";
import { Committer, MAX_GROUP_COMMITS } from "../../../src/storage/commit";
import { createUserWithApp } from "../../support/provider";
import { accountId, grantRows } from "../../support/rows";

/** A path of so many levels and bytes, with names of its own from the first on. */
function pathOf(index: number, levels: number, bytes: number, character = "x"): string {
  const characterBytes = new TextEncoder().encode(character).byteLength;
  const nameBytes = Math.floor(bytes / levels) - 1;
  const name = (level: number) => {
    const number = `${index}.${level}.`;
    return number + character.repeat((nameBytes - number.length) / characterBytes);
  };
  return `/${Array.from({ length: levels }, (_, level) => name(level)).join("/")}`;
}

/** Stores empty documents with these paths, without their bodies. */
async function putAll(user: string, paths: string[], type: string): Promise<void> {
  const account = await accountId(user);
  const [grant] = await grantRows(user);
  const committer = new Committer(env.DB);
  for (let start = 0; start < paths.length; start += MAX_GROUP_COMMITS) {
    const group = paths.slice(start, start + MAX_GROUP_COMMITS).map((path) => ({
      account,
      grant: grant?.id ?? "",
      node: documentFromPath(path),
      version: crypto.randomUUID().slice(0, 22),
      precondition: {},
      put: { type, length: 0 },
      commitBefore: Date.now() + 60_000,
      defaultQuotaBytes: 1e9,
      maxDocuments: 1e6,
      modified: Date.now(),
      preview: null,
    }));
    for (const outcome of await committer.commit(group)) expect(outcome.ok).toBe(true);
  }
}

const databaseBytes = async (): Promise<number> =>
  (await env.DB.prepare("SELECT 1").run()).meta.size_after;

const countedBytes = async (user: string): Promise<number> =>
  (await env.DB.prepare("SELECT index_bytes FROM nodes WHERE account = ? AND parent = ''")
    .bind(await accountId(user))
    .first<number>("index_bytes")) ?? 0;

const LONG_TYPE = `text/plain; x=${"y".repeat(1000)}`;

/** So that the numbers have one length. */
const FIRST = 1000;

describe("Documents make the database grow by at most twice what they count", () => {
  it.each<[string, number, (i: number) => string, string?]>([
    ["the longest paths at the deepest level", 60, (i) => pathOf(i, MAX_DEPTH, MAX_PATH_BYTES)],
    ["the same in characters of four bytes", 60, (i) => pathOf(i, MAX_DEPTH, MAX_PATH_BYTES, "🌍")],
    ["deep paths of short names", 60, (i) => pathOf(i, MAX_DEPTH, 800)],
    ["one name of the longest path", 200, (i) => pathOf(i, 1, MAX_PATH_BYTES)],
    ["names whose rows just fit on a page", 200, (i) => pathOf(i, 2, 1700)],
    ["names whose rows just need another page", 200, (i) => pathOf(i, 2, 2000)],
    ["short names with long types", 200, (i) => `/m/${i}`, LONG_TYPE],
    ["short names in their order", 800, (i) => `/m/${i}`],
    ["short names against their order", 800, (i) => `/m/${3000 - i}`],
    ["a folder for each", 400, (i) => `/m/${(i * 7919) % 5000}/${i}`],
  ])("%s", async (_, count, path, type = "text/plain") => {
    const { user } = await createUserWithApp();
    await putAll(user, ["/first"], type);
    const before = { file: await databaseBytes(), counted: await countedBytes(user) };
    const paths = Array.from({ length: count }, (_, i) => path(FIRST + i));
    await putAll(user, paths, type);
    const file = (await databaseBytes()) - before.file;
    const counted = (await countedBytes(user)) - before.counted;
    expect(file).toBeLessThan(2 * counted);
    // Nor does it count far more than there is.
    expect(counted).toBeLessThan(3 * file);
  });
});
