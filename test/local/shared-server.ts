/** Tests that share a server: it runs in their process, from the first that needs it to the end of their file. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { type App, connectUser } from "./test-user";

/** Starts a server with a new data folder, which `dispose` deletes; by default at a free port. */
export async function startTemporaryServer(vars: Record<string, string> = {}, port = 0) {
  const data = mkdtempSync(join(tmpdir(), "satchel-server-"));
  const server = await startLocalServer({ data, vars, port, quiet: true });
  const dispose = async () => {
    await server.dispose();
    rmSync(data, { recursive: true, force: true });
  };
  return { ...server, dispose };
}

/** A user of the shared server, and an app that may read and write all their documents. */
export interface SharedUser extends App {
  name: string;
  address: string;
}

/**
 * Vitest's `test` with the fixtures `server`, of these settings, `uniqueName`, a user name that is not
 * taken, and `createUser`.
 */
export const testWithServer = (vars: Record<string, string> = {}) =>
  test
    .extend(
      "server",
      { scope: "file" },
      // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs.
      async ({}, { onCleanup }) => {
        const server = await startTemporaryServer(vars);
        onCleanup(server.dispose);
        return { ...server, users: 0 };
      },
    )
    .extend(
      "uniqueName",
      async ({ server }) =>
        () =>
          `user${++server.users}`,
    )
    .extend("createUser", async ({ server, uniqueName }) => async (): Promise<SharedUser> => {
      const name = uniqueName();
      const app = await connectUser(server, name);
      return { ...app, name, address: `${name}@${new URL(server.url).host}` };
    });
