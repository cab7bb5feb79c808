/** Types of the package, and of what its files hand each other. */

import type {
  MessageFromRemote,
  MessageToRemote,
  RemoteMessageChannel,
} from "rxdb/plugins/storage-remote";

/** Where somebody's Satchel has what. */
export interface Discovery {
  address: string;
  /** Root of the remoteStorage documents. */
  storage: string;
  /** Where a person is asked whether the app may in (RFC 6749: code flow with PKCE). */
  authorizationEndpoint: string | null;
  tokenEndpoint: string | null;
  /** Where an app reads how much room there is. */
  quota: string | null;
  /** The WebSocket address of a module. */
  urlOf(module: string): string;
}

/**
 * How it stands with the socket.
 *
 * - `connecting`, then `live`
 * - `waiting`: no connection; the next try comes by itself after `retryInMs`. `error` says why:
 *   `unreachable`, or what the server asks to wait for
 * - `refused`: the server said no (`error` says why), and whatever waited was told so; it is tried
 *   again, too, but less often
 * - `lost`: a collection has to be opened anew, so close the database and open it again. `error` says
 *   why, once for each: `events-lost` (away for so long that changes cannot be caught up on) or
 *   `removed` (somebody else has removed it)
 * - `closed`
 */
export interface Status {
  state: "connecting" | "live" | "waiting" | "refused" | "lost" | "closed";
  retryInMs?: number;
  error?: { code: string; message: string };
}

/**
 * A bearer token, or who has one. The function is called whenever a session is opened; with the
 * token that was just refused, if it should get another.
 */
export type Token = string | ((refused?: string) => string | Promise<string>);

export interface Timing {
  /** First pause before another try; it doubles. 100. */
  minPauseMs?: number;
  /** The longest pause. 30,000. */
  maxPauseMs?: number;
  /** How often a silent socket is asked whether it is alive; the answer may take as long. 15,000. */
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

/** What `getRxStorageRemote` takes as `messageChannelCreator`. */
export interface ChannelCreator {
  (): Promise<RemoteMessageChannel>;
  /** Closes all channels: in mode "one" RxDB itself never closes its channel. */
  close(): Promise<void>;
}

export function satchelChannel(options: ChannelOptions): ChannelCreator;

/** Finds somebody's Satchel by their address alone (WebFinger). Throws a SatchelError. */
export function discover(address: string): Promise<Discovery>;

/** A refusal of the server. */
export class SatchelError extends Error {
  code: string;
  /** Whether another try may go better. */
  passes: boolean;
  /** What the server asks to wait, or 0. */
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
  /** Id of the newest change when it was opened. */
  after: string;
};
/** @internal */
export type ChannelSettings = Timing & {
  onStatus?: ((status: Status) => void) | undefined;
  onClose: () => void;
};
