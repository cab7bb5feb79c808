/** Modules of RxDB apps: their rows in D1, calls to their objects, and databases in them. */

import { env } from "cloudflare:workers";
import { openModule } from "../../src/modules/modules";
import { type DocumentsByCollection, framesToStore, sendFrames } from "./database-frames";
import { send, type TestApp } from "./provider";
import { accountId } from "./rows";

/** Opens a module of a user, with so many bytes reserved. */
export async function openModuleWithBytes(user: string, module: string, bytes = 0): Promise<void> {
  const account = await accountId(user);
  const opened = await openModule(env, account, module);
  if (opened !== "open") throw new Error(`The module ${module} is ${opened}.`);
  await env.DB.prepare("UPDATE rxdb_modules SET bytes = ?3 WHERE account = ?1 AND module = ?2")
    .bind(account, module, bytes)
    .run();
}

/** Bytes of the quota that a module of a user has reserved. */
export async function reservedBytes(user: string, module: string): Promise<number> {
  const row = await env.DB.prepare(
    "SELECT bytes FROM rxdb_modules WHERE account = ? AND module = ?",
  )
    .bind(await accountId(user), module)
    .first<{ bytes: number }>();
  return row?.bytes ?? 0;
}

/** The names of a user's modules, sorted. */
export async function moduleNames(user: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT module FROM rxdb_modules WHERE account = ? ORDER BY module",
  )
    .bind(await accountId(user))
    .all<{ module: string }>();
  return results.map(({ module }) => module);
}

/**
 * Runs an action, and returns the calls to module objects meanwhile, sorted, such as "notes recheck"; those
 * of other accounts with the account's id. `broken`: a module whose object never answers.
 */
export async function callsToModules(
  user: string,
  action: () => Promise<unknown>,
  broken?: string,
): Promise<string[]> {
  const own = `${await accountId(user)}/`;
  const calls: string[] = [];
  const { MODULES } = env;
  Object.defineProperty(MODULES, "getByName", {
    configurable: true,
    value: (name: string) => {
      const stub = Object.getPrototypeOf(MODULES).getByName.call(MODULES, name);
      return new Proxy(stub, {
        get:
          (_, method) =>
          (...args: unknown[]) => {
            calls.push(`${name.replace(own, "")} ${String(method)}`);
            if (name === own + broken) return Promise.reject(new Error("The object threw."));
            return stub[method](...args);
          },
      });
    },
  });
  try {
    await action();
  } finally {
    Reflect.deleteProperty(MODULES, "getByName");
  }
  return calls.sort();
}

/** Opens a socket of an app to a module of its user. */
export async function openSocket({ user, token }: TestApp, module: string): Promise<WebSocket> {
  const query = new URLSearchParams({ access_token: token });
  const headers = { Upgrade: "websocket" };
  const { webSocket } = await send(`/rxdb/${user}/${module}?${query}`, { headers });
  if (!webSocket) throw new Error("There is no socket.");
  webSocket.accept();
  return webSocket;
}

/** Stores a database in a module of the app's user. */
export async function storeDatabase(
  app: TestApp,
  module: string,
  database: string,
  collections: DocumentsByCollection,
): Promise<void> {
  const socket = await openSocket(app, module);
  await sendFrames(socket, framesToStore(database, collections));
  socket.close();
}
