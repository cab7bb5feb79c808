/** What the steps of moving in share: what they need, how they end, and when to try again. */

import type { CopyContext } from "../../copying/copy-document";
import { BusyServerError } from "../../copying/guarded-fetch";
import type { MoveIn } from "../../copying/move-in";
import type { MoveStore } from "./move-store";

/** Attempts at a document or folder that the server, though it answers, does not give. */
const MAX_ATTEMPTS = 4;

/** Before such an attempt, times the number of those before. */
const RETRY_AFTER_MS = 10_000;

/** Attempts that the old server has refused as unauthorized, with different tokens. */
const MAX_UNAUTHORIZED = 2;

/** The user has paused or cancelled the move. */
export class StoppedError extends Error {
  override message = "The move was stopped.";
}

/** What a step needs. */
export interface StepContext extends Omit<CopyContext, "writer" | "onConflict"> {
  store: MoveStore;
  /** Whether so many more calls may be made in this invocation. */
  canMake: (calls: number) => boolean;
}

/**
 * How a step has ended: there are more; the next one needs an invocation of its own; all is done; or why the
 * move cannot go on.
 */
export type StepOutcome =
  | "more"
  | "later"
  | "done"
  | "unauthorized"
  | "suspended"
  | "over-quota"
  | "not-public"
  | "too-many";

/** How often something is tried that has failed with this code. */
export const maxAttempts = (code: string): number =>
  code === "unauthorized" ? MAX_UNAUTHORIZED + 1 : MAX_ATTEMPTS;

/** Rejects if the old server has no answer at the moment even for its root folder: then all else has to wait. */
export async function requireAnswer({ server }: StepContext): Promise<void> {
  try {
    await server.list("/");
  } catch (error) {
    if (error instanceof BusyServerError) throw error;
  }
}

/** Sets the time of the next step. */
export function waitBefore({ store, clock }: StepContext, attempts: number): void {
  store.update({ retryAt: clock() + RETRY_AFTER_MS * attempts });
}

/** Whether the move that a step belongs to goes on. */
export function isCurrent({ store }: StepContext, { id }: MoveIn): boolean {
  const current = store.load();
  return current?.id === id && current.state === "running";
}
