/** Starts armadietto's monolithic server on plain files, as its own command does. */

import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../peers/", import.meta.url));

/**
 * Starts the server with its data in `folder`. It logs only errors, so that logging does not slow it down.
 * @param {string} folder
 */
export async function start(folder) {
  const Armadietto = require("armadietto");
  process.umask(0o077);
  const http = { host: "127.0.0.1", port: 0 };
  const server = new Armadietto({
    store: new Armadietto.FileTree({ path: folder }),
    logging: { stdout: ["error"] },
    http,
    allow: { signup: true },
    cacheViews: true,
  });
  await server.boot();
  const { _http: listener } = await server._server;
  if (!listener.listening) await once(listener, "listening");
  return {
    url: `http://${http.host}:${listener.address().port}`,
    pid: process.pid,
    fillFolder: (...args) => copyDocument(folder, ...args),
    dispose: () => server.stop(),
  };
}

/** Like `copyDocument` of copy-document.mjs, in the file that describes a folder. */
function copyDocument(root, user, folder, count) {
  const file = join(root, user.slice(0, 2), user, "storage", folder, ".~meta");
  const description = JSON.parse(readFileSync(file, "utf8"));
  for (let number = 1; number < count; number++) {
    description.items[`document-${number}`] = description.items["document-0"];
  }
  writeFileSync(file, JSON.stringify(description, null, 2));
}
