/** Unmodified RxDB clients, version 16 and 17, on WebSockets of the Worker. */

import { createRxDatabase, type RxDatabase, type RxStorage } from "rxdb/plugins/core";
import {
  getRxStorageRemote,
  type MessageFromRemote,
  type RemoteMessageChannel,
  type RxStorageRemote,
} from "rxdb/plugins/storage-remote";
import { createRxDatabase as createRxDatabase16 } from "rxdb-16/plugins/core";
import { getRxStorageRemote as getRxStorageRemote16 } from "rxdb-16/plugins/storage-remote";
import { Subject } from "rxjs";
import { Network } from "./network";

/** One version of RxDB, as an app has it from npm. */
export interface RxdbVersion {
  version: string;
  createRxDatabase: typeof createRxDatabase;
  getRxStorageRemote: typeof getRxStorageRemote;
}

export const RXDB_17: RxdbVersion = { version: "17", createRxDatabase, getRxStorageRemote };

export const RXDB_16: RxdbVersion = {
  version: "16",
  createRxDatabase: createRxDatabase16 as unknown as typeof createRxDatabase,
  getRxStorageRemote: getRxStorageRemote16 as unknown as typeof getRxStorageRemote,
};

export const RXDB_VERSIONS = [RXDB_16, RXDB_17];

const usesBlobs = ({ version }: RxdbVersion): boolean => version === "17";

export type Mode = "one" | "storage" | "database" | "collection";

/** An RxDB client, like a browser of its own. */
export interface Client {
  network: Network;
  storage: RxStorageRemote;
  /** Opens a database. RxDB takes it for one of another process. */
  open(name: string, options?: object): Promise<RxDatabase>;
}

let clientCount = 0;

/** Creates a client. RxDB 17 has Blobs where version 16 has base64. */
export function createClient(
  url: string | Network,
  rxdb = RXDB_17,
  mode: Mode = "storage",
): Client {
  const network = typeof url === "string" ? new Network(url) : url;
  const identifier = `client-${++clientCount}`;
  const storage = rxdb.getRxStorageRemote({
    identifier,
    mode,
    messageChannelCreator: usesBlobs(rxdb)
      ? async () => withBlobs(await network.messageChannelCreator())
      : network.messageChannelCreator,
  });
  // Two databases with one name in one process need storages with different names.
  Object.assign(storage, { name: identifier });
  const open = (name: string, options: object = {}): Promise<RxDatabase> =>
    rxdb.createRxDatabase({
      name,
      storage: storage as unknown as RxStorage<unknown, unknown>,
      multiInstance: false,
      ...options,
    });
  return { network, storage, open };
}

/** Turns attachments in answers into Blobs, as RxDB's plugin for WebSockets does. */
function withBlobs(channel: RemoteMessageChannel): RemoteMessageChannel {
  const messages$ = new Subject<MessageFromRemote>();
  channel.messages$.subscribe((message) => {
    const isData = message.method === "getAttachmentData" && typeof message.return === "string";
    const data = isData ? new Blob([Buffer.from(message.return, "base64")]) : message.return;
    messages$.next(isData ? { ...message, return: data } : message);
  });
  return { ...channel, messages$ };
}
