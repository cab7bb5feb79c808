/** The commands and their options. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { bareETag } from "../transfer/listing.js";
import { TransferError } from "../transfer/requests.js";
import { exportArchive } from "./commands/export.js";
import { get } from "./commands/get.js";
import { importArchive } from "./commands/import.js";
import { login } from "./commands/login.js";
import { ls } from "./commands/ls.js";
import { move } from "./commands/move.js";
import { put } from "./commands/put.js";
import { rm } from "./commands/rm.js";
import { sync } from "./commands/sync.js";
import { usage } from "./commands/usage.js";
import { connect } from "./lib/connection.js";
import { EXIT } from "./lib/exit-codes.js";
import { createOutput, printable } from "./lib/output.js";
import { isRefusal } from "./lib/refusal.js";

const AFTER_HELP = `
An address is such as alice@example.com, or a storage root. It and its token come from --address and
--token, from SATCHEL_ADDRESS and SATCHEL_TOKEN, or from satchel login.

Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 done in part, 130 interrupted.
All commands and options are explained in docs/command-line.md.`;

/**
 * Runs a command line. Returns the exit code.
 * @param {string[]} args without "node" and the script
 * @param {import("./lib/host.js").Host} host
 * @param {AbortSignal} signal ends the command before it is done
 * @returns {Promise<number>}
 */
export async function runProgram(args, host, signal) {
  /** @type {number} */
  let exitCode = EXIT.done;
  /** @param {{json?: boolean}} options @returns {import("./lib/connection.js").Context} */
  const createContext = ({ json = false }) => {
    const output = createOutput({ isJson: json, host });
    const onWait = (/** @type {{url: string, ms: number, reason: string}} */ { url, ms, reason }) =>
      output.note(`${new URL(url).host}: ${reason}; again in ${Math.ceil(ms / 1000)} s`);
    return { env: host.env, streams: host, output, signal, network: { signal, onWait } };
  };
  const program = buildProgram({
    host,
    createContext,
    onExit: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (signal.aborted) return EXIT.interrupted;
    if (!isRefusal(error)) throw error;
    const { code } = error;
    const isUnauthorized = code === "unauthorized" || code === "invalid_grant";
    const hint = isUnauthorized ? " Use satchel login to get a token." : "";
    const message = error.message + hint;
    const text = program.opts().json
      ? JSON.stringify({ error: code, message })
      : printable(message);
    host.stderr.write(`${text}\n`);
    return EXIT.failed;
  }
}

/**
 * @typedef {object} Surroundings
 * @property {import("./lib/host.js").Host} host
 * @property {(options: {json?: boolean}) => import("./lib/connection.js").Context} createContext
 * @property {(code: number) => void} onExit
 */

/** @param {Surroundings} surroundings */
function buildProgram({ host, createContext, onExit }) {
  const program = new Command("satchel")
    .description("Reads and writes a remoteStorage, at Satchel or any other provider.")
    .option("--address <address>", "whose storage")
    .option("--token <token>", "an access token")
    .option("--json", "print JSON, one value a line")
    .addHelpText("after", AFTER_HELP)
    .showHelpAfterError("Run satchel --help for the commands.")
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
    })
    .exitOverride();

  /**
   * An action on a connected storage.
   * @param {(context: import("./lib/connection.js").Context, connection: import("./lib/connection.js").Connection, ...args: any[]) => Promise<number>} work
   * @param {(...args: any[]) => object} toOptions
   */
  const connected =
    (work, toOptions) =>
    /** @param {any[]} args */
    async (...args) => {
      const context = createContext(program.opts());
      const connection = await connect(context, program.opts());
      onExit(await work(context, connection, toOptions(...args)));
    };

  program
    .command("login")
    .description("get a token and store it for later commands")
    .argument("[address]", "such as alice@example.com")
    .option("--scope <scope>", "what to ask for, such as notes:rw", "*:rw")
    .addOption(
      new Option("--method <method>", "how to sign in").choices(["code", "browser", "paste"]),
    )
    .action(async (typed, options) => {
      const context = createContext(program.opts());
      const { address: option, token } = program.opts();
      const address = typed ?? option ?? context.env.SATCHEL_ADDRESS;
      if (!address)
        throw new TransferError("no-address", "Say whose storage: satchel login <address>.");
      onExit(await login(context, { ...options, address, token }));
    });

  program
    .command("ls")
    .description("list a folder")
    .argument("[folder]", "such as notes/", "/")
    .option("-l, --long", "with size, time and type")
    .option("-r, --recursive", "with all documents below it")
    .action(connected(ls, (folder, options) => ({ folder, ...options })));

  program
    .command("get")
    .description("download a document")
    .argument("<document>", "such as notes/a.txt")
    .argument("[file]", "file or folder to write to; - is stdout")
    .option("-f, --force", "replace an existing file")
    .action(connected(get, (document, file, options) => ({ document, file, ...options })));

  program
    .command("put")
    .description("upload a file")
    .argument("<file>", "file to read; - is stdin")
    .argument("<document>", "document to write, or folder/")
    .option("--type <type>", "its content type, otherwise by its name", parseType)
    .option("--no-replace", "fail if the document exists")
    .option("--if-match <etag>", "replace only this version", parseETag)
    .action(connected(put, (file, document, options) => ({ file, document, ...options })));

  program
    .command("rm")
    .description("delete documents")
    .argument("<paths...>", "such as notes/a.txt")
    .option("-r, --recursive", "folders, too, with all that is in them")
    .action(connected(rm, (paths, options) => ({ paths, ...options })));

  program
    .command("usage")
    .description("show how much is stored in each module")
    .action(connected(usage, () => ({})));

  program
    .command("export")
    .description("write an archive of all documents and databases")
    .argument("<file>", "the ZIP to write")
    .option("--modules <names>", "only these modules, separated by commas", parseModules, [])
    .option("-f, --force", "replace an existing file")
    .action(connected(exportArchive, (file, options) => ({ file, ...options })));

  program
    .command("import")
    .description("write what is in an archive, another ZIP, or a folder")
    .argument("<source>", "ZIP or folder to read")
    .addOption(onConflictOption())
    .option("--dry-run", "say what would be done, and do nothing")
    .action(connected(importArchive, (source, options) => ({ source, ...options })));

  program
    .command("sync")
    .description("keep a folder and a storage equal, both ways")
    .argument("<local>", "folder of this computer")
    .argument("[remote]", "folder of the storage", "/")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--delete-many", "also if most of what was there is gone on one side")
    .addOption(
      new Option("--watch", "go on, whenever something changes, until Ctrl-C").conflicts("dryRun"),
    )
    .option(
      "--interval <seconds>",
      "with --watch: how often to ask a server that does not tell of changes",
      parseSeconds,
      30,
    )
    .action(connected(sync, (local, remote, options) => ({ local, remote, ...options })));

  program
    .command("move")
    .description(
      "copy all documents and databases from one storage to another; run it again for what changed since",
    )
    .argument("<from>", "address of the old storage, from which nothing is deleted")
    .argument("<to>", "address of the new storage")
    .option("--from-token <token>", "token of the old one, otherwise that of satchel login")
    .option("--to-token <token>", "token of the new one")
    .option("--modules <names>", "only these modules, separated by commas", parseModules, [])
    .addOption(onConflictOption())
    .option("--dry-run", "say what would be done, and do nothing")
    .action(async (from, to, options) => {
      onExit(await move(createContext(program.opts()), { from, to, ...options }));
    });

  return program;
}

const onConflictOption = () =>
  new Option("--on-conflict <choice>", "what to do if another document is there")
    .choices(["keep", "replace", "both"])
    .default("keep");

/** @param {string} names */
function parseModules(names) {
  const modules = names.split(",");
  if (modules.some((name) => /^(?:public|\.{0,2})$|\//.test(name))) {
    throw new InvalidArgumentError("Modules are such as notes,photos.");
  }
  return modules;
}

/** @param {string} seconds */
function parseSeconds(seconds) {
  if (!/^[1-9]\d{0,4}$/.test(seconds))
    throw new InvalidArgumentError("It is no number of seconds.");
  return Number(seconds);
}

/** With or without its quotes. @param {string} typed */
function parseETag(typed) {
  const etag = bareETag(typed) ?? "";
  // RFC 9110 §8.8.3, without what a header cannot have.
  if (!/^[\x21\x23-\x7e]+$/.test(etag)) throw new InvalidArgumentError("It is no ETag.");
  return etag;
}

/** @param {string} type */
function parseType(type) {
  if (!/^[\w.+-]+\/[\w.+-]+(?:\s*;.*)?$/.test(type)) {
    throw new InvalidArgumentError("It is no content type, such as text/plain.");
  }
  return type;
}
