/** customRequest: what an app can ask that is not of the storage. */

import type { Env } from "../../env";
import { appNameOfGrant } from "../../oauth/grants";
import type { Caller, Module, Owner } from "../module";
import { malformed, type Reply } from "../refusals";
import { isObject } from "./frames";

/** Who sends a custom message, for the handler of an operator. */
export interface CustomCaller {
  user: string;
  module: string;
  /** Whether they may write, too. */
  access: "r" | "rw";
}

/** Opens a session for a caller. */
type OpenSession = () => Promise<{ session: string; url: string; expiresAt: number | null }>;

/**
 * Answers the requests that every Satchel knows: "whoami", "quota" and "session", or objects with
 * such a type. Null: it is none of them.
 */
export async function answerCustom(
  { env, owner, module }: { env: Env; owner: Owner; module: Module },
  { seat, level }: Caller,
  message: unknown,
  openSession: OpenSession,
  now: number,
): Promise<unknown> {
  const type = isObject(message) ? message.type : message;
  switch (type) {
    case "whoami": {
      const app = await appNameOfGrant(env.DB, owner.account, seat.grant, now);
      return { user: owner.user, module: owner.module, access: level, app };
    }
    case "quota": {
      const { quotaBytes, usedBytes } = await module.ledger.readRoom();
      return { quotaBytes, usedBytes, availableBytes: Math.max(0, quotaBytes - usedBytes) };
    }
    case "session":
      return openSession();
    default:
      return null;
  }
}

/** Where a client finds a session again. */
export const sessionUrl = (endpoint: string, session: string): string =>
  `${endpoint}?session=${session}`;

/** Where neither Satchel nor the operator knows an answer. */
export const UNKNOWN_REQUEST: Reply<never> = malformed(
  "This custom request is not known here. There are whoami, quota and session.",
);
