/** The bindings behind a guard that refuses what Cloudflare would refuse. */

import type { Env } from "../../../src/env";
import { makeSubrequest, refuseViolation } from "./invocations";
import { checkKeys, checkMetadata, checkStatement } from "./limits";

type Method = (...args: never[]) => unknown;

/** The same object, some of whose methods are replaced; `replace` returns undefined for the others. */
const replaceMethods = <T extends object>(
  target: T,
  replace: (name: string, method: Method) => Method | undefined,
): T =>
  new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof name === "symbol" || typeof value !== "function") return value;
      // Not `bind`, which would be a method of the object if this is one.
      const method: Method = (...args) => Reflect.apply(value, target, args);
      return replace(name, method) ?? method;
    },
  });

/** The same object, all calls of which are subrequests. */
const withCountedCalls = <T extends object>(target: T): T =>
  replaceMethods(
    target,
    (_, method) =>
      (...args) =>
        makeSubrequest(() => method(...args)),
  );

const guardDatabase = (db: D1Database): D1Database =>
  replaceMethods(db, (name, method) => {
    if (name === "batch" || name === "exec")
      return (...args) => makeSubrequest(() => method(...args));
    if (name !== "prepare") return undefined;
    return (sql: never) => guardStatement(method(sql) as D1PreparedStatement);
  });

type Statement = D1PreparedStatement & { statement: string };

/** The prototype of guarded statements, instead of five methods that each statement would be given. */
let guardedPrototype: D1PreparedStatement | undefined;

/** Not a proxy: a batch takes only D1's own statements. */
function guardStatement(statement: D1PreparedStatement): D1PreparedStatement {
  if (Object.hasOwn(statement, "bind")) {
    // A test has changed this statement. The guard comes before that.
    const { first, all, run, raw, bind } = statement;
    return guardMethods(statement, { first, all, run, raw, bind });
  }
  const prototype = Object.getPrototypeOf(statement);
  guardedPrototype ??= guardMethods<D1PreparedStatement>(Object.create(prototype), prototype);
  return Object.setPrototypeOf(statement, guardedPrototype);
}

/** Gives a statement, or a prototype of statements, guarded methods, which call those of `originals`. */
function guardMethods<T extends object>(target: T, originals: object): T {
  const original = (name: string): Method => Reflect.get(originals, name);
  for (const name of ["first", "all", "run", "raw"]) {
    const value = function (this: Statement, ...args: never[]) {
      return makeSubrequest(() => original(name).apply(this, args));
    };
    Object.defineProperty(target, name, { configurable: true, value });
  }
  const value = function (this: Statement, ...parameters: unknown[]) {
    refuseViolation(checkStatement(this.statement, parameters));
    return guardStatement(original("bind").apply(this, parameters as never[]) as Statement);
  };
  return Object.defineProperty(target, "bind", { configurable: true, value });
}

const guardBucket = (bucket: R2Bucket): R2Bucket =>
  replaceMethods(bucket, (name, method) => (...args) => {
    const [key, body, options] = args as unknown as [string | string[], unknown, R2PutOptions?];
    if (name !== "list") refuseViolation(checkKeys([key].flat()));
    if (name === "resumeMultipartUpload") return withCountedCalls(method(...args) as object);
    const { customMetadata } = (name === "put" ? options : (body as R2MultipartOptions)) ?? {};
    refuseViolation(checkMetadata(customMetadata));
    const result = makeSubrequest(() => method(...args));
    if (name !== "createMultipartUpload") return result;
    return result.then((upload) => withCountedCalls(upload as object));
  });

const guardObjects = <T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
): DurableObjectNamespace<T> =>
  replaceMethods(namespace, (name, method) =>
    name === "get" || name === "getByName"
      ? (...args) => withCountedCalls(method(...args) as object)
      : undefined,
  );

/** The bindings with a guard before each that makes calls. */
export const guardBindings = (env: Env): Env => ({
  ...env,
  DB: guardDatabase(env.DB),
  BODIES: guardBucket(env.BODIES),
  USERS: guardObjects(env.USERS),
  PASSWORDS: guardObjects(env.PASSWORDS),
  MODULES: guardObjects(env.MODULES),
  ASSETS: withCountedCalls(env.ASSETS),
});
