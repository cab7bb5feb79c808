/**
 * `npm test`: everything that must pass before a change is merged. The checks run beside the tests, and their results
 * are printed after those of the tests. `npm test -- <arguments>` runs only vitest, with these arguments.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecksInTurn } from "./lib/checks.mjs";
import { runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { ended, run } from "./lib/run.mjs";

await runCommand(async () => {
  await ensureInstalled();
  const args = process.argv.slice(2);
  const isWhole = args.length === 0;
  const [tests, checks] = await Promise.all([runVitest(args), isWhole ? runChecksInTurn() : null]);
  if (checks) console.log(checks.report);
  console.log(`${tests.passed} passed, ${tests.failed} failed`);
  const areTestsPassed = tests.code === 0 && tests.failed === 0;
  process.exitCode = areTestsPassed && checks?.passed !== false ? 0 : 1;
});

/** Prints vitest's own report, and counts tests in the JSON report that it also writes. */
async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "satchel-report-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await ended(run("vitest", ["run", ...reporters, ...args], "inherit"));
  const counts = countTests(report);
  rmSync(folder, { recursive: true });
  return { ...counts, code };
}

/** A file that could not be run counts as one failed test, and so does a missing report. */
function countTests(report) {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    const broken = testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    );
    return { passed: numPassedTests, failed: numFailedTests + broken.length };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
