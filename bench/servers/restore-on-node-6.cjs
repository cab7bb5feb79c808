/**
 * Runs reStore on plain files, as its README does, in Node 6: `node restore-on-node-6.cjs <folder>`, with an IPC
 * channel to the bench as in server-process.mjs. Written in what Node 6 knows.
 */

"use strict";

const Restore = require("../peers/node_modules/restore");

process.umask(0o077);
const server = new Restore({
  store: new Restore.FileTree({ path: process.argv[2] }),
  http: { host: "127.0.0.1", port: 0 },
  allow: { signup: true },
});
server.boot();
const listener = server._httpServer;
listener.on("listening", () => {
  process.send({ url: `http://127.0.0.1:${listener.address().port}`, pid: process.pid });
});
process.on("disconnect", () => process.exit());
