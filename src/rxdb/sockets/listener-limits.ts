/** Whether a socket may get an event: its session must be valid, and its app within its limit of bytes. */

import type { Env } from "../../env";
import { limitBytes, recordBytes } from "../../http/rate-limits";
import { BAD_TOKEN } from "../../storage/refusals";
import type { SocketRefusal } from "../refusals";
import { isExpired, type SocketState } from "./socket-state";

/** The limits of those who listen in one module. */
export class ListenerLimits {
  readonly #env: Env;
  readonly #account: string;

  /** `account`: the id of the account that the module belongs to. */
  constructor(env: Env, account: string) {
    this.#env = env;
    this.#account = account;
  }

  /**
   * Counts the bytes of an event bulk. Null, or why a socket must not get it. `isWriter`: it gets the bulk
   * in any case, since the answer to its write follows.
   */
  check(state: SocketState, bytes: number, isWriter: boolean, now: number): SocketRefusal | null {
    if (isExpired(state, now)) return BAD_TOKEN;
    const claims = { account: this.#account, grant: state.grant };
    if (!isWriter) return limitBytes(this.#env, claims, bytes, now);
    recordBytes(this.#env, claims, bytes, now);
    return null;
  }
}
