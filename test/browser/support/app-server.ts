/** A server of apps on another site than the provider, with unmodified builds of remoteStorage.js. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

/** The tested releases of remoteStorage.js, and their npm packages. */
const PACKAGES = {
  "1.2.3": "remotestoragejs",
  "2.0.0-beta.10": "remotestoragejs-next",
} as const;

/** A release of remoteStorage.js. */
export type LibraryRelease = keyof typeof PACKAGES;

/** All tested releases. */
export const RELEASES = Object.keys(PACKAGES) as LibraryRelease[];

/** How an app is configured. */
export interface AppOptions {
  release: LibraryRelease;
  /** Whether it caches and syncs; otherwise every call goes to the server. */
  cache?: boolean;
  /** Whether it is told of changes by `@satchel/live`, too. */
  live?: boolean;
  /** The scope that the app requests. */
  module?: string;
  level?: "r" | "rw";
}

/** The running server. */
export interface AppServer {
  origin: string;
  /** A page on another origin, to which the path /moved of this one redirects. */
  movedUrl: string;
  /** The address of the app with these options. */
  appUrl(options: AppOptions): string;
  /** Requested paths that do not exist. */
  unknownPaths: string[];
  close(): Promise<void>;
}

const require = createRequire(import.meta.url);

const script = (path: string | URL): [string, Buffer] => ["text/javascript", readFileSync(path)];

const FILES = new Map<string, [type: string, body: string | Buffer]>([
  ...Object.values(PACKAGES).map(
    (name) => [`/${name}.js`, script(require.resolve(`${name}/release/remotestorage.js`))] as const,
  ),
  ["/widget.js", script(require.resolve("remotestorage-widget/build/widget.js"))],
  ["/live.js", script(new URL("../../../client/live/index.js", import.meta.url))],
  ["/app.js", script(new URL("app-page.js", import.meta.url))],
  ["/blank", ["text/html", "<!doctype html><title>A page</title>"]],
]);

const appPage = (release: LibraryRelease): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Notes</title>
  <link rel="icon" href="data:,">
  <style>* { animation: none !important; transition: none !important }</style>
  <div id="widget"></div>
  <script src="/${PACKAGES[release]}.js"></script>
  <script src="/widget.js"></script>
  <script src="/app.js"></script>
  <script type="module">
    import { live } from "/live.js";
    if (location.pathname.split("/")[2] === "live") window.live = live(remoteStorage);
  </script>
</html>`;

/** Starts the server on 127.0.0.1: for cookies another site than localhost, where the provider is. */
export async function startAppServer(): Promise<AppServer> {
  const unknownPaths: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "", "http://app").pathname;
    if (path === "/moved") {
      const { search } = new URL(request.url ?? "", "http://app");
      response.writeHead(302, { Location: movedUrl + search }).end();
      return;
    }
    const release = RELEASES.find((name) => path.startsWith(`/${name}/`));
    const file = release ? (["text/html", appPage(release)] as const) : FILES.get(path);
    if (!file) unknownPaths.push(path);
    const [type, body] = file ?? ["text/plain", "Not found."];
    const headers = {
      "Content-Type": `${type}; charset=utf-8`,
      // Browsers need not compile the scripts anew for each page.
      ...(type === "text/javascript" ? { "Cache-Control": "max-age=3600" } : {}),
    };
    response.writeHead(file ? 200 : 404, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port.");
  const origin = `http://127.0.0.1:${address.port}`;
  // Browsers take all of these names for this computer.
  const movedUrl = `http://app.localhost:${address.port}/blank`;
  return {
    origin,
    movedUrl,
    unknownPaths,
    // The options are in the path, because remoteStorage.js redirects without the query.
    appUrl: ({ release, cache = false, live = false, module = "notes", level = "rw" }) =>
      `${origin}/${release}/${live ? "live" : cache ? "cached" : "direct"}/${module}/${level}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
