/** Measures how costs grow with the size of the folder, its depth and the size of the account. */

import { fillFolder, findAccountId } from "./fill-folder.ts";
import { priceOfRequest } from "./price.ts";
import prices from "./prices.json" with { type: "json" };
import { HOST } from "./provider.mjs";
import { createUser } from "./test-user.ts";

const FOLDER_DEPTHS = [1, 2, 3, 5, 10, 20];
const FOLDER_SIZES = [10, 100, 1_000, 10_000];
const FULL_FOLDER_SIZES = [...FOLDER_SIZES, 100_000];
const FULL_ACCOUNT_SIZES = [100, 1_000, 10_000, 100_000, 1_000_000];

/** Documents in each folder that an account is filled with. */
const DOCUMENTS_PER_FOLDER = 1_000;

/**
 * Measures the same operations at each size, with ordinary requests.
 * @param {Awaited<ReturnType<typeof import("./provider.mjs").startProvider>>} provider metered
 * @param {{full: boolean}} options full: up to a million documents, which takes minutes
 */
export async function measureGrowth({ send, db }, { full }) {
  const accountSizes = full ? FULL_ACCOUNT_SIZES : FULL_ACCOUNT_SIZES.slice(0, 3);
  return {
    folder: await measureFolders(send, db, full ? FULL_FOLDER_SIZES : FOLDER_SIZES),
    depth: await measureDepths(send),
    ...(await measureAccounts(send, db, accountSizes)),
  };
}

async function measureFolders(send, db, sizes) {
  const user = await createActiveUser(send, "large-folders");
  const account = await findAccountId(db, user.user);
  const rows = [];
  for (const size of sizes) {
    const folder = `/grow/${size}/`;
    await fillFolder(db, account, folder, size);
    rows.push({ size, ...(await measureOperations(user, folder, { isListed: true })) });
  }
  return rows;
}

async function measureDepths(send) {
  const user = await createActiveUser(send, "deep-folders");
  const rows = [];
  for (const depth of FOLDER_DEPTHS) {
    // The storage root counts as the first folder.
    const folder = `/${Array.from({ length: depth - 1 }, (_, i) => `${depth}-${i}/`).join("")}`;
    await user.requestStorage("PUT", `${folder}kept`, textOf("x"));
    rows.push({ size: depth, ...(await measureOperations(user, folder, { isListed: false })) });
  }
  return rows;
}

/** Also measures the bytes per document in the index, by the database size before and after. */
async function measureAccounts(send, db, sizes) {
  const user = await createActiveUser(send, "many-documents");
  const account = await findAccountId(db, user.user);
  const rows = [];
  let documents = 0;
  const sizeBefore = await fillFolder(db, account, "/few/", 10);
  let sizeAfter = sizeBefore;
  for (const size of sizes) {
    while (documents < size) {
      const missing = Math.min(DOCUMENTS_PER_FOLDER, size - documents);
      sizeAfter = await fillFolder(db, account, `/many/from-${documents}/`, missing);
      documents += missing;
    }
    rows.push({ size, ...(await measureOperations(user, "/few/", { isListed: false })) });
  }
  return { account: rows, indexBytesPerDocument: Math.ceil((sizeAfter - sizeBefore) / documents) };
}

/** The size of the account whose sweep is measured. */
const SWEPT_ACCOUNT = { folders: 5, documents: 50 };

/**
 * Measures the cost of the sweep that follows a day with changes.
 * @param {Awaited<ReturnType<typeof import("./provider.mjs").startProvider>>} provider metered
 */
export async function measureSweep({ send }) {
  const { user, requestStorage } = await createActiveUser(send, "swept");
  for (let i = 0; i < SWEPT_ACCOUNT.folders * SWEPT_ACCOUNT.documents; i++) {
    const path = `/folder-${i % SWEPT_ACCOUNT.folders}/document-${i}`;
    await countsOf(requestStorage("PUT", path, textOf("x")), 201);
  }
  const counts = await countsOf(send(`/cost/pass-day/${user}`), 200);
  return { documents: SWEPT_ACCOUNT.folders * SWEPT_ACCOUNT.documents, counts };
}

/** Creates a user who has made a change: their object has scheduled the daily sweep, once. */
async function createActiveUser(send, user) {
  const created = await createUser(send, user, HOST);
  await countsOf(created.requestStorage("PUT", "/first", textOf("x")), 201);
  return created;
}

/** Measures the operations in this folder, and leaves it unchanged. */
async function measureOperations({ requestStorage }, folder, { isListed }) {
  const document = `${folder}measured`;
  const measure = async (response, status) => {
    const counts = await countsOf(response, status);
    return { counts, price: priceOfRequest(counts, prices) };
  };
  // The object may have been evicted while the folder was filled; at its first change it reads its
  // schedule again.
  await countsOf(requestStorage("PUT", "/first", textOf("x")), 200);
  const put = await measure(requestStorage("PUT", document, textOf("x")), 201);
  const replace = await measure(requestStorage("PUT", document, textOf("xy")), 200);
  const get = await measure(requestStorage("GET", document), 200);
  const head = await requestStorage("HEAD", folder);
  const etag = head.headers.get("etag");
  const notModified = await measure(
    requestStorage("GET", folder, { headers: { "If-None-Match": etag } }),
    304,
  );
  const listing = isListed ? { listing: await measure(requestStorage("GET", folder), 200) } : {};
  const deleted = await measure(requestStorage("DELETE", document), 200);
  return { get, notModified, ...listing, put, replace, delete: deleted };
}

const textOf = (body) => ({ body, headers: { "Content-Type": "text/plain" } });

/**
 * The counts in the header of a metered response. Throws if the status is not the expected one.
 * @param {Promise<Response>} pending
 * @param {number} status expected
 * @returns {Promise<import("./meter").Counts>}
 */
export async function countsOf(pending, status) {
  const response = await pending;
  await response.arrayBuffer();
  if (response.status !== status) {
    throw new Error(`Status ${response.status} instead of ${status}.`);
  }
  return JSON.parse(response.headers.get("X-Cost"));
}
