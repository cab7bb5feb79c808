/**
 * Listens on this machine for where a dialog sends the browser (RFC 8252 §7.3). A code arrives in the query; a
 * token is in the fragment, which only a page can read: a small one sends it here.
 */

import { createServer } from "node:http";

const HOST = "127.0.0.1";

const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'",
};

const PAGE = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>remoteStorage conformance</title><p id="text">One moment …</p><script src="/script.js"></script>`;

/** Sends the whole address to this server, and removes the secrets from the history. */
const SCRIPT = `fetch("/answer", { method: "POST", body: location.href }).then(() => {
  history.replaceState(null, "", "/");
  document.getElementById("text").textContent = "You can close this window.";
});`;

/**
 * Starts to listen on a free port.
 * @returns {Promise<{redirectUri: string, nextAnswer: () => Promise<string>, close: () => void}>}
 *   `nextAnswer` resolves with the URL to which the next dialog sends the browser
 */
export async function listenForAnswers() {
  /** @type {(url: string) => void} */
  let resolveAnswer = () => {};
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://loopback");
    if (pathname === "/script.js") {
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(SCRIPT);
    } else if (pathname === "/answer" && request.method === "POST") {
      let body = "";
      request.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      request.on("end", () => {
        response.writeHead(204).end();
        resolveAnswer(body);
      });
    } else if (pathname === "/") response.writeHead(200, PAGE_HEADERS).end(PAGE);
    else response.writeHead(404).end();
  });
  await /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => {
      server.on("error", reject).listen(0, HOST, resolve);
    })
  );
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    redirectUri: `http://${HOST}:${port}/`,
    nextAnswer: () =>
      new Promise((resolve) => {
        resolveAnswer = resolve;
      }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
