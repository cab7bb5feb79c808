/** `npm run spec`: the requirements of the draft, how many tests each has, and their results. */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled, ROOT } from "./lib/install.mjs";

/** If the width of the terminal is unknown, as in a log. */
const DEFAULT_COLUMNS = 120;

await runCommand(async () => {
  await ensureInstalled();
  const { REQUIREMENTS } = await import("../conformance/index.js");
  console.error("Running the tests in test/spec ...");
  const { tests, problems } = await runTests();
  const rows = REQUIREMENTS.map((requirement) => evaluate(requirement, tests));
  printTable(rows);
  const failed = [...tests.filter(({ passed }) => !passed).map(({ title }) => title), ...problems];
  for (const title of failed) console.log(`FAIL: ${title}`);
  const known = new Set(REQUIREMENTS.map(({ id }) => id));
  const unknown = [...new Set(tests.flatMap(({ ids }) => ids).filter((id) => !known.has(id)))];
  if (unknown.length > 0)
    console.log(`Ids in test titles that are no requirement: ${unknown.join(", ")}`);
  printSummary(rows, tests, failed);
  const isCovered = rows.every(({ result }) => result === "pass");
  process.exit(isCovered && failed.length === 0 && unknown.length === 0 ? 0 : 1);
});

/**
 * Runs the specification tests.
 * @returns {Promise<{tests: {title: string, ids: string[], passed: boolean}[], problems: string[]}>}
 *   all tests, and the files that could not be run
 */
async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), "satchel-spec-"));
  try {
    const report = join(folder, "report.json");
    const output = await runVitest(report);
    return readReport(report, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<string>} its output */
function runVitest(report) {
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const args = ["run", "--project", "worker", "--reporter=json", `--outputFile=${report}`];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vitest, ...args, "test/spec/"], { cwd: ROOT });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", () => resolve(output));
  });
}

function readReport(path, output) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new CommandError(`The tests could not be run:\n${output.trimEnd()}`);
  }
  const tests = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => {
      const fullTitle = [...ancestorTitles, title].join(" > ");
      return { title: fullTitle, ids: findIds(fullTitle), passed: status === "passed" };
    }),
  );
  const problems = report.testResults
    .filter(({ status, assertionResults }) => status !== "passed" && assertionResults.length === 0)
    .map(({ name, message }) => `${name}: ${message}`);
  return { tests, problems };
}

/** The ids of requirements in a title: "§4.3" and "§10.1-2", but not "RFC 9110 §14.2" or "§6". */
function findIds(title) {
  return title.replaceAll(/RFC \d+ §[\d.]+/g, "").match(/§\d+\.\d+(?:-\d+)?(?![\d.-]*\d)/g) ?? [];
}

function evaluate({ id, level, sentence }, tests) {
  const ownTests = tests.filter(({ ids }) => ids.includes(id));
  const result = ownTests.every(({ passed }) => passed) ? "pass" : "FAIL";
  return {
    id,
    level,
    sentence,
    tests: ownTests.length,
    result: ownTests.length > 0 ? result : "no test",
  };
}

function printTable(rows) {
  const header = {
    id: "id",
    level: "level",
    sentence: "sentence",
    tests: "tests",
    result: "result",
  };
  const all = [header, ...rows];
  const width = (column) => Math.max(...all.map((row) => String(row[column]).length));
  const fixed = ["id", "level", "tests", "result"].reduce((sum, column) => sum + width(column), 0);
  const sentenceWidth = Math.max(20, (process.stdout.columns ?? DEFAULT_COLUMNS) - fixed - 4 * 2);
  for (const { id, level, sentence, tests, result } of all) {
    console.log(
      [
        id.padEnd(width("id")),
        level.padEnd(width("level")),
        truncate(sentence, sentenceWidth).padEnd(sentenceWidth),
        String(tests).padStart(width("tests")),
        result,
      ].join("  "),
    );
  }
}

function truncate(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function printSummary(rows, tests, failed) {
  const count = (result) => rows.filter((row) => row.result === result).length;
  console.log(
    `${rows.length} requirements: ${count("pass")} pass, ${count("FAIL")} fail, ` +
      `${count("no test")} without tests. ${tests.length} tests, ${failed.length} failed.`,
  );
}
