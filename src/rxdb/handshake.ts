/** Passes a WebSocket request from the Worker to the object of a module. */

/** Identifies a module: the account that it belongs to, and its name. */
export interface ModuleId {
  /** Id of the account. */
  account: string;
  user: string;
  module: string;
}

/** What the Worker has found out about a request for a socket: JSON in `HANDSHAKE_HEADER`. */
export interface Handshake {
  owner: ModuleId;
  /** Hash of the secret in the URL: a session's, or the access token itself. */
  session: string;
  /** What the access token in the URL says; null if the secret is a session's. */
  token: { grant: string; expiresAt: number | null } | null;
  /** The URL as the client sees it, without its query. */
  endpoint: string;
  /** Id of the last event bulk that the client has received; null if it does not say. */
  after: string | null;
}

/** The header of the Worker's request to the object that carries a `Handshake`. */
export const HANDSHAKE_HEADER = "Satchel-Caller";
