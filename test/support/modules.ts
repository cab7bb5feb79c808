/** Modules in which RxDB apps have databases, as the rest of the house knows them. */

import { env } from "cloudflare:workers";
import { openModule } from "../../src/modules/modules";
import { type Collections, exchange, storingFrames } from "./database-frames";
import { accountId } from "./rows";
import { send, type TestApp } from "./provider";

/** Opens a module of somebody, with so many bytes reserved in it. */
export async function reserve(user: string, module: string, bytes = 0): Promise<void> {
  const account = await accountId(user);
  const answer = await openModule(env, account, module);
  if (answer !== "open") throw new Error(`The module ${module} is ${answer}.`);
  await env.DB.prepare("UPDATE rxdb_modules SET bytes = ?3 WHERE account = ?1 AND module = ?2")
    .bind(account, module, bytes)
    .run();
}

/** Bytes of the quota that a module of somebody has reserved. */
export async function reservedIn(user: string, module: string): Promise<number> {
  const row = await env.DB.prepare(
    "SELECT bytes FROM rxdb_modules WHERE account = ? AND module = ?",
  )
    .bind(await accountId(user), module)
    .first<{ bytes: number }>();
  return row?.bytes ?? 0;
}

/** The modules of somebody, by name. */
export async function modulesOf(user: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT module FROM rxdb_modules WHERE account = ? ORDER BY module",
  )
    .bind(await accountId(user))
    .all<{ module: string }>();
  return results.map(({ module }) => module);
}

/**
 * Acts, and returns what was asked of the objects of modules meanwhile, in order: "notes recheck", of
 * any account but this with its id. `broken`: a module whose object never answers.
 */
export async function askedOfModules(
  user: string,
  act: () => Promise<unknown>,
  broken?: string,
): Promise<string[]> {
  const own = `${await accountId(user)}/`;
  const asked: string[] = [];
  const { MODULES } = env;
  Object.defineProperty(MODULES, "getByName", {
    configurable: true,
    value: (name: string) => {
      const stub = Object.getPrototypeOf(MODULES).getByName.call(MODULES, name);
      return new Proxy(stub, {
        get:
          (_, method) =>
          (...args: unknown[]) => {
            asked.push(`${name.replace(own, "")} ${String(method)}`);
            if (name === own + broken) return Promise.reject(new Error("The object threw."));
            return stub[method](...args);
          },
      });
    },
  });
  try {
    await act();
  } finally {
    Reflect.deleteProperty(MODULES, "getByName");
  }
  return asked.sort();
}

/** Opens a socket of an app into a module of its person. */
export async function openSocket({ user, token }: TestApp, module: string): Promise<WebSocket> {
  const query = new URLSearchParams({ access_token: token });
  const headers = { Upgrade: "websocket" };
  const { webSocket } = await send(`/rxdb/${user}/${module}?${query}`, { headers });
  if (!webSocket) throw new Error("There is no socket.");
  webSocket.accept();
  return webSocket;
}

/** Has an app store a database in a module of its person. */
export async function storeDatabase(
  app: TestApp,
  module: string,
  database: string,
  collections: Collections,
): Promise<void> {
  const socket = await openSocket(app, module);
  await exchange(socket, storingFrames(database, collections));
  socket.close();
}
