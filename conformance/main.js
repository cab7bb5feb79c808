#!/usr/bin/env node
/** The command: finds a provider, runs the cases at it, and reports. */

import { readFileSync, writeFileSync } from "node:fs";
import { HELP, parseArguments, UsageError } from "./arguments.js";
import { runBench } from "./bench/run.js";
import { CASES } from "./cases/index.js";
import { AuthorizationError } from "./connect/authorize.js";
import { createTarget } from "./connect/target.js";
import { DiscoveryError } from "./connect/webfinger.js";
import { renderHtml } from "./report/html.js";
import { renderJson } from "./report/json.js";
import { renderJunit } from "./report/junit.js";
import { exitCode } from "./report/summary.js";
import { renderLine, renderSummary } from "./report/terminal.js";
import { createHttp } from "./run/http.js";
import { Undecided } from "./run/outcomes.js";
import { Session } from "./run/session.js";

/** @typedef {ReturnType<typeof parseArguments>} Arguments */

/** Errors whose message is all that the user needs. */
const EXPECTED = [UsageError, DiscoveryError, AuthorizationError, Undecided];

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/**
 * Where the text for people goes: aside, if a report takes the standard output.
 * @type {import("node:tty").WriteStream}
 */
let out = process.stdout;
const print = (/** @type {string} */ text) => void out.write(`${text}\n`);

try {
  process.exitCode = await main(parseArguments(process.argv.slice(2)));
} catch (error) {
  const isExpected = EXPECTED.some((type) => error instanceof type);
  console.error(isExpected ? /** @type {Error} */ (error).message : error);
  if (error instanceof UsageError) console.error("See remotestorage-conformance --help.");
  process.exitCode = 2;
}

/**
 * @param {Arguments} args
 * @returns {Promise<number>} the exit code
 */
async function main(args) {
  if ([args.json, args.html, args.junit].includes("-")) out = process.stderr;
  if (args.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const cases = selectCases(args.only);
  if (args.list) {
    for (const { id, level, source, title } of cases) print(`${id}  ${level}  ${source}  ${title}`);
    return 0;
  }
  const http = { timeLimitMs: args.timeLimitMs };
  const { target, announced } = await createTarget(args, createHttp(http), print);
  if (args.isBench) return runBench(args, target, http, print);
  return runCases(args, cases, target, announced, http);
}

/**
 * Runs the cases, cleans up, also after Ctrl-C, and reports.
 * @param {Arguments} args
 * @param {import("./run/case.js").Case[]} cases
 * @param {import("./run/context.js").Target} target
 * @param {string | null} announced
 * @param {import("./run/http.js").HttpOptions} http
 */
async function runCases(args, cases, target, announced, http) {
  const startedAt = new Date();
  const session = new Session(target, http);
  let isInterrupted = false;
  process.once("SIGINT", () => {
    isInterrupted = true;
    console.error("Stopping after this case, and cleaning up ...");
  });
  print(`Working in ${session.folders.join(" and ")} at ${target.storageRoot}`);
  const results = [];
  for (const one of cases) {
    if (isInterrupted) break;
    const result = await session.run(one);
    results.push(result);
    if (!args.quiet) print(renderLine(result, out.isTTY === true));
  }
  const run = {
    provider: args.address ?? target.storageRoot,
    storageRoot: target.storageRoot,
    announced,
    draft: target.draft,
    suite: version,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    results,
    left: await session.finish(),
  };
  print(renderSummary(run));
  write(args.json, () => renderJson(run));
  write(args.html, () => renderHtml(run));
  write(args.junit, () => renderJunit(run));
  return isInterrupted ? 2 : exitCode(run, args.failOn);
}

/** @param {string[]} only */
function selectCases(only) {
  if (only.length === 0) return CASES;
  const cases = CASES.filter(({ id, source, level }) =>
    only.some((text) => id.startsWith(text) || source === text || level === text),
  );
  if (cases.length === 0)
    throw new UsageError(`There is no case ${only.join(" or ")}: see --list.`);
  return cases;
}

/**
 * @param {string | undefined} file
 * @param {() => string} render
 */
function write(file, render) {
  if (file === "-") process.stdout.write(render());
  else if (file !== undefined) writeFileSync(file, render());
}
