/** The types of the package, and those that its files share. */

import type {
  MessageFromRemote,
  MessageToRemote,
  RemoteMessageChannel,
} from "rxdb/plugins/storage-remote";

/** The endpoints of a user's Satchel. */
export interface Discovery {
  address: string;
  /** Root of the remoteStorage documents. */
  storage: string;
  /** Where the user is asked to allow the app (RFC 6749: code flow with PKCE). */
  authorizationEndpoint: string | null;
  tokenEndpoint: string | null;
  /** Where an app can read the quota. */
  quota: string | null;
  /** Returns the WebSocket URL of a module. */
  urlOf(module: string): string;
}

/**
 * The state of a channel.
 *
 * - `connecting`, then `live`
 * - `waiting`: there is no socket; the next try comes by itself after `retryInMs`. `error` says why:
 *   `unreachable`, or that the server asks to wait
 * - `refused`: the server refuses a session, `error` says why. All pending requests were refused; the
 *   next try comes by itself, but later
 * - `lost`: a collection has to be opened again, so close the database and open it again. `error` says
 *   why, once per collection: `events-lost` (offline for so long that changes were missed) or `removed`
 *   (another client has removed it)
 * - `closed`
 */
export interface Status {
  state: "connecting" | "live" | "waiting" | "refused" | "lost" | "closed";
  retryInMs?: number;
  error?: { code: string; message: string };
}

/**
 * An access token, or a function that returns one. The function is called whenever a session is opened;
 * a second time, with the token that was just refused, if that one is not valid.
 */
export type Token = string | ((refused?: string) => string | Promise<string>);

export interface Timing {
  /** First delay before another try; it doubles with each failure. Default 100. */
  minPauseMs?: number;
  /** Longest delay. Default 30,000. */
  maxPauseMs?: number;
  /** Time between pings; a socket on which nothing arrives in between is dead. Default 15,000. */
  heartbeatMs?: number;
}

export type ChannelOptions = {
  token: Token;
  onStatus?: (status: Status) => void;
  timing?: Timing;
} & (
  | { /** Such as alice@example.com. */ address: string; module: string; url?: undefined }
  | {
      /** Such as wss://example.com/rxdb/alice/todos. */ url: string;
      module?: string;
      address?: undefined;
    }
);

/** The `messageChannelCreator` for `getRxStorageRemote`. */
export interface ChannelCreator {
  (): Promise<RemoteMessageChannel>;
  /** Closes all channels: in mode "one" RxDB never closes its channel. */
  close(): Promise<void>;
}

/** Creates channels to a module of a user's Satchel. */
export function satchelChannel(options: ChannelOptions): ChannelCreator;

/** Finds a user's Satchel by their address (WebFinger). Throws a SatchelError. */
export function discover(address: string): Promise<Discovery>;

/** A refusal of the server. */
export class SatchelError extends Error {
  code: string;
  /** Whether another try may succeed. */
  passes: boolean;
  /** How long the server asks to wait, or 0. */
  waitSeconds: number;
}

/** @internal */
export type Request = MessageToRemote;
/** @internal */
export type Answer = MessageFromRemote;
/** @internal */
export type Settings = { url: string; token: Token };
/** @internal */
export type Session = {
  url: string;
  session: string;
  expiresAt: number | null;
  /** Id of the newest event bulk when the session was opened. */
  after: string;
};
/** @internal */
export type ChannelSettings = Timing & {
  onStatus?: ((status: Status) => void) | undefined;
  onClose: () => void;
};
