/** Passes a request for a live socket from the Worker to the user's object. */

import type { Scope } from "../core/scope";

/** Who listens: an app with a token, or a page of the user's own. */
export interface Listener {
  /** Id of the account. */
  account: string;
  user: string;
  /** Id of the grant; null: a page, which may listen to everything. */
  grant: string | null;
  /** When the token or the page's permission expires, milliseconds since 1970; null: with its grant. */
  expiresAt: number | null;
}

/** Either a listener whose token was verified, with its scopes, or the secret of a one-time URL. */
export type LiveHandshake =
  | { listener: Listener; scopes: Scope[]; secret: null }
  | { listener: null; scopes: null; secret: string };

/** The header of the Worker's request to the object that carries a `LiveHandshake`. */
export const LIVE_HANDSHAKE_HEADER = "Satchel-Live";
