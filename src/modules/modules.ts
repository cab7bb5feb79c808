/**
 * The RxDB modules of an account: each has a row in D1 and a Durable Object of its own.
 *
 *   openModule(account, module):       before an app's grant is checked, and anything is stored
 *     insert the row, unless the account is deleted
 *   whatever ends or narrows grants:
 *     in ONE D1 transaction: change the grants; read the module rows
 *     each module's object: recheck()  if this call is lost, the object rechecks its grants by itself
 *   erasing an account:                it is deleted, so no rows are added (`accounts/deletion.ts`)
 *     each module's object: erase(), until nothing is left
 *     in ONE D1 transaction: set erased_at; delete the rows
 *
 *   restoring a backup:                before there is an account: without rows, which come with the index
 *
 * Invariant: an object that stores anything, or has a connection of an app, has a row, or no account yet. If an app
 * connects while its grant ends, then either its row exists before that, and the object is notified,
 * or its grant is checked after that.
 */

import { type Env, settings } from "../env";
import { logWarning } from "../platform/log";
import { withRetry } from "../platform/retry";
import {
  insertModule,
  loadModuleAccount,
  loadModuleOwner,
  loadModules,
  type ModuleOwner,
  type ModuleRow,
  selectModules,
  selectUserName,
} from "./db";

export type { ModuleRow };

/** Per account: all of them are counted when a document is written. */
const MAX_MODULES = 100;

/** How many modules an account may have: one invocation calls all of them, and others besides. */
export const maxModules = (env: Env): number =>
  Math.min(MAX_MODULES, Math.floor(settings(env).SUBREQUESTS / 2));

/** The Durable Object of a module. Named by the account's id, so that a reused name inherits nothing. */
export const moduleStub = (env: Pick<Env, "MODULES">, account: string, module: string) =>
  env.MODULES.getByName(`${account}/${module}`);

/**
 * Opens a module for apps; idempotent. Resolves to `closed` if the account is deleted or unknown, to
 * `full` if it already has `maxModules`. Rejects if D1 does not answer.
 */
export const openModule = (
  env: Env,
  account: string,
  module: string,
): Promise<"open" | "closed" | "full"> => insertModule(env.DB, account, module, maxModules(env));

/** Finds the id of the user's account if it has opened this module; returns null otherwise. */
export const findModuleAccount = (env: Env, user: string, module: string): Promise<string | null> =>
  loadModuleAccount(env.DB, user, module);

/** Finds an account, also a deleted one, and whether it has a module; returns null if there never was such an account. */
export const findModuleOwner = (
  env: Env,
  account: string,
  module: string,
): Promise<ModuleOwner | null> => loadModuleOwner(env.DB, account, module);

/** The modules of an account, by name. */
export const listModules = (env: Env, account: string): Promise<ModuleRow[]> =>
  loadModules(env.DB, account);

/** The same as a statement for a batch; its results are `ModuleRow`s. */
export { selectModules };

/**
 * Runs a batch that ends or narrows grants of an account, and has its open sockets rechecked: those of
 * its modules, and the live ones. An object that does not answer does not fail the batch.
 */
export async function batchAndRecheckSockets<Row>(
  env: Env,
  account: string,
  statements: D1PreparedStatement[],
): Promise<D1Result<Row>[]> {
  const batch = [...statements, selectModules(env.DB, account), selectUserName(env.DB, account)];
  const results = await withRetry(() => env.DB.batch<Row>(batch));
  const [modules, users] = results.splice(-2).map((result) => result.results as unknown[]);
  const [user] = users as { name: string }[];
  await recheckObjects(env, account, user?.name ?? null, modules as ModuleRow[]);
  return results;
}

/** Has the open sockets of an account rechecked, after a change made elsewhere. Never rejects. */
export async function recheckSockets(env: Env, account: string): Promise<void> {
  try {
    await batchAndRecheckSockets(env, account, []);
  } catch (error) {
    logWarning("The sockets of an account could not be rechecked.", error);
  }
}

async function recheckObjects(
  env: Env,
  account: string,
  user: string | null,
  modules: ModuleRow[],
): Promise<void> {
  const objects = modules.map(
    ({ module }) =>
      () =>
        moduleStub(env, account, module).recheck(),
  );
  if (user !== null) objects.push(() => env.USERS.getByName(user).recheck());
  const calls = objects.map((recheck) =>
    withRetry(recheck).catch((error) =>
      logWarning("An object was not notified of an ended grant.", error),
    ),
  );
  await Promise.all(calls);
}

/**
 * Erases some of what the modules of a deleted account store. Returns whether there is more.
 * Idempotent: the rows stay, so that every call visits every module. Rejects if one does not answer,
 * after the others have made progress.
 */
export async function eraseModules(env: Env, account: string): Promise<boolean> {
  const modules = await loadModules(env.DB, account);
  const results = await Promise.allSettled(
    modules.map(({ module }) => withRetry(() => moduleStub(env, account, module).erase())),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return results.some((result) => result.status === "fulfilled" && result.value);
}
