/** The arguments of the command. */

import { parseArgs } from "node:util";

export const HELP = `Usage: remotestorage-conformance ADDRESS [options]
       remotestorage-conformance bench ADDRESS --i-may-load-this-server [options]

Checks a remoteStorage provider against the draft that it announces. ADDRESS is that of an account, such as
alice@example.com. The provider's own dialog is opened in your browser, once for each token. The run works in
folders of its own, /MODULE/conformance-<random>/ and the same below /public/, and deletes them at its end; it
changes nothing else.

Access:
  --token SCOPE=TOKEN        use this token and open no dialog; once for each scope, such as
                             conformance:rw, conformance:r, *:r, *:rw, "conformance:r conformancetwo:rw"
  --full                     also ask for *:rw and for two scopes at once
  --other ADDRESS            a second account at the provider, for the cases about isolation
  --other-token SCOPE=TOKEN  a token of the second account
  --storage-root URL         skip WebFinger, and the cases about it
  --other-storage-root URL   the same for the second account
  --module NAME              the module to work in (default: conformance)

Cases:
  --only TEXT                only cases whose id begins so, or whose section or level it is; may be repeated
  --draft NUMBER             judge by this draft instead of the announced one
  --no-large                 send no large bodies
  --time-limit SECONDS       how long an answer may take (default: 30)
  --list                     print all cases and end

Report:
  --json FILE, --html FILE, --junit FILE   write a report; "-" is the standard output
  --fail-on must|should|any  which failures make the exit code 1 (default: must)
  --quiet                    print only the summary

Bench:
  --requests NUMBER          how many requests at most (default: 300, at most 5000)
  --writers NUMBER           how many write at once (default: 5, at most 20)

Exit code: 0 all binding cases pass, 1 some fail, 2 the run was not possible or the provider stopped answering.
`;

/** A wrong argument: the message says which. */
export class UsageError extends Error {
  name = "UsageError";
}

/**
 * Parses the arguments. Throws a UsageError if they make no sense.
 * @param {string[]} args
 */
export function parseArguments(args) {
  const { values, positionals } = parse(args);
  const isBench = positionals[0] === "bench";
  const addresses = isBench ? positionals.slice(1) : positionals;
  const failOn = values["fail-on"];
  const { module } = values;
  if (failOn !== "must" && failOn !== "should" && failOn !== "any") {
    throw new UsageError("--fail-on is must, should or any.");
  }
  if (!/^[a-z0-9_-]{2,40}$/.test(module) || module === "public") {
    throw new UsageError("--module is a name of lower-case letters and digits, other than public.");
  }
  if (addresses.length > 1) throw new UsageError("There is more than one address.");
  const isIdle = values.help || values.list;
  if (!isIdle && addresses.length === 0 && !values["storage-root"]) {
    throw new UsageError("The address of an account is missing, such as alice@example.com.");
  }
  return {
    ...values,
    isBench,
    address: addresses[0],
    module,
    failOn: /** @type {"must" | "should" | "any"} */ (failOn),
    tokens: parseTokens(values.token),
    otherTokens: parseTokens(values["other-token"]),
    draft: values.draft === undefined ? null : parseNumber("--draft", values.draft, 2, 26),
    timeLimitMs: parseNumber("--time-limit", values["time-limit"], 1, 600) * 1000,
    requests: parseNumber("--requests", values.requests, 50, 5000),
    writers: parseNumber("--writers", values.writers, 1, 20),
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        token: { type: "string", multiple: true, default: [] },
        full: { type: "boolean", default: false },
        other: { type: "string" },
        "other-token": { type: "string", multiple: true, default: [] },
        "storage-root": { type: "string" },
        "other-storage-root": { type: "string" },
        module: { type: "string", default: "conformance" },
        only: { type: "string", multiple: true, default: [] },
        draft: { type: "string" },
        "no-large": { type: "boolean", default: false },
        "time-limit": { type: "string", default: "30" },
        list: { type: "boolean", default: false },
        json: { type: "string" },
        html: { type: "string" },
        junit: { type: "string" },
        "fail-on": { type: "string", default: "must" },
        quiet: { type: "boolean", default: false },
        requests: { type: "string", default: "300" },
        writers: { type: "string", default: "5" },
        "i-may-load-this-server": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${/** @type {Error} */ (error).message.split(". ")[0]}.`);
  }
}

/**
 * @param {string[]} values such as "conformance:rw=abc"
 * @returns {Record<string, string>} tokens by their scopes
 */
function parseTokens(values) {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf("=");
      if (at < 1) throw new UsageError("A token is given as SCOPE=TOKEN.");
      return [value.slice(0, at), value.slice(at + 1)];
    }),
  );
}

/**
 * @param {string} option
 * @param {string} value
 * @param {number} min
 * @param {number} max
 */
function parseNumber(option, value, min, max) {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= min && number <= max) return number;
  throw new UsageError(`${option} is a number from ${min} to ${max}.`);
}
