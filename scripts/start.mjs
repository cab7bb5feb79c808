/** `npm start`: the whole provider on this machine, with its data in a folder. */

import module from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure, orFail } from "./failure.mjs";
import { ensureInstalled, ROOT, stopWithParent } from "./install.mjs";

const HELP = `Usage: npm start -- [--port 8000] [--host localhost] [--data .satchel] [--log]

Runs Satchel on this machine until Ctrl-C.

  --port PORT   where to listen; 0 for any free port           (or PORT in the environment)
  --host HOST   localhost, an address of this machine, or
                0.0.0.0 for all of them                        (or SATCHEL_HOST)
  --data DIR    folder of all accounts and documents           (or SATCHEL_DATA)
  --log         a line of JSON on stderr for each request
  --help        this text

Settings such as SIGN_UP or DEFAULT_QUOTA_BYTES, listed in wrangler.toml, are read from the
environment as well: SIGN_UP=closed npm start
`;

const OPTIONS = {
  port: { type: "string" },
  host: { type: "string" },
  data: { type: "string" },
  log: { type: "boolean" },
  help: { type: "boolean" },
};

await orFail(async () => {
  const { port, host, data, log, help } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  // Saves a third of the time that Miniflare takes to load.
  module.enableCompileCache(join(ROOT, "node_modules", ".cache", "satchel"));
  // Until the server is up there is nothing to end in order.
  onSignal(() => process.exit(0));
  const { SETTING_NAMES } = await import("./config.mjs");
  const { stopCompiler } = await import("./bundle.mjs");
  const { startLocal } = await import("./local.mjs");
  const { offerSetUp } = await import("./admin-link.mjs");
  const vars = Object.fromEntries(
    SETTING_NAMES.filter((name) => process.env[name] !== undefined).map((name) => [
      name,
      process.env[name],
    ]),
  );
  const server = await startLocal({ port, host, data, log, vars });
  const stop = async () => {
    await server.dispose();
    process.exit(0);
  };
  // Replaces ours from above and Miniflare's, which would exit at once with another code.
  onSignal(stop);
  stopWithParent(stop);
  const [setUp] = await Promise.all([server.database().then(offerSetUp), stopCompiler()]);
  greet(vars.ORIGIN || server.url, server, data, setUp);
});

function readOptions() {
  const values = parseOptions();
  const port = values.port ?? env("PORT") ?? "8000";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new Failure(`The port "${port}" must be a number from 0 to 65535.`);
  }
  return {
    help: values.help,
    log: values.log,
    port: Number(port),
    host: values.host ?? env("SATCHEL_HOST") ?? "localhost",
    data: resolve(values.data ?? env("SATCHEL_DATA") ?? join(ROOT, ".satchel")),
  };
}

/** An empty variable counts as none. */
function env(name) {
  return process.env[name] || undefined;
}

function parseOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new Failure(`${error.message.split(". ")[0]}: see npm start -- --help.`);
  }
}

function onSignal(listener) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, listener);
  }
}

/** With ORIGIN people come in by another address than the one that is listened on. */
function greet(origin, { url, settings }, data, setUp) {
  const behind = origin === url ? "" : ` (listening on ${url})`;
  const byInvitation = settings.SIGN_UP === "open" ? "" : " (by invitation)";
  const lines = [
    settings.SIGN_UP !== "closed" && ["Sign up", `${origin}/sign-up${byInvitation}`],
    setUp !== null && ["Become administrator", origin + setUp],
    ["Your address in an app", `<your name>@${new URL(origin).host}`],
    settings.MAIL === "local" && ["Mail to people", `${origin}/mail`],
    ["Your data", data],
  ];
  const shown = lines.filter(Boolean).map(([what, where]) => `  ${what.padEnd(25)}${where}`);
  console.log(
    `Satchel is running at ${origin}${behind}\n\n${shown.join("\n")}\n\nCtrl-C stops it.`,
  );
}
