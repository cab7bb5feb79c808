/** `npm start`: runs the provider on this machine, with its data in a folder. */

import module from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled, ROOT, stopWithParent } from "./lib/install.mjs";
import { isLoopback } from "./lib/listen-addresses.mjs";

const HELP = `Usage: npm start -- [--port 8000] [--host localhost] [--origin ORIGIN] [--data .satchel] [--log]

Runs Satchel on this machine until Ctrl-C.

  --port PORT   port to listen on; 0 for any free port             (or PORT in the environment)
  --host HOST   localhost, an address of this machine, or
                0.0.0.0 for all of its addresses                   (or SATCHEL_HOST)
  --origin URL  https://satchel.example, if a proxy serves it there  (or ORIGIN)
  --data DIR    folder in which accounts and documents are stored  (or SATCHEL_DATA)
  --log         write a line of JSON to stderr for each request
  --help        print this text

The settings of wrangler.toml, such as SIGN_UP and DEFAULT_QUOTA_BYTES, can be overridden in the
environment: SIGN_UP=closed npm start
`;

const OPTIONS = {
  port: { type: "string" },
  host: { type: "string" },
  origin: { type: "string" },
  data: { type: "string" },
  log: { type: "boolean" },
  help: { type: "boolean" },
};

await runCommand(async () => {
  const { port, host, origin, data, log, help } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  // Saves a third of the time that loading Miniflare takes.
  module.enableCompileCache(join(ROOT, "node_modules", ".cache", "satchel"));
  // Until the server is running, nothing needs an orderly end.
  onSignal(() => process.exit(0));
  const { SETTING_NAMES } = await import("./lib/worker-config.mjs");
  const { stopCompiler } = await import("./lib/compiler.mjs");
  const { startLocalServer } = await import("./lib/local-server.mjs");
  const vars = Object.fromEntries(
    SETTING_NAMES.filter((name) => process.env[name] !== undefined).map((name) => [
      name,
      process.env[name],
    ]),
  );
  if (origin !== undefined) vars.ORIGIN = origin;
  const server = await startLocalServer({ port, host, data, log, vars, offersAdminLink: true });
  const stop = async () => {
    await server.dispose();
    process.exit(0);
  };
  // Replaces the listener above, and Miniflare's, which would exit at once with another code.
  onSignal(stop);
  stopWithParent(stop);
  await stopCompiler();
  printAddresses(vars.ORIGIN || server.url, server, data);
  warnOfForgers(host, server.settings);
});

function readOptions() {
  const values = parseOptions();
  const port = values.port ?? env("PORT") ?? "8000";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new CommandError(`The port "${port}" must be a number from 0 to 65535.`);
  }
  return {
    help: values.help,
    log: values.log,
    origin: values.origin,
    port: Number(port),
    host: values.host ?? env("SATCHEL_HOST") ?? "localhost",
    data: resolve(values.data ?? env("SATCHEL_DATA") ?? join(ROOT, ".satchel")),
  };
}

/** An empty variable counts as not set. */
function env(name) {
  return process.env[name] || undefined;
}

function parseOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm start -- --help.`);
  }
}

function onSignal(listener) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, listener);
  }
}

/** Whoever reaches the server past the proxy can pretend any address and protocol. */
function warnOfForgers(host, { TRUST_PROXY }) {
  if (TRUST_PROXY !== "yes" || isLoopback(host)) return;
  console.error(
    `\nTRUST_PROXY is on, but ${host} can be reached from other machines: let only the proxy reach it, such as by a firewall.`,
  );
}

/** `origin`: where users open the pages; with ORIGIN it is not the address that the server listens on. */
function printAddresses(origin, { url, settings, mailPath, adminLink }, data) {
  const listeningOn = origin === url ? "" : ` (listening on ${url})`;
  const byInvitation = settings.SIGN_UP === "open" ? "" : " (by invitation)";
  const lines = [
    settings.SIGN_UP !== "closed" && ["Sign up", `${origin}/sign-up${byInvitation}`],
    adminLink !== null && ["Become administrator", origin + adminLink],
    ["User address for apps", `<your name>@${new URL(origin).host}`],
    settings.MAIL === "local" && ["Mail to users", origin + mailPath],
    ["Data folder", data],
  ];
  const table = lines.filter(Boolean).map(([name, value]) => `  ${name.padEnd(25)}${value}`);
  console.log(
    `Satchel is running at ${origin}${listeningOn}\n\n${table.join("\n")}\n\nPress Ctrl-C to stop.`,
  );
}
