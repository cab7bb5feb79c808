/**
 * Starts remotestorage-server in memory. It is a library for the storage alone: WebFinger and the tokens are
 * wired here as its README says, and a token is made with POST /tokens.
 */

import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../peers/", import.meta.url));

/** The newest draft that it knows by its link relation. */
const DRAFT = "draft-dejong-remotestorage-04";

/** Starts the server; its data ends with it. */
export async function start() {
  const RemotestorageServer = require("remotestorage-server");
  // It logs whole requests.
  console.log = () => {};
  const tokens = createStore(":");
  const library = new RemotestorageServer(DRAFT, tokens, createStore("/"));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://server");
    if (pathname === "/.well-known/webfinger") {
      const [user] = (searchParams.get("resource") ?? "").replace(/^acct:/, "").split("@");
      const { port } = server.address();
      const link = library.getWebfingerLink("http", "127.0.0.1", port, user, null);
      response.writeHead(200, {
        "Content-Type": "application/jrd+json",
        "Access-Control-Allow-Origin": "*",
      });
      response.end(JSON.stringify({ links: [link] }));
    } else if (pathname === "/tokens" && request.method === "POST") {
      const [user, token, scope] = ["user", "token", "scope"].map((name) => searchParams.get(name));
      tokens.set(user, token, library.makeScopePaths(scope.split(" ")), () => {});
      response.end();
    } else library.storage(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    pid: process.pid,
    dispose: () => server.close(),
  };
}

/** A store of the kind that the library asks for. */
function createStore(separator) {
  const values = new Map();
  return {
    get: (user, key, callback) => callback(null, values.get(user + separator + key)),
    set(user, key, value, callback) {
      if (value === undefined) values.delete(user + separator + key);
      else values.set(user + separator + key, value);
      callback(null);
    },
  };
}
