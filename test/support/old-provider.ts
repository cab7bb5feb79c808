/**
 * Another provider, as the Worker reaches it by `fetch`: with the habits of old servers (names of folders listed
 * percent-encoded, no Last-Modified, ETags of folders that do not change), and it fails as it is told.
 */

import { exports } from "cloudflare:workers";
import { afterAll, onTestFinished, vi } from "vitest";
import { ORIGIN } from "./provider";
import { urlOf } from "./urls";

export interface OldDocument {
  body: string | Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
  /** When it was last modified, as an HTTP date, and where the provider says it; it does not if it is missing. */
  modified?: { listed?: string; sent?: string };
}

/** Answers a request in place of the provider; undefined: it does not. */
export type Trouble = (
  request: Request,
  path: string,
) => Promise<Response | undefined> | Response | undefined;

export const OLD_TOKEN = "old-token";
export const OLD_ORIGIN = "https://old.example";

/** The provider, with the documents of alice@old.example. */
export interface OldProvider {
  address: string;
  root: string;
  /** May be changed at any time. */
  documents: Record<string, OldDocument>;
  trouble: Trouble;
  /** Every request, such as "GET /storage/alice/notes/". */
  requests: string[];
  /** The requests themselves. */
  received: Request[];
  /** The links of its WebFinger record. */
  properties: Record<string, unknown>;
}

/** Documents of the type text/x, by their paths; the ETag of each is its text. */
export const documentsOf = (bodies: Record<string, string>): Record<string, OldDocument> =>
  Object.fromEntries(
    Object.entries(bodies).map(([path, body]) => [
      path,
      { body, type: "text/x", etag: body.slice(0, 20) },
    ]),
  );

/** Starts the provider, until the end of the test. Requests to our own origins reach our Worker. */
export function startOldProvider(documents: Record<string, OldDocument>): OldProvider {
  const provider: OldProvider = {
    address: "alice@old.example",
    root: `${OLD_ORIGIN}/storage/alice`,
    documents,
    trouble: () => undefined,
    requests: [],
    received: [],
    properties: {
      "http://tools.ietf.org/html/rfc6750#section-2.3": true,
      "http://tools.ietf.org/html/rfc6749#section-4.2": `${OLD_ORIGIN}/oauth/alice`,
    },
  };
  current = provider;
  onTestFinished(() => {
    current = null;
  });
  return provider;
}

/** The provider of the test. */
let current: OldProvider | null = null;

// Until the end of the file: alarms of objects may come after the end of their test.
const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
  const request = new Request(input as string, init);
  const { origin, pathname } = new URL(request.url);
  if (current === null) throw new Error("The test has ended.");
  current.received.push(request);
  current.requests.push(`${request.method} ${decodeURIComponent(pathname)}`);
  const path = decodeURIComponent(pathname.replace("/storage/alice", ""));
  const troubled = await current.trouble(request, path);
  if (troubled) return troubled;
  const isOwn = origin === ORIGIN || origin === urlOf(pathname).origin;
  if (isOwn) return exports.default.fetch(request);
  if (origin !== OLD_ORIGIN) throw new Error(`There is no ${origin}.`);
  return serve(current, request, path);
});
afterAll(() => spy.mockRestore());

function serve(provider: OldProvider, request: Request, path: string): Response {
  if (path.startsWith("/.well-known/host-meta.json")) {
    const { properties, root } = provider;
    const link = {
      rel: "remotestorage",
      type: "draft-dejong-remotestorage-02",
      href: `${root}/`,
      properties,
    };
    return Response.json({ links: [link] });
  }
  if (!request.url.startsWith(provider.root)) return new Response(null, { status: 404 });
  if (request.headers.get("authorization") !== `Bearer ${OLD_TOKEN}`) {
    return new Response(null, { status: 401 });
  }
  if (path.endsWith("/")) return Response.json({ items: list(provider.documents, path) });
  const document = provider.documents[path];
  if (document === undefined) return new Response(null, { status: 404 });
  const { body, type, etag, modified } = document;
  const headers = {
    ETag: `"${encodeURIComponent(etag)}"`,
    "Content-Type": type,
    ...(modified?.sent && { "Last-Modified": modified.sent }),
  };
  if (request.headers.get("if-none-match") === headers.ETag) {
    return new Response(null, { status: 304, headers });
  }
  const length = String(new Blob([body]).size);
  const bytes = request.method === "HEAD" ? null : body;
  return new Response(bytes, { headers: { ...headers, "Content-Length": length } });
}

const list = (documents: Record<string, OldDocument>, folder: string): Record<string, object> =>
  Object.fromEntries(
    Object.entries(documents)
      .filter(([path]) => path.startsWith(folder))
      .map(([path, { type, body, etag, modified }]) => {
        const [, name = "", below] = /^([^/]+)(\/)?/.exec(path.slice(folder.length)) ?? [];
        if (below) return [`${encodeURIComponent(name)}/`, { ETag: "folder" }];
        const length = new Blob([body]).size;
        const facts = {
          ETag: encodeURIComponent(etag),
          "Content-Type": type,
          "Content-Length": length,
          ...(modified?.listed && { "Last-Modified": modified.listed }),
        };
        return [name, facts];
      }),
  );
