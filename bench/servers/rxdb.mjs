/** Starts RxDB's own Remote RxStorage server over its memory storage, which writes nothing to disk. */

import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { startRxStorageRemoteWebsocketServer } from "rxdb/plugins/storage-remote-websocket";

/** Starts the server in this process. */
export async function start() {
  const { serverState } = await startRxStorageRemoteWebsocketServer({
    storage: getRxStorageMemory(),
    host: "127.0.0.1",
    port: 0,
  });
  const socketServer = serverState.server;
  await new Promise((resolve) =>
    socketServer.address() ? resolve() : socketServer.once("listening", resolve),
  );
  return {
    url: `ws://127.0.0.1:${socketServer.address().port}`,
    pid: process.pid,
    dispose: () => serverState.close(),
  };
}
