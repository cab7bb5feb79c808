/** The Worker and its objects as the tests run them: behind a guard that refuses what Cloudflare would. */

import type { DurableObject } from "cloudflare:workers";
import type { Env } from "../../../src/env";
import worker, * as classes from "../../../src/index";
import { cheapPasswordHash } from "../cheap-passwords";
import { guardBindings } from "./bindings";
import { refuseViolation, runInvocation } from "./invocations";
import { checkStatement, checkStored, isTooLongMessage } from "./limits";

const guardedEnvs = new WeakMap<Env, Env>();

/** The guarded bindings; the same ones for the same bindings, because settings are cached by them. */
export function guardedEnv(env: Env): Env {
  const known = guardedEnvs.get(env);
  if (known) return known;
  const guarded = Object.defineProperty(guardBindings(env), "LOG_REQUESTS", {
    get: () => (globalThis.logsRequests ? "yes" : "no"),
  });
  guardedEnvs.set(env, guarded);
  return guarded;
}

export default {
  fetch: (request, env, context) =>
    runInvocation(() => worker.fetch(request, guardedEnv(env), context)),
  scheduled: (controller, env) =>
    runInvocation(() => worker.scheduled(controller, guardedEnv(env))),
} satisfies ExportedHandler<Env>;

type ObjectClass = new (state: DurableObjectState, env: Env) => DurableObject<Env>;

/**
 * The ids of the objects that the running test file has called. Alarms of others, which earlier files
 * have left, would add calls to those that a test counts.
 */
const calledObjects = (): Set<string> => {
  globalThis.calledObjects ??= new Set();
  return globalThis.calledObjects;
};

/** The class of an object, each of whose methods is an invocation. */
function guardObject<T extends ObjectClass>(Base: T): T {
  class Guarded extends (Base as ObjectClass) {
    constructor(state: DurableObjectState, env: Env) {
      guardStorage(state.storage);
      super(state, guardedEnv(env));
    }
  }
  for (const name of Object.getOwnPropertyNames(Base.prototype)) {
    if (name === "constructor") continue;
    const method = Base.prototype[name as keyof DurableObject] as (...args: unknown[]) => unknown;
    const value = function (this: DurableObject, ...args: unknown[]): unknown {
      const id = (this as unknown as { ctx: DurableObjectState }).ctx.id.toString();
      if (name !== "alarm") calledObjects().add(id);
      else if (!calledObjects().has(id)) return undefined;
      if (name === "webSocketMessage" && isTooLongMessage(args[1] as string)) {
        return (args[0] as WebSocket).close(1009);
      }
      return runInvocation(() => method.apply(this, args));
    };
    Object.defineProperty(Guarded.prototype, name, { value });
  }
  return Guarded as unknown as T;
}

function guardStorage({ sql, kv }: DurableObjectStorage): void {
  const exec = sql.exec.bind(sql);
  const execGuarded = (statement: string, ...parameters: unknown[]) => {
    refuseViolation(checkStatement(statement, parameters));
    return exec(statement, ...parameters);
  };
  Object.defineProperty(sql, "exec", { configurable: true, value: execGuarded });
  const put = kv.put.bind(kv);
  const putGuarded = (key: string, stored: unknown) => {
    refuseViolation(checkStored(key, stored));
    put(key, stored);
  };
  Object.defineProperty(kv, "put", { configurable: true, value: putGuarded });
}

export const UserObject = guardObject(classes.UserObject);
export class PasswordObject extends guardObject(classes.PasswordObject) {
  override hash(password: string): string {
    return globalThis.hashesCheaply ? cheapPasswordHash(password) : super.hash(password);
  }
}
export const ModuleObject = guardObject(classes.ModuleObject);
