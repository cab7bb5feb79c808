/** `npm run example`: serves the example apps, whose windows are synchronized: to-dos and notes. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { bundle } from "./lib/compiler.mjs";
import { ensureInstalled, ROOT } from "./lib/install.mjs";
import { listenError } from "./lib/listen-addresses.mjs";

const HELP = `Usage: npm run example -- [--port 8001]

Serves the apps of the folder examples on this machine until Ctrl-C: a to-do list over RxDB, and notes over
remoteStorage. They need a running Satchel: run npm start in another shell, sign up there, and enter your
user address in one of them.

  --port PORT   port to listen on; 0 for any free port (default: 8001)
  --help        print this text
`;

/** A different site than localhost, as for a real app. */
const HOST = "127.0.0.1";

const FOLDER = join(ROOT, "examples");

/** The apps, by their folders. */
const APPS = ["todos", "notes"];

const HEADERS = {
  "Cache-Control": "no-cache",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src *; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/**
 * Bundles and serves the examples.
 * @param {number} port 0: any free port
 * @returns {Promise<{url: string, close: () => Promise<void>}>} the URL of the to-do list, and of notes with "../notes/"
 */
export async function serveExample(port) {
  const files = new Map([["/style.css", ["text/css", await readFile(join(FOLDER, "style.css"))]]]);
  for (const app of APPS) {
    files.set(`/${app}/`, ["text/html", await readFile(join(FOLDER, app, "index.html"))]);
    files.set(`/${app}/app.js`, ["text/javascript", await bundleApp(app)]);
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://app");
    if (pathname === "/") {
      response.writeHead(302, { ...HEADERS, Location: `/${APPS[0]}/` }).end();
      return;
    }
    const [type, body] = files.get(pathname) ?? [];
    response.writeHead(body ? 200 : 404, { ...HEADERS, "Content-Type": `${type}; charset=utf-8` });
    response.end(body);
  });
  await new Promise((resolve, reject) => {
    server.on("error", ({ code }) => reject(listenError(HOST, port, code)));
    server.listen(port, HOST, resolve);
  });
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://${HOST}:${server.address().port}/todos/`, close };
}

/** Bundles the script of an app, unless nothing has changed since the last time. */
async function bundleApp(app) {
  const [script] = await bundle(`example-${app}`, {
    entryPoints: [`examples/${app}/app.js`],
    alias: {
      "@satchel/rxdb-client": "./client/index.js",
      "@satchel/live": "./client/live/index.js",
    },
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
  });
  return script.text;
}

/** The command; tests import only `serveExample`. */
async function main() {
  const options = { port: { type: "string", default: "8001" }, help: { type: "boolean" } };
  const { port, help } = readOptions(options);
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const { url } = await serveExample(Number(port));
  const notes = new URL("../notes/", url);
  console.log(`To-dos (RxDB): ${url}\nNotes (remoteStorage): ${notes}\n\nPress Ctrl-C to stop.`);
}

function readOptions(options) {
  try {
    const { values } = parseArgs({ options });
    if (/^\d{1,5}$/.test(values.port) && Number(values.port) <= 65535) return values;
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run example -- --help.`);
  }
  throw new CommandError("The port must be a number from 0 to 65535.");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runCommand(main);
