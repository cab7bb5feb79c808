/** Starts reStore on plain files, as its README does. */

import { once } from "node:events";
import { createRequire } from "node:module";

const require = createRequire(new URL("../peers/", import.meta.url));

/**
 * Starts the server with its data in `folder`.
 * @param {string} folder
 */
export async function start(folder) {
  const Restore = require("restore");
  process.umask(0o077);
  const server = new Restore({
    store: new Restore.FileTree({ path: folder }),
    http: { host: "127.0.0.1", port: 0 },
    allow: { signup: true },
  });
  server.boot();
  const listener = server._httpServer;
  if (!listener.listening) await once(listener, "listening");
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    pid: process.pid,
    dispose: () => server.stop(),
  };
}
