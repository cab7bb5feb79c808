/**
 * Restores the backup of a deployment into an empty database, a bucket, and Durable Objects.
 *
 *   compare everything with its checksum; the provider has no accounts
 *   bodies into the bucket, databases into the objects of their modules: nobody can reach either yet
 *   in ONE import: require that there are still no accounts; drop the tables; the index
 *
 * Invariant: until the index is there, nothing is restored, and the same command begins again.
 */

import { openAsBlob } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../lib/command.mjs";
import { hashFile } from "../hash.mjs";
import { readManifest } from "../layout.mjs";
import { withProgress } from "../progress.mjs";
import { bodyFile, isBodyIntact, isDocumentKey, storedBodies } from "./bodies.mjs";
import { inParallel } from "./in-parallel.mjs";
import { importIndex } from "./index-sql.mjs";
import { openDeployment } from "./open.mjs";
import { openProvider, SET_TOKEN } from "./provider.mjs";
import { openIndex } from "./read-index.mjs";
import { checkStoredDatabases, restoreDatabases } from "./restore-databases.mjs";

/** Tables of ours: neither D1's own nor SQLite's. */
const TABLES =
  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/** Some of the tables by which a database is recognised as a Satchel's. */
const OWN_TABLES = ["accounts", "nodes", "rxdb_modules", "d1_migrations"];

/** Fails if there is an account, because of a path that is none, and with it the import. */
const REQUIRE_NO_ACCOUNTS = `SELECT json_extract('{}', CASE WHEN EXISTS (SELECT 1 FROM accounts)
  THEN 'somebody has signed up meanwhile' ELSE '$' END)`;

/**
 * Restores a backup to the deployment that deploy.toml names; the database and the bucket are created if they are not
 * there. An interrupted restore is repeated by the same command, which leaves out the bodies that are there. Throws a
 * CommandError if the backup is damaged, if there are accounts, or if the backup has RxDB databases and there is no
 * Worker to take them.
 * @param {string} folder
 * @param {{origin?: string}} [options] `origin`: of the provider, if not that of deploy.toml
 * @returns {Promise<{createdAt: string, bodies: number, bytes: number, modules: number, refused: string[], hasSigningKey: boolean}>}
 *   `modules`: with RxDB databases; `refused`: what of these could not be restored; `hasSigningKey`: whether tokens were
 *   signed with a key of the index
 */
export async function restoreDeployment(folder, { origin } = {}) {
  const manifest = readManifest(folder, "deployment");
  if (manifest === null) throw new CommandError(`There is no complete backup in ${folder}.`);
  const { bodies, modules, hasSigningKey } = await checkBackup(folder, manifest);
  const deployment = await openDeployment();
  const { account } = deployment;
  const database = await openEmptyDatabase(deployment);
  const provider =
    modules.length > 0 ? await openEmptyProvider(deployment, database, origin) : null;
  const bytes = await restoreBodies(deployment, bodies, folder);
  const refused = provider === null ? [] : await restoreDatabases(provider, modules, folder);
  const before = dropStatements(database.tables);
  await importIndex(account, database.id, join(folder, manifest.index), before);
  const { createdAt } = manifest;
  const counts = { bodies: bodies.length, bytes, modules: modules.length };
  return { createdAt, ...counts, refused, hasSigningKey };
}

/** Compares all files with their checksums, before anything is changed. */
async function checkBackup(folder, { index, databases, files }) {
  const damaged = (reason) =>
    new CommandError(`The backup in ${folder} is damaged (${reason}). Nothing was restored.`);
  for (const [name, { sha256 }] of Object.entries(files)) {
    const found = await hashFile(join(folder, name)).catch(() => null);
    if (found !== sha256) throw damaged(`${name} is missing or has changed`);
  }
  const bodies = [...storedBodies(folder)].filter(({ key }) => isDocumentKey(key));
  for (const body of bodies) {
    if (!(await isBodyIntact(folder, body))) throw damaged(`a body has changed: ${body.key}`);
  }
  const { modules, damaged: file } =
    databases === undefined
      ? { modules: [], damaged: null }
      : await checkStoredDatabases(folder, databases);
  if (file !== null) throw damaged(`a database is missing or has changed: ${file}`);
  const exported = await openIndex(join(folder, index));
  try {
    const { missing } = exported.countDocuments(bodies.map(({ key }) => key));
    if (missing > 0) throw damaged(`${missing} bodies of documents are missing`);
    return { bodies, modules, hasSigningKey: exported.hasSigningKey() };
  } finally {
    exported.close();
  }
}

/** The database: its id and its tables, none or those of a provider without accounts. */
async function openEmptyDatabase({ account, databaseName, choices }) {
  const found = await account.findDatabase(databaseName);
  if (found === null) {
    return { id: (await account.createDatabase(databaseName, choices)).uuid, tables: [] };
  }
  const id = found.uuid;
  const tables = (await account.query(id, TABLES)).map(({ name }) => name);
  if (tables.length === 0) return { id, tables };
  const isProvider = OWN_TABLES.every((name) => tables.includes(name));
  const accounts = isProvider ? await account.query(id, "SELECT 1 FROM accounts LIMIT 1") : null;
  if (accounts?.length === 0) return { id, tables };
  throw new CommandError(
    accounts === null
      ? `The database "${databaseName}" has tables that are not Satchel's: choose another name in deploy.toml. Nothing was restored.`
      : `The database "${databaseName}" has accounts already: choose another name in deploy.toml. Nothing was restored.`,
  );
}

/** The provider, whose Worker takes the databases. */
async function openEmptyProvider(deployment, { tables }, origin) {
  if (tables.length === 0) {
    throw new CommandError(
      "The backup has RxDB databases, which only the Worker can restore. Run npm run deploy first, set the secret BACKUP_TOKEN for it, and let nobody sign up before the restore.",
    );
  }
  const provider = await openProvider(deployment, origin);
  if (provider === null) {
    throw new CommandError(`The backup has RxDB databases. ${SET_TOKEN}`);
  }
  if (await provider.isEmpty()) return provider;
  throw new CommandError(
    "The provider has accounts: it is not that of this database. Name its address with --origin. Nothing was restored.",
  );
}

/** Uploads the bodies that are not there. Returns the bytes of all. */
async function restoreBodies({ account, bucketName, bucket, choices }, bodies, folder) {
  if (!(await account.hasBucket(bucketName, choices.jurisdiction))) {
    await account.createBucket(bucketName, choices);
  }
  const bytes = bodies.reduce((sum, { size }) => sum + size, 0);
  const present = new Map();
  for await (const { key, size } of bucket.list()) present.set(key, size);
  await withProgress(bytes, (advance) =>
    inParallel(bodies, async ({ key, size, metadata }) => {
      if (present.get(key) !== size) {
        await bucket.put(key, await openAsBlob(bodyFile(folder, key)), metadata);
      }
      advance(size);
    }),
  );
  return bytes;
}

/** SQL that drops the tables of a provider, unless somebody has signed up meanwhile. */
function dropStatements(tables) {
  if (tables.length === 0) return "";
  const drops = tables.map((name) => `DROP TABLE "${name}"`);
  const statements = ["PRAGMA defer_foreign_keys=TRUE", REQUIRE_NO_ACCOUNTS, ...drops];
  return statements.map((statement) => `${statement};\n`).join("");
}
