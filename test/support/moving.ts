/** Moves users in from another server, by the alarms of their objects. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { ConflictChoice, MoveEntry, MoveIn, OldCredential } from "../../src/copying/move-in";
import { OLD_TOKEN, type OldProvider } from "./old-provider";
import { ORIGIN, type TestApp } from "./provider";
import { accountId } from "./rows";

const userObject = (user: string) => env.USERS.getByName(user);

export const credentialOf = (token: string): OldCredential => ({
  token,
  expiresAt: null,
  refresh: null,
});

/** Starts a move into the account of the app, or goes on with it. Returns whether it was started. */
export async function startMove(
  { user }: Pick<TestApp, "user">,
  { address, root }: Pick<OldProvider, "address" | "root">,
  onConflict: ConflictChoice = "keep",
  credential = credentialOf(OLD_TOKEN),
): Promise<boolean> {
  const owner = { account: await accountId(user), user };
  const request = { address, root, onConflict, clientId: ORIGIN };
  return userObject(user).startMoveIn(owner, request, credential);
}

/** The move of the app's user. */
export async function loadMove({ user }: Pick<TestApp, "user">): Promise<MoveIn> {
  const move = await userObject(user).getMoveIn();
  if (move === null) throw new Error("There is no move.");
  return move as MoveIn;
}

/** Runs alarms until the move has ended, or waits. */
export async function runMove(app: Pick<TestApp, "user">): Promise<MoveIn> {
  for (let runs = 0; runs < 500; runs++) {
    const move = await loadMove(app);
    const isDue = move.state === "running" && move.retryAt <= Date.now();
    if (!isDue) return move;
    await runDurableObjectAlarm(userObject(app.user));
  }
  throw new Error("The move does not end.");
}

/** The report of a move. */
export const loadReport = async (app: Pick<TestApp, "user">): Promise<MoveEntry[]> =>
  (await userObject(app.user).moveInReport(0, 1000)) as MoveEntry[];
