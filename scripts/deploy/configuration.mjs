/** wrangler's configuration of this provider: wrangler.toml with the operator's choices laid over it. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { loadParseSettings } from "../lib/bundle-worker.mjs";
import { CommandError } from "../lib/command.mjs";
import { stopCompiler } from "../lib/compiler.mjs";
import { ROOT } from "../lib/install.mjs";

/** Written for wrangler on every run; ignored by git. */
export const CONFIGURATION_FILE = join(ROOT, "wrangler.deploy.json");

const SUBREQUESTS = { free: "50", paid: "10000" };

/** A host that Cloudflare gives to every Worker, and that needs no route. */
const isWorkersDev = (host) => host.endsWith(".workers.dev");

/**
 * The configuration for a deployment. Throws a CommandError if a setting is not valid.
 * @param {Record<string, any>} choices
 * @returns {Promise<Record<string, any>>}
 */
export async function buildConfiguration(choices) {
  const defaults = parse(readFileSync(join(ROOT, "wrangler.toml"), "utf8"));
  const name = choices.name ?? defaults.name;
  const [database] = defaults.d1_databases;
  const [bucket] = defaults.r2_buckets;
  const configuration = overlay(
    {
      ...defaults,
      name,
      ...(choices.account && { account_id: choices.account }),
      ...routing(choices),
      vars: { ...defaults.vars, ...chosenSettings(choices) },
      d1_databases: [{ ...database, database_name: name }],
      r2_buckets: [
        {
          ...bucket,
          bucket_name: `${name}-bodies`,
          ...(choices.jurisdiction && { jurisdiction: choices.jurisdiction }),
        },
      ],
    },
    choices.wrangler ?? {},
  );
  await checkSettings(configuration.vars, Object.keys(defaults.vars));
  return configuration;
}

/**
 * Writes the configuration for wrangler, with the id of the database, so that wrangler looks for no
 * other one.
 * @param {Record<string, any>} configuration
 * @param {string} databaseId
 */
export function writeConfiguration(configuration, databaseId) {
  const [database, ...others] = configuration.d1_databases;
  const complete = {
    ...configuration,
    d1_databases: [{ ...database, database_id: databaseId }, ...others],
  };
  writeFileSync(CONFIGURATION_FILE, `${JSON.stringify(complete, null, 2)}\n`);
}

/** The hosts of the provider that Cloudflare has to route to the Worker. */
export const domainsOf = ({ domain, storage_domain, old_domains = [] }) =>
  [
    ...new Set([domain, storage_domain, ...old_domains.filter((host) => !isWorkersDev(host))]),
  ].filter((host) => host !== undefined);

function routing(choices) {
  const domains = domainsOf(choices);
  return {
    workers_dev: domains.length === 0 || (choices.old_domains ?? []).some(isWorkersDev),
    ...(domains.length > 0 && {
      routes: domains.map((pattern) => ({ pattern, custom_domain: true })),
    }),
  };
}

function chosenSettings({ domain, storage_domain, old_domains, sign_up, plan, settings }) {
  return {
    ...(domain && { ORIGIN: `https://${domain}` }),
    ...(storage_domain && { STORAGE_ORIGIN: `https://${storage_domain}` }),
    ...(old_domains && { OLD_HOSTS: old_domains.join(",") }),
    ...(sign_up && { SIGN_UP: sign_up }),
    ...(plan && { SUBREQUESTS: SUBREQUESTS[plan] }),
    ...settings,
  };
}

/** Tables are merged, lists appended; any other value replaces the earlier one. */
function overlay(below, above) {
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const earlier = below[key];
    if (Array.isArray(earlier) && Array.isArray(value)) merged[key] = [...earlier, ...value];
    else if (isTable(earlier) && isTable(value)) merged[key] = overlay(earlier, value);
    else merged[key] = value;
  }
  return merged;
}

const isTable = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

async function checkSettings(vars, known) {
  const unknown = Object.keys(vars).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new CommandError(
      `There is no setting ${unknown}: docs/settings.md lists all. Secrets are set with npx wrangler secret put.`,
    );
  }
  const parseSettings = await loadParseSettings();
  await stopCompiler();
  try {
    parseSettings(vars);
  } catch (error) {
    throw new CommandError(error.message);
  }
}
