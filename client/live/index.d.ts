/** The parts of remotestorage.js that are used: 1.2.3 and 2.0. */
export interface RemoteStorage {
  remote: {
    connected: boolean;
    token?: string;
    properties?: Record<string, unknown> | null;
  };
  access: { scopes: { name: string; mode: string }[] };
  scope(path: string): { getListing(path: string, maxAge: number): Promise<unknown> };
  startSync(): Promise<unknown>;
  getSyncInterval(): number;
  setSyncInterval(milliseconds: number): void;
  getBackgroundSyncInterval(): number;
  setBackgroundSyncInterval(milliseconds: number): void;
  on(event: string, handler: (event?: unknown) => void): void;
  removeEventListener(event: string, handler: (event?: unknown) => void): void;
}

/** `live`: changes arrive at once. `polling`: the app asks for them, as without this helper. */
export type Status = "live" | "polling";

export interface LiveOptions {
  /** Called whenever the status changes. */
  onStatus?: (status: Status) => void;
}

export interface Live {
  readonly status: Status;
  /** Ends it: the app asks for changes again, as often as before. */
  stop(): void;
}

/**
 * Has changes arrive at once in an app that uses remotestorage.js with caching: opens a socket while the
 * app is connected, visible and online, syncs when the server tells of a change, and lets the app ask
 * only every ten minutes meanwhile. Does nothing with a server that does not offer it.
 */
export function live(remoteStorage: RemoteStorage, options?: LiveOptions): Live;
