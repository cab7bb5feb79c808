/** Finds out what exists in the account, and refuses what would do harm. Changes nothing. */

import { lookup } from "node:dns/promises";
import { listMigrations } from "../lib/apply-migrations.mjs";
import { CommandError } from "../lib/command.mjs";
import { MIGRATIONS } from "../lib/worker-config.mjs";
import { domainsOf } from "./configuration.mjs";

/** The bindings by which a Worker is recognised as a Satchel. */
const OWN_BINDINGS = { DB: "d1", USERS: "durable_object_namespace" };

const TABLES =
  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
const APPLIED = "SELECT name FROM d1_migrations ORDER BY id";
const KEYS = "SELECT 1 FROM signing_keys LIMIT 1";
const ADMINISTRATORS = "SELECT 1 FROM accounts WHERE is_admin = 1 AND deleted_at IS NULL LIMIT 1";

/**
 * @typedef {object} Found what exists
 * @property {{id: string, bindings: Record<string, any>[]} | null} worker
 * @property {{uuid: string, jurisdiction?: string | null} | null} database
 * @property {boolean} hasBucket
 * @property {string[]} pending names of the migrations that are to be applied
 * @property {boolean} hasSigningKey whether tokens are signed with a key of their own already
 */

/**
 * What exists of a deployment. Throws a CommandError if a name belongs to something else, or if the
 * database belongs to a newer version.
 * @param {Awaited<ReturnType<typeof import("./cloudflare.mjs").openAccount>>} account
 * @param {Record<string, any>} configuration
 * @param {Record<string, any>} choices
 * @returns {Promise<Found>}
 */
export async function inspect(account, configuration, choices) {
  const { name } = configuration;
  const [{ database_name }] = configuration.d1_databases;
  const [{ bucket_name }] = configuration.r2_buckets;
  const [worker, database] = await Promise.all([
    account.deployedVersion(name),
    account.findDatabase(database_name),
  ]);
  refuseForeignWorker(worker, name);
  refuseOtherDatabase(worker, database, database_name);
  refuseOtherJurisdiction(database, choices.jurisdiction);
  const hasBucket = await account.hasBucket(bucket_name, choices.jurisdiction);
  const { pending, hasSigningKey } = database
    ? await inspectDatabase(account, database, database_name)
    : { pending: listMigrations(MIGRATIONS), hasSigningKey: false };
  const hasSecret = worker?.bindings.some((binding) => binding.name === "TOKEN_SECRETS") ?? false;
  return { worker, database, hasBucket, pending, hasSigningKey: hasSigningKey || hasSecret };
}

/** Whether the provider has no administrator yet. */
export const lacksAdministrator = async (account, databaseId) =>
  (await account.query(databaseId, ADMINISTRATORS)).length === 0;

/**
 * The choices, with the hosts of the deployed version that would lead nowhere after a change of domain:
 * apps keep the address of a storage, and people their own.
 * @param {Pick<Awaited<ReturnType<typeof import("./cloudflare.mjs").openAccount>>, "subdomain">} account
 * @param {Record<string, any>} choices
 * @param {Record<string, any>} configuration with these choices
 * @param {Found["worker"]} worker
 */
export async function keepOldDomains(account, choices, configuration, worker) {
  const { ORIGIN, STORAGE_ORIGIN } = configuration.vars;
  if (worker === null || !ORIGIN) return choices;
  const before = settingsOf(worker);
  const served = before.ORIGIN
    ? // An origin for each user is a route of the operator's own (docs/deploy.md).
      [before.ORIGIN, before.STORAGE_ORIGIN].filter((origin) => origin && !origin.includes("*"))
    : await workersDevOrigins(account, configuration.name);
  const isLost = (origin) =>
    origin === ORIGIN
      ? // It served documents, and would serve only pages.
        !before.STORAGE_ORIGIN && STORAGE_ORIGIN !== ""
      : origin !== STORAGE_ORIGIN;
  const old = new Set(choices.old_domains);
  for (const origin of served.filter(isLost)) old.add(new URL(origin).host);
  return old.size === 0 ? choices : { ...choices, old_domains: [...old] };
}

async function workersDevOrigins(account, name) {
  const subdomain = await account.subdomain();
  return subdomain === null ? [] : [`https://${name}.${subdomain}.workers.dev`];
}

/**
 * Throws a CommandError if the deployed version has settings that this clone does not know, and
 * therefore would reset.
 */
export function refuseLostSettings(worker, configuration) {
  const deployed = settingsOf(worker);
  const lost = Object.entries(deployed).filter(
    ([name, value]) => name in configuration.vars && configuration.vars[name] !== value,
  );
  if (lost.length === 0) return;
  const list = lost.map(
    ([name, value]) => `  ${name}: deployed "${value}", here "${configuration.vars[name]}"`,
  );
  throw new CommandError(`The deployed Worker has other settings than this clone, which has no deploy.toml:

${list.join("\n")}

Copy deploy.toml from where you deployed before, or make your choices again with flags (npm run deploy
-- --help), and put other settings under [settings] in a new deploy.toml.`);
}

/**
 * Throws a CommandError if a domain leads somewhere else already: wrangler would redirect it without
 * asking.
 * @param {(host: string) => Promise<{address: string}>} [resolve]
 */
export async function refuseForeignDomains(account, choices, name, resolve = lookup) {
  for (const domain of domainsOf(choices)) {
    const worker = await account.workerAt(domain);
    if (worker === name) continue;
    if (worker !== null) {
      throw new CommandError(
        `${domain} belongs to the Worker "${worker}": remove it there in Cloudflare's dashboard, or choose another with --domain.`,
      );
    }
    const address = await resolve(domain).catch(() => null);
    if (address !== null) {
      throw new CommandError(
        `${domain} leads to ${address.address} already. If it may lead to Satchel instead, add --replace-dns; its record is replaced then.`,
      );
    }
  }
}

function settingsOf(worker) {
  const plain = worker?.bindings.filter(({ type }) => type === "plain_text") ?? [];
  return Object.fromEntries(plain.map(({ name, text }) => [name, text]));
}

function refuseForeignWorker(worker, name) {
  if (worker === null) return;
  const isOwn = Object.entries(OWN_BINDINGS).every(([binding, type]) =>
    worker.bindings.some((one) => one.name === binding && one.type === type),
  );
  if (isOwn) return;
  throw new CommandError(
    `The account has a Worker "${name}" that is not a Satchel: choose another name with --name.`,
  );
}

/** A new and empty database would hide everything that is in the old one. */
function refuseOtherDatabase(worker, database, name) {
  const bound = worker?.bindings.find((binding) => binding.name === "DB");
  const id = bound?.id ?? bound?.database_id;
  if (id === undefined || id === database?.uuid) return;
  throw new CommandError(
    database === null
      ? `The deployed Worker uses the database ${id}, but there is no database "${name}": was it deleted or renamed?`
      : `The deployed Worker uses the database ${id}, but "${name}" is ${database.uuid}: deploy with the --name of then.`,
  );
}

function refuseOtherJurisdiction(database, jurisdiction) {
  if (database === null || (database.jurisdiction ?? undefined) === jurisdiction) return;
  throw new CommandError(
    database.jurisdiction
      ? `The database is in the jurisdiction "${database.jurisdiction}": add --jurisdiction ${database.jurisdiction}.`
      : `The database exists and is in no jurisdiction, and that cannot be changed: deploy without --jurisdiction, or under another --name.`,
  );
}

async function inspectDatabase(account, { uuid }, name) {
  const known = listMigrations(MIGRATIONS);
  const tables = (await account.query(uuid, TABLES)).map((row) => row.name);
  if (tables.length === 0) return { pending: known, hasSigningKey: false };
  const applied = tables.includes("d1_migrations")
    ? (await account.query(uuid, APPLIED)).map((row) => row.name)
    : [];
  if (
    applied.length === 0
      ? tables.some((table) => table !== "d1_migrations")
      : !known.includes(applied[0])
  ) {
    throw new CommandError(
      `The account has a database "${name}" that is not a Satchel's: choose another name with --name.`,
    );
  }
  const newer = applied.find((migration) => !known.includes(migration));
  if (newer !== undefined) {
    throw new CommandError(
      `The database belongs to a newer version (migration ${newer}): run git pull, then deploy again.`,
    );
  }
  const hasSigningKey =
    tables.includes("signing_keys") && (await account.query(uuid, KEYS)).length > 0;
  return { pending: known.filter((migration) => !applied.includes(migration)), hasSigningKey };
}
