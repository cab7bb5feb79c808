/**
 * A provider with the habits of others: names of folders are listed percent-encoded, nothing has a
 * Last-Modified, properties in WebFinger are booleans, as armadietto does; and it fails as it is told.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Documents = Record<string, { type: string; body: string; etag: string }>;

/** Answers a request in place of the provider; false if it does not. */
export type Trouble = (request: IncomingMessage, response: ServerResponse) => boolean;

const TOKEN = "old-token";

/** Starts the provider. It stops when the test ends. */
export async function startOldProvider(documents: Documents, trouble: Trouble = () => false) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { url = "", method = "", headers } = request;
    if (url.startsWith("/.well-known/webfinger")) return void response.writeHead(404).end();
    if (url.startsWith("/.well-known/host-meta.json")) {
      const properties = {
        "http://tools.ietf.org/html/rfc6750#section-2.3": true,
        "http://tools.ietf.org/html/rfc7233": false,
        "http://tools.ietf.org/html/rfc6749#section-4.2": `http://${headers.host}/oauth/alice`,
      };
      const href = `http://${headers.host}/storage/alice/`;
      const link = {
        href,
        rel: "remotestorage",
        type: "draft-dejong-remotestorage-02",
        properties,
      };
      return void response.end(JSON.stringify({ links: [link] }));
    }
    if (headers.authorization !== `Bearer ${TOKEN}`) return void response.writeHead(401).end();
    const path = decodeURIComponent(url.replace("/storage/alice", ""));
    requests.push(`${method} ${path}`);
    if (trouble(request, response)) return;
    if (path.endsWith("/")) return void response.end(JSON.stringify({ items: list(path) }));
    const document = documents[path];
    if (document === undefined) return void response.writeHead(404).end();
    const { type, body, etag } = document;
    response.writeHead(200, {
      ETag: `"${etag}"`,
      "Content-Type": type,
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(method === "HEAD" ? undefined : body);
  });

  const list = (folder: string): Record<string, object> =>
    Object.fromEntries(
      Object.entries(documents)
        .filter(([path]) => path.startsWith(folder))
        .map(([path, { type, body, etag }]) => {
          const [, name = "", below] = /^([^/]+)(\/)?/.exec(path.slice(folder.length)) ?? [];
          if (below) return [`${encodeURIComponent(name)}/`, { ETag: "folder" }];
          const length = Buffer.byteLength(body);
          return [name, { ETag: etag, "Content-Type": type, "Content-Length": length }];
        }),
    );

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `alice@127.0.0.1:${port}`, token: TOKEN, requests };
}
