/** `npm run spec`: which sentence of the draft is proved by which tests, and how they ended. */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, orFail } from "./failure.mjs";
import { ensureInstalled, ROOT } from "./install.mjs";

/** Where the width of the terminal is not known, as in a log. */
const USUAL_COLUMNS = 120;

await orFail(async () => {
  await ensureInstalled();
  const { REQUIREMENTS } = await import("../test/spec/requirements.ts");
  console.error("Running the tests in test/spec ...");
  const { tests, problems } = await runTests();
  const rows = REQUIREMENTS.map((requirement) => judge(requirement, tests));
  printTable(rows);
  const failed = [...tests.filter(({ passed }) => !passed).map(({ title }) => title), ...problems];
  for (const title of failed) console.log(`FAIL: ${title}`);
  const known = new Set(REQUIREMENTS.map(({ id }) => id));
  const unknown = [...new Set(tests.flatMap(({ ids }) => ids).filter((id) => !known.has(id)))];
  if (unknown.length > 0) console.log(`Named by tests, but no requirement: ${unknown.join(", ")}`);
  printCount(rows, tests, failed);
  const isWhole = rows.every(({ result }) => result === "pass");
  process.exit(isWhole && failed.length === 0 && unknown.length === 0 ? 0 : 1);
});

/**
 * Runs the specification tests.
 * @returns {Promise<{tests: {title: string, ids: string[], passed: boolean}[], problems: string[]}>}
 *   every test, and the files that could not be run
 */
async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), "satchel-spec-"));
  try {
    const report = join(folder, "report.json");
    const log = await runVitest(report);
    return readReport(report, log);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<string>} what it printed */
function runVitest(report) {
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const args = ["run", "--project", "worker", "--reporter=json", `--outputFile=${report}`];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vitest, ...args, "test/spec/"], { cwd: ROOT });
    let log = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        log += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", () => resolve(log));
  });
}

function readReport(path, log) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new Failure(`The tests could not be run:\n${log.trimEnd()}`);
  }
  const tests = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => {
      const whole = [...ancestorTitles, title].join(" > ");
      return { title: whole, ids: idsIn(whole), passed: status === "passed" };
    }),
  );
  const problems = report.testResults
    .filter(({ status, assertionResults }) => status !== "passed" && assertionResults.length === 0)
    .map(({ name, message }) => `${name}: ${message}`);
  return { tests, problems };
}

/** "§4.3" and "§10.1-2", but not "RFC 9110 §14.2" nor the bare section "§6". */
function idsIn(title) {
  return title.replaceAll(/RFC \d+ §[\d.]+/g, "").match(/§\d+\.\d+(?:-\d+)?(?![\d.-]*\d)/g) ?? [];
}

function judge({ id, level, sentence }, tests) {
  const own = tests.filter(({ ids }) => ids.includes(id));
  const verdict = own.every(({ passed }) => passed) ? "pass" : "FAIL";
  return { id, level, sentence, tests: own.length, result: own.length > 0 ? verdict : "no test" };
}

function printTable(rows) {
  const head = { id: "id", level: "level", sentence: "sentence", tests: "tests", result: "result" };
  const all = [head, ...rows];
  const width = (column) => Math.max(...all.map((row) => String(row[column]).length));
  const fixed = ["id", "level", "tests", "result"].reduce((sum, column) => sum + width(column), 0);
  const room = Math.max(20, (process.stdout.columns ?? USUAL_COLUMNS) - fixed - 4 * 2);
  for (const { id, level, sentence, tests, result } of all) {
    console.log(
      [
        id.padEnd(width("id")),
        level.padEnd(width("level")),
        shorten(sentence, room).padEnd(room),
        String(tests).padStart(width("tests")),
        result,
      ].join("  "),
    );
  }
}

function shorten(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function printCount(rows, tests, failed) {
  const count = (result) => rows.filter((row) => row.result === result).length;
  console.log(
    `${rows.length} requirements: ${count("pass")} pass, ${count("FAIL")} fail, ` +
      `${count("no test")} without a test. ${tests.length} tests, ${failed.length} failed.`,
  );
}
