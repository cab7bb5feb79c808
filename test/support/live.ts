/** Clients of the live endpoint. */

import { send, type TestApp } from "./provider";
import { openSocket } from "./rxdb/sockets";
import { waitUntil } from "./rxdb/wait";

/** A folder and its version, as messages have it. */
interface FolderVersion {
  path: string;
  ETag: string;
}

/** A message of the server. */
export interface LiveMessage {
  type: "watching" | "changed" | "refused";
  paths?: string[];
  folders?: FolderVersion[];
  documents?: { path: string; ETag: string | null }[];
  incomplete?: true;
  path?: string;
  code?: string;
}

/** The path of the endpoint, with the app's token in the query as browsers may send it. */
export const livePath = (app: TestApp): string =>
  `/live/${app.user}?${new URLSearchParams({ access_token: app.token })}`;

/** Requests a one-time URL. */
export const requestLiveSession = (app: TestApp): Promise<Response> =>
  send(`/live/${app.user}/session`, {
    method: "POST",
    headers: { Authorization: `Bearer ${app.token}`, Origin: "https://app.example" },
  });

/** A socket, and what it has received. */
export class LiveClient {
  readonly messages: LiveMessage[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (data !== "pong") this.messages.push(JSON.parse(String(data)));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  static async open(app: TestApp, path = livePath(app)): Promise<LiveClient> {
    return new LiveClient(await openSocket(path));
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Watches folders, and waits for the answer. */
  async watch(...folders: (string | { path: string; ETag?: string; documents?: boolean })[]) {
    const { length } = this.messages;
    const list = folders.map((folder) => (typeof folder === "string" ? { path: folder } : folder));
    this.send({ type: "watch", folders: list });
    await waitUntil(() => this.messages.slice(length).some(({ type }) => type === "watching"));
    return this.messages.slice(length).find(({ type }) => type === "watching") as LiveMessage;
  }

  /** The messages about changes. */
  get changes(): LiveMessage[] {
    return this.messages.filter(({ type }) => type === "changed");
  }

  /** The latest version that a message has named, by the folder's path. */
  get versions(): Record<string, string> {
    const folders = this.messages.flatMap(({ folders = [] }) => folders);
    return Object.fromEntries(folders.map(({ path, ETag }) => [path, ETag]));
  }

  /** Waits until the latest version of a folder that a message named is the one that a listing has. */
  async waitForVersionOf(app: TestApp, path: string): Promise<void> {
    const etag = await app.version(path);
    await waitUntil(() => `"${this.versions[path]}"` === etag);
  }
}
