/**
 * `npm test`: everything that must pass before a change is merged. Runs all steps even if one fails.
 * `npm test -- <arguments>` runs only vitest, with these arguments.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./lib/checks.mjs";
import { runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { ended, run } from "./lib/run.mjs";

await runCommand(async () => {
  await ensureInstalled();
  const args = process.argv.slice(2);
  const areChecksPassed = args.length > 0 || (await runChecks());
  const { passed, failed, code } = await runVitest(args);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = areChecksPassed && code === 0 && failed === 0 ? 0 : 1;
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
