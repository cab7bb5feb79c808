/** Plans a deployment: reads the choices, finds out what exists, and lists the steps. Changes nothing. */

import { listMigrations } from "../lib/apply-migrations.mjs";
import { MIGRATIONS } from "../lib/worker-config.mjs";
import { readChoices, withFlags } from "./choices.mjs";
import { openAccount, SignInMissing } from "./cloudflare.mjs";
import { buildConfiguration } from "./configuration.mjs";
import { inspect, keepOldDomains, refuseForeignDomains, refuseLostSettings } from "./inspect.mjs";
import { createSteps } from "./steps.mjs";

/**
 * Plans what the flags of `npm run deploy` ask for. Throws a CommandError if it is not possible, or if it
 * would do harm.
 * @param {Record<string, any>} flags
 * @returns {Promise<ReturnType<typeof createSteps> & {heading: string}>}
 */
export async function planDeployment(flags) {
  const { choices: stored, isNew } = readChoices();
  const chosen = withFlags(stored, flags);
  // Settings that are not valid are refused before anything is asked of Cloudflare.
  const configuration = await buildConfiguration(chosen);
  const wait = flags.wait === undefined ? undefined : Number(flags.wait);
  try {
    const account = await openAccount(chosen.account);
    return await planInAccount({ account, stored, isNew, chosen, configuration, wait, flags });
  } catch (error) {
    if (!(error instanceof SignInMissing && flags["dry-run"])) throw error;
    const found = {
      worker: null,
      database: null,
      hasBucket: false,
      pending: listMigrations(MIGRATIONS),
      hasSigningKey: false,
    };
    return {
      heading:
        "You are not signed in (npx wrangler login). In an empty account, npm run deploy would:",
      ...createSteps({ account: null, changed: chosen, choices: chosen, configuration, found }),
    };
  }
}

async function planInAccount({ account, stored, isNew, chosen, configuration, wait, flags }) {
  const found = await inspect(account, configuration, chosen);
  const choices = {
    ...(await keepOldDomains(account, chosen, configuration, found.worker)),
    account: account.id,
  };
  const complete = await buildConfiguration(choices);
  if (isNew) refuseLostSettings(found.worker, complete);
  if (!flags["replace-dns"]) await refuseForeignDomains(account, choices, complete.name);
  return {
    heading: `In the account ${account.id}, npm run deploy would:`,
    ...createSteps({
      account,
      changed: isNew ? choices : changesOf(stored, choices),
      choices,
      configuration: complete,
      found,
      wait,
    }),
  };
}

const changesOf = (before, after) =>
  Object.fromEntries(
    Object.entries(after).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key]),
    ),
  );
