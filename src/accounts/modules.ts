/** The Durable Object of a module of an account, in which RxDB apps have their databases: `rxdb`. */

import type { Env } from "../env";

/** The object of a module. By the account's id: a name that is given up leaves nothing to anybody. */
export const moduleObject = (
  env: Pick<Env, "MODULES">,
  account: string,
  module: string,
) => env.MODULES.getByName(`${account}/${module}`);
