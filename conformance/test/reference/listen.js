/** Serves the reference server on this machine, over real HTTP. */

import { createServer } from "node:http";
import { Readable } from "node:stream";

/**
 * Listens on a free port.
 * @param {(request: Request, raw: import("node:http").IncomingMessage) => Promise<Response | null>} handle
 *   null: the connection is closed without an answer
 * @returns {Promise<{host: string, close: () => Promise<void>}>}
 */
export async function listen(handle) {
  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const hasBody = method === "PUT" || method === "POST";
    const request = new Request(`http://${headers.host}${url}`, {
      method,
      headers: Object.entries(headers).flatMap(([name, value]) =>
        typeof value === "string" ? [/** @type {[string, string]} */ ([name, value])] : [],
      ),
      ...(hasBody ? { body: Readable.toWeb(incoming), duplex: "half" } : {}),
    });
    const response = await handle(request, incoming);
    if (response === null) return void outgoing.destroy();
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    host: `127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
