/** The address of a deployment. */

import { CommandError } from "../lib/command.mjs";

/**
 * The origin of the pages: the operator's domain, or that under workers.dev. Throws a CommandError if the account has
 * none there yet.
 * @param {Pick<Awaited<ReturnType<typeof import("./cloudflare.mjs").openAccount>>, "subdomain">} account
 * @param {Record<string, any>} configuration
 * @returns {Promise<string>}
 */
export async function originOf(account, { vars, name }) {
  if (vars.ORIGIN) return vars.ORIGIN;
  const subdomain = await account.subdomain();
  if (subdomain === null) {
    throw new CommandError(
      "The account has no address under workers.dev yet: open https://dash.cloudflare.com/?to=/:account/workers once, which creates one, or use --domain.",
    );
  }
  return `https://${name}.${subdomain}.workers.dev`;
}
