/**
 * The modules of an account in which RxDB apps have databases, each in a Durable Object of its own:
 * `rxdb`.
 *
 *   openModule(account, module):          before an app's grant is weighed, and anything is stored
 *     row := (account, module), unless the account is deleted
 *   what ends or cuts grants:
 *     in ONE D1 transaction: grants := less; modules := the rows there are
 *     each module's object: recheck()     if that is lost: the object weighs its grants by itself
 *   what erases an account:               rows come no more, it is deleted (`deletion.ts`)
 *     each module's object: erase(), until there is no more
 *     in ONE D1 transaction: erased_at := now, and the rows are gone
 *
 * Invariant: an object that holds anything, or has a socket of an app, has a row. An app that comes in
 * while its grant ends either has its row before that, and its object is told, or weighs its grant
 * after it.
 */

import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { withRetry } from "../platform/retry";
import { insertModule, loadModuleAccount, loadModules, type ModuleRow, selectModules } from "./db";

export type { ModuleRow };

/** Of one account: each is asked whenever a grant ends, and counted whenever a document is written. */
export const MAX_MODULES = 100;

/** The object of a module. By the account's id: a name that is given up leaves nothing to anybody. */
export const moduleStub = (env: Pick<Env, "MODULES">, account: string, module: string) =>
  env.MODULES.getByName(`${account}/${module}`);

/**
 * Lets apps into a module, whether or not it was open. `closed`: the account is deleted, or never
 * was; `full`: it has as many modules as it may have. Rejects if D1 does not answer.
 */
export const openModule = (
  env: Env,
  account: string,
  module: string,
): Promise<"open" | "closed" | "full"> => insertModule(env.DB, account, module, MAX_MODULES);

/** The id of the account of a user that has opened this module; null: there is none. */
export const findModuleAccount = (env: Env, user: string, module: string): Promise<string | null> =>
  loadModuleAccount(env.DB, user, module);

/** The modules of an account, by name. */
export const listModules = (env: Env, account: string): Promise<ModuleRow[]> =>
  loadModules(env.DB, account);

/** The same for a batch; its results are `ModuleRow`s. */
export { selectModules };

/**
 * Makes a batch that takes something from apps of an account, and has its modules close what does not
 * stand any more. A module that does not answer does not undo what was done, and is no failure of it.
 */
export async function batchAndNotifyModules<Row>(
  env: Env,
  account: string,
  statements: D1PreparedStatement[],
): Promise<D1Result<Row>[]> {
  const batch = [...statements, selectModules(env.DB, account)];
  const answers = await withRetry(() => env.DB.batch<Row>(batch));
  await notifyModules(env, account, answers.pop()?.results as unknown as ModuleRow[]);
  return answers;
}

/** The same after something that was done elsewhere. Never rejects. */
export async function recheckModules(env: Env, account: string): Promise<void> {
  try {
    await notifyModules(env, account, await loadModules(env.DB, account));
  } catch (error) {
    logWarning("The modules of an account could not be found.", error);
  }
}

async function notifyModules(env: Env, account: string, modules: ModuleRow[]): Promise<void> {
  const asking = modules.map(({ module }) =>
    withRetry(() => moduleStub(env, account, module).recheck()).catch((error) =>
      logWarning("A module was not told that a grant has ended.", error),
    ),
  );
  await Promise.all(asking);
}

/**
 * Erases some of what the modules of a deleted account hold. Returns whether there is more. Can be
 * repeated: the rows stay, so that every round meets every module. Rejects if one does not answer; the
 * others are a step further all the same.
 */
export async function eraseModules(env: Env, account: string): Promise<boolean> {
  const modules = await loadModules(env.DB, account);
  const answers = await Promise.allSettled(
    modules.map(({ module }) => withRetry(() => moduleStub(env, account, module).erase())),
  );
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed) throw failed.reason;
  return answers.some((answer) => answer.status === "fulfilled" && answer.value);
}
