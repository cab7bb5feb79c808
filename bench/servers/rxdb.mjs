/** RxDB's own server of its Remote RxStorage, over its memory storage: nothing of it is on a disk. */

import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { startRxStorageRemoteWebsocketServer } from "rxdb/plugins/storage-remote-websocket";

/** Starts it in this process; what it holds ends with it. */
export async function start() {
  const { serverState } = await startRxStorageRemoteWebsocketServer({
    storage: getRxStorageMemory(),
    host: "127.0.0.1",
    port: 0,
  });
  const socket = serverState.server;
  await new Promise((resolve) =>
    socket.address() ? resolve() : socket.once("listening", resolve),
  );
  return {
    url: `ws://127.0.0.1:${socket.address().port}`,
    pid: process.pid,
    dispose: () => serverState.close(),
  };
}
