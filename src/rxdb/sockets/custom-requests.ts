/** RxDB's `customRequest`: requests other than the methods of the storage. */

import type { Env } from "../../env";
import { appNameOfGrant } from "../../oauth/grants";
import type { ModuleId } from "../handshake";
import type { Module } from "../module";
import { type CallOutcome, refuseMalformed } from "../refusals";
import { isObject } from "./frames";
import type { Caller } from "./socket-state";

/** The sender of a custom request, for the operator's `customRequestHandler`. */
export interface CustomCaller {
  user: string;
  module: string;
  /** "rw" if the app may write, too. */
  access: "r" | "rw";
}

/** Opens a session with the grant of the caller. */
type OpenSession = () => Promise<{ session: string; url: string; expiresAt: number | null }>;

/**
 * Answers the custom requests that every Satchel knows: "whoami", "quota" and "session", or objects
 * with one of them as their `type`. Returns null for any other.
 */
export async function answerCustomRequest(
  { env, id, module }: { env: Env; id: ModuleId; module: Module },
  { state, level }: Caller,
  message: unknown,
  openSession: OpenSession,
  now: number,
): Promise<unknown> {
  const type = isObject(message) ? message.type : message;
  switch (type) {
    case "whoami": {
      const app = await appNameOfGrant(env.DB, id.account, state.grant, now);
      return { user: id.user, module: id.module, access: level, app };
    }
    case "quota": {
      const { quotaBytes, usedBytes } = await module.quota.loadUsage();
      return { quotaBytes, usedBytes, availableBytes: Math.max(0, quotaBytes - usedBytes) };
    }
    case "session":
      return openSession();
    default:
      return null;
  }
}

/** The URL with which a client opens a socket in a session. */
export const sessionUrl = (endpoint: string, session: string): string =>
  `${endpoint}?session=${session}`;

/** The answer if neither Satchel nor the operator knows the custom request. */
export const UNKNOWN_CUSTOM_REQUEST: CallOutcome<never> = refuseMalformed(
  "Unknown custom request. Known ones are whoami, quota and session.",
);
