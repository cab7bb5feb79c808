/** The deployment that a backup is of: its database and its bucket, as deploy.toml names them. */

import { readChoices } from "../../deploy/choices.mjs";
import { openAccount } from "../../deploy/cloudflare.mjs";
import { buildConfiguration } from "../../deploy/configuration.mjs";
import { CommandError } from "../../lib/command.mjs";
import { openBucket } from "./bucket.mjs";

/**
 * Signs in, and finds the names. Nothing is created.
 * @returns {Promise<{account: any, choices: Record<string, any>, configuration: Record<string, any>, databaseName: string, bucketName: string, bucket: import("./bucket.mjs").Bucket}>}
 */
export async function openDeployment() {
  const { choices } = readChoices();
  const configuration = await buildConfiguration(choices);
  const { d1_databases, r2_buckets } = configuration;
  const account = await openAccount(choices.account);
  const [{ database_name: databaseName }] = d1_databases;
  const [{ bucket_name: bucketName, jurisdiction }] = r2_buckets;
  const bucket = openBucket(account.id, bucketName, jurisdiction);
  return { account, choices, configuration, databaseName, bucketName, bucket };
}

/**
 * The id of the deployment's database. Throws a CommandError if there is none.
 * @param {Awaited<ReturnType<typeof openDeployment>>} deployment
 */
export async function requireDatabase({ account, databaseName }) {
  const database = await account.findDatabase(databaseName);
  if (database !== null) return database.uuid;
  throw new CommandError(
    `There is no database "${databaseName}" in this account: it is named by deploy.toml.`,
  );
}
