/** The steps of a deployment: what each does, whether it is needed, and what to do if it fails. */

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAdminLink } from "../lib/admin-link.mjs";
import { CommandError } from "../lib/command.mjs";
import { writeChoices } from "./choices.mjs";
import { writeConfiguration } from "./configuration.mjs";
import { askHealth, waitUntilWell } from "./health.mjs";
import { lacksAdministrator } from "./inspect.mjs";
import { originOf } from "./origin.mjs";
import { runWithConfiguration, withTemporaryFolder } from "./wrangler.mjs";

/** How long a version may take to be well: at an address that answers already, and at a new one. */
const WAIT_SECONDS = { known: 120, new: 900 };

/**
 * @typedef {object} Step
 * @property {string} title
 * @property {string} action what it does, or why there is nothing to do
 * @property {() => Promise<void>} [run] missing if there is nothing to do
 * @property {string} [ifFailed] what a failure leaves behind, and what to do
 */

/**
 * The steps of a deployment. They share what they find out, so they have to run in this order.
 * @param {object} options
 * @param {Awaited<ReturnType<typeof import("./cloudflare.mjs").openAccount>> | null} options.account null
 *   if the steps will only be listed
 * @param {Record<string, any>} options.choices
 * @param {Record<string, any>} options.changed those that deploy.toml does not have yet
 * @param {Record<string, any>} options.configuration
 * @param {import("./inspect.mjs").Found} options.found
 * @param {number} [options.wait] seconds
 * @returns {{steps: Step[], result: {signUp: string, origin?: string, adminLink?: string}}} `result` is
 *   completed by the steps
 */
export function createSteps({ account, choices, changed, configuration, found, wait }) {
  const result = { signUp: configuration.vars.SIGN_UP };
  const progress = { databaseId: found.database?.uuid };
  const steps = [
    writeChoicesStep(choices, changed),
    createDatabaseStep(account, choices, configuration, found, progress),
    createBucketStep(account, choices, configuration, found),
    migrateStep(configuration, found, progress),
    uploadStep(account, configuration, found, progress, result),
    waitStep(configuration.name, found, progress, result, wait),
    adminLinkStep(account, progress, result),
  ];
  return { steps, result };
}

function writeChoicesStep(choices, changed) {
  const list = Object.entries(changed).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  if (list.length === 0) return { title: "Choices", action: "those of deploy.toml" };
  return {
    title: "Choices",
    action: `write deploy.toml: ${list.join(", ")}`,
    run: async () => writeChoices(choices),
  };
}

const where = ({ location, jurisdiction }) =>
  jurisdiction ? ` in the jurisdiction ${jurisdiction}` : location ? ` in ${location}` : "";

function createDatabaseStep(account, choices, configuration, found, progress) {
  const [{ database_name: name }] = configuration.d1_databases;
  if (found.database) return { title: "Database", action: `${name} exists` };
  return {
    title: "Database",
    action: `create ${name}${where(choices)}`,
    run: async () => {
      progress.databaseId = (await account.createDatabase(name, choices)).uuid;
    },
  };
}

function createBucketStep(account, choices, configuration, found) {
  const [{ bucket_name: name }] = configuration.r2_buckets;
  if (found.hasBucket) return { title: "Bucket", action: `${name} exists` };
  return {
    title: "Bucket",
    action: `create ${name}${where(choices)}`,
    run: () => account.createBucket(name, choices),
  };
}

function migrateStep(configuration, { pending, worker, database }, progress) {
  const time = new Date().toISOString();
  const [{ database_name: name }] = configuration.d1_databases;
  return {
    title: "Migrations",
    action: describePending(pending),
    run: async () => {
      writeConfiguration(configuration, progress.databaseId);
      if (pending.length > 0)
        await runWithConfiguration("d1", "migrations", "apply", "DB", "--remote");
    },
    ifFailed:
      worker && database
        ? `Nothing was uploaded: the version before this one is still deployed. A migration that fails changes
nothing, those before it stay applied. To go back to the database as it was:

  npx wrangler d1 time-travel restore ${name} --timestamp ${time}`
        : "Nothing was uploaded. A migration that fails changes nothing, those before it stay applied.",
  };
}

function describePending(pending) {
  if (pending.length === 0) return "all are applied";
  return pending.length === 1
    ? `apply ${pending[0]}`
    : `apply ${pending.length}, from ${pending[0]} to ${pending.at(-1)}`;
}

function uploadStep(account, configuration, found, progress, result) {
  const secret = found.hasSigningKey ? "" : ", with a new token secret";
  return {
    title: "Upload",
    action: `the Worker ${configuration.name}${secret}`,
    run: () =>
      withTemporaryFolder(async (folder) => {
        const origin = await originOf(account, configuration);
        progress.before = found.worker ? await askHealth(origin) : null;
        const args = found.hasSigningKey ? [] : ["--secrets-file", writeTokenSecret(folder)];
        const records = await runWithConfiguration("deploy", ...args);
        const deployed = records.find(({ type }) => type === "deploy");
        if (!deployed?.version_id) throw new CommandError("wrangler did not say what it deployed.");
        progress.version = deployed.version_id;
        result.origin = origin;
      }),
    ifFailed:
      "The database is migrated. If wrangler stopped at a domain or a schedule, the new version is deployed already.",
  };
}

/** Access tokens are signed with it. It exists only at Cloudflare: the file is deleted after the upload. */
function writeTokenSecret(folder) {
  const file = join(folder, "secrets.json");
  const secrets = { TOKEN_SECRETS: randomBytes(48).toString("base64") };
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return file;
}

function waitStep(name, found, progress, result, wait) {
  const rollback = found.worker ? `, or roll back to version ${found.worker.id}` : "";
  return {
    title: "Health",
    action: `wait until /healthz is well${rollback}`,
    run: async () => {
      const { before, version } = progress;
      const seconds = wait ?? (before?.isWell ? WAIT_SECONDS.known : WAIT_SECONDS.new);
      const health = await waitUntilWell(result.origin, version, seconds);
      if (health.isWell) return;
      throw new CommandError(await giveUp({ name, found, before, version, health, result }));
    },
  };
}

/** Rolls back if the provider was well before. Returns what to tell. */
async function giveUp({ name, found, before, version, health, result }) {
  const answered =
    health.version === null || health.version === version
      ? `${result.origin}/healthz answers: ${health.text}.`
      : `${result.origin}/healthz is still answered by an earlier version.`;
  if (!before?.isWell) {
    const advice = found.worker
      ? "It was not well before either, so nothing was rolled back."
      : "There is no earlier version to go back to.";
    return `${answered} ${advice}
A new domain may need some minutes for its certificate: npm run deploy waits again. The reason of a
failure is in the log: npx wrangler tail ${name}`;
  }
  await runWithConfiguration("rollback", found.worker.id, "--yes", "--message", "Not well");
  const after = await waitUntilWell(result.origin, found.worker.id, WAIT_SECONDS.known);
  const state = after.isWell ? "is well" : `answers: ${after.text}`;
  return `${answered}
Version ${version} was rolled back: ${found.worker.id} is deployed again and ${state}. The database stays
migrated. Logs of the failed version: Cloudflare's dashboard, Workers & Pages, ${name}, Logs.`;
}

function adminLinkStep(account, progress, result) {
  return {
    title: "Set-up link",
    action: "create one, if there is no administrator",
    run: async () => {
      if (!(await lacksAdministrator(account, progress.databaseId))) return;
      const { path, statements } = createAdminLink(Date.now());
      await account.query(progress.databaseId, statements.join("; "));
      result.adminLink = result.origin + path;
    },
    ifFailed: "Satchel is deployed and well. npm run set-up creates the link, too.",
  };
}
