/** How what an operation costs grows with the folder, the depth and the account. */

import { fillFolder, findAccountId } from "./fill-folder.ts";
import { priceOfRequest } from "./price.ts";
import prices from "./prices.json" with { type: "json" };
import { HOST } from "./provider.mjs";
import { createUser } from "./test-user.ts";

const DEPTHS = [1, 2, 3, 5, 10, 20];
const SIZES = [10, 100, 1_000, 10_000];
const FULL_SIZES = [...SIZES, 100_000];
const FULL_ACCOUNT_SIZES = [100, 1_000, 10_000, 100_000, 1_000_000];

/** Of the folders that an account is filled with. */
const FOLDER_DOCUMENTS = 1_000;

/**
 * Asks for the same at each size, through the public door.
 * @param {Awaited<ReturnType<typeof import("./provider.mjs").startProvider>>} provider metered
 * @param {{full: boolean}} options up to a million documents, which takes minutes
 */
export async function measureGrowth({ send, db }, { full }) {
  const accountSizes = full ? FULL_ACCOUNT_SIZES : FULL_ACCOUNT_SIZES.slice(0, 3);
  return {
    folder: await growFolders(send, db, full ? FULL_SIZES : SIZES),
    depth: await growDepth(send),
    ...(await growAccount(send, db, accountSizes)),
  };
}

async function growFolders(send, db, sizes) {
  const visitor = await settle(send, "large-folders");
  const account = await findAccountId(db, visitor.user);
  const rows = [];
  for (const size of sizes) {
    const folder = `/grow/${size}/`;
    await fillFolder(db, account, folder, size);
    rows.push({ size, ...(await askForAll(visitor, folder, { lists: true })) });
  }
  return rows;
}

async function growDepth(send) {
  const visitor = await settle(send, "deep-folders");
  const rows = [];
  for (const depth of DEPTHS) {
    // The storage root is the first of the folders.
    const folder = `/${Array.from({ length: depth - 1 }, (_, i) => `${depth}-${i}/`).join("")}`;
    await visitor.requestStorage("PUT", `${folder}stays`, textOf("x"));
    rows.push({ size: depth, ...(await askForAll(visitor, folder, { lists: false })) });
  }
  return rows;
}

/** Also what a document takes in the index, from the size of the database before and after. */
async function growAccount(send, db, sizes) {
  const visitor = await settle(send, "many-documents");
  const account = await findAccountId(db, visitor.user);
  const rows = [];
  let documents = 0;
  const sizeBefore = await fillFolder(db, account, "/few/", 10);
  let sizeAfter = sizeBefore;
  for (const size of sizes) {
    while (documents < size) {
      const missing = Math.min(FOLDER_DOCUMENTS, size - documents);
      sizeAfter = await fillFolder(db, account, `/many/from-${documents}/`, missing);
      documents += missing;
    }
    rows.push({ size, ...(await askForAll(visitor, "/few/", { lists: false })) });
  }
  return { account: rows, indexBytesPerDocument: Math.ceil((sizeAfter - sizeBefore) / documents) };
}

/** Of the account whose sweep is measured. */
const SWEPT = { folders: 5, documents: 50 };

/**
 * What the sweep costs that follows a day with changes.
 * @param {Awaited<ReturnType<typeof import("./provider.mjs").startProvider>>} provider metered
 */
export async function measureSweep({ send }) {
  const { user, requestStorage: ask } = await settle(send, "swept");
  for (let i = 0; i < SWEPT.folders * SWEPT.documents; i++) {
    const path = `/folder-${i % SWEPT.folders}/document-${i}`;
    await countsOf(ask("PUT", path, textOf("x")), 201);
  }
  const counts = await countsOf(send(`/bill/pass-day/${user}`), 200);
  return { documents: SWEPT.folders * SWEPT.documents, counts };
}

/** Somebody whose first change is made: the object has planned the sweep, once for a day. */
async function settle(send, user) {
  const visitor = await createUser(send, user, HOST);
  await countsOf(visitor.requestStorage("PUT", "/first", textOf("x")), 201);
  return visitor;
}

/** What each operation costs in this folder. Leaves it as it was. */
async function askForAll({ ask }, folder, { lists }) {
  const document = `${folder}asked-for`;
  const billed = async (answer, status) => {
    const counts = await countsOf(answer, status);
    return { counts, price: priceOfRequest(counts, prices) };
  };
  // While a folder was filled, the object may have been put to sleep; its first change looks up
  // what it has planned.
  await countsOf(ask("PUT", "/first", textOf("x")), 200);
  const put = await billed(ask("PUT", document, textOf("x")), 201);
  const over = await billed(ask("PUT", document, textOf("xy")), 200);
  const get = await billed(ask("GET", document), 200);
  const head = await ask("HEAD", folder);
  const etag = head.headers.get("etag");
  const known = await billed(ask("GET", folder, { headers: { "If-None-Match": etag } }), 304);
  const listing = lists ? { listing: await billed(ask("GET", folder), 200) } : {};
  const gone = await billed(ask("DELETE", document), 200);
  return { get, known, ...listing, put, over, delete: gone };
}

const textOf = (body) => ({ body, headers: { "Content-Type": "text/plain" } });

/**
 * The counts that a metered response carries.
 * @param {Promise<Response>} answer
 * @param {number} status the one that it has to have
 * @returns {Promise<import("./meter").Counts>}
 */
export async function countsOf(answer, status) {
  const response = await answer;
  await response.arrayBuffer();
  if (response.status !== status) {
    throw new Error(`Answered ${response.status} instead of ${status}.`);
  }
  return JSON.parse(response.headers.get("X-Bill"));
}
