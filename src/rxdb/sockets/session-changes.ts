/** Sessions of a module begin and end here, and with them their connections and sockets. */

import { sha256 } from "../../core/secrets";
import { BAD_TOKEN } from "../../storage/refusals";
import type { ModuleState } from "./request-queue";
import type { RxdbSessionRow } from "./sessions";
import { closeNow } from "./socket-state";

/** Opens a session for a grant, or resumes an earlier one. Returns its secret. */
export async function openModuleSession(
  state: ModuleState,
  { grant, expiresAt }: Pick<RxdbSessionRow, "grant" | "expiresAt">,
  earlier: string | null,
  now: number,
): Promise<string> {
  const secret = await state.sessions.secretFor(grant, earlier);
  saveModuleSession(state, { hash: await sha256(secret), grant, expiresAt }, now);
  return secret;
}

/** Saves a session, and ends those that have no room beside it. */
export function saveModuleSession(state: ModuleState, session: RxdbSessionRow, now: number): void {
  for (const hash of state.sessions.save(session, now)) endModuleSession(state, hash);
  state.module.sockets.setExpiry(session.hash, session.expiresAt);
}

/** Ends a session. Its connections and sockets are closed. */
export function endModuleSession({ module, sessions }: ModuleState, hash: string): void {
  module.connections.closeSession(hash);
  for (const { socket, state } of module.sockets.list()) {
    if (state.session === hash) closeNow(socket, BAD_TOKEN);
  }
  sessions.delete(hash);
}

/** Checks all grants again. Closes the sockets of those that have ended, and ends their sessions. */
export async function recheckGrants(state: ModuleState, now: number): Promise<void> {
  const { sessions, grants, module } = state;
  grants.clear();
  const held = new Set(sessions.all().map(({ grant }) => grant));
  if (held.size === 0) return;
  for (const [grant, level] of await grants.loadAll([...held], now)) {
    if (level.ok) continue;
    for (const { socket, state } of module.sockets.list()) {
      if (state.grant === grant) closeNow(socket, level.refusal);
    }
    if (level.refusal.code !== "unauthorized") continue;
    const own = sessions.all().filter((session) => session.grant === grant);
    for (const { hash } of own) endModuleSession(state, hash);
  }
}
