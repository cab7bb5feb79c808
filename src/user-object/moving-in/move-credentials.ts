/** The credential of a move at the old server: it is stored encrypted, and renewed while it is needed. */

import { BusyServerError, type guardedFetch } from "../../copying/guarded-fetch";
import type { MoveIn, MoveOwner, MoveRequest, OldCredential } from "../../copying/move-in";
import { seal, unseal } from "../../copying/sealed-token";
import { renewCredential } from "../../copying/sign-in";
import { MINUTE_MS } from "../../core/time";
import type { Env } from "../../env";
import { logWarning } from "../../platform/log";
import type { MoveStore } from "./move-store";

/** The credentials of the moves in a store. */
export class MoveCredentials {
  readonly #store: MoveStore;
  readonly #env: Env;
  readonly #clock: () => number;

  constructor(store: MoveStore, env: Env, clock: () => number) {
    this.#store = store;
    this.#env = env;
    this.#clock = clock;
  }

  /** A credential as it is stored: of use for this account and this storage root alone. */
  seal(move: MoveOwner & MoveRequest, credential: OldCredential, now: number): Promise<string> {
    return seal(this.#env, JSON.stringify(credential), sealContext(move), now);
  }

  /**
   * The credential of a move, renewed if it is about to expire; null: there is none that could be used. Rejects if the server
   * does not answer, or the signal ends it.
   */
  async load(
    move: MoveIn,
    fetch: ReturnType<typeof guardedFetch>,
    signal: AbortSignal,
  ): Promise<OldCredential | null> {
    const sealed = this.#store.token();
    const text = sealed && (await unseal(this.#env, sealed, sealContext(move), this.#clock()));
    if (!text) return null;
    const credential = JSON.parse(text) as OldCredential;
    const { expiresAt, refresh } = credential;
    if (expiresAt === null || expiresAt > this.#clock() + MINUTE_MS) return credential;
    if (refresh === null) return expiresAt > this.#clock() ? credential : null;
    try {
      const renewed = await renewCredential(refresh, move.clientId, fetch, this.#clock());
      await this.#replace(move, renewed);
      return renewed;
    } catch (error) {
      if (error instanceof BusyServerError || signal.aborted) throw error;
      logWarning("The token of another server could not be renewed.", error);
      return null;
    }
  }

  /** The token was refused: it is renewed before the next request. Returns false if the user has to sign in again instead. */
  async renewLater(move: MoveIn, credential: OldCredential): Promise<boolean> {
    const { expiresAt, refresh } = credential;
    if (refresh === null || expiresAt === 0) return false;
    await this.#replace(move, { ...credential, expiresAt: 0 });
    return true;
  }

  async #replace(move: MoveIn, credential: OldCredential): Promise<void> {
    const sealed = await this.seal(move, credential, this.#clock());
    // The move may have been cancelled meanwhile: then nothing is kept.
    if (this.#store.isUnfinished(move)) this.#store.putToken(sealed);
  }
}

/** What a token belongs to. */
const sealContext = ({ account, root }: Pick<MoveIn, "account" | "root">): string =>
  `${account} ${root}`;
