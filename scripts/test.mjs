/**
 * `npm test`: everything that must hold before a change goes in. Runs every step, whatever fails.
 * `npm test -- <arguments>` runs vitest alone, with these arguments.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { orFail } from "./failure.mjs";
import { ensureInstalled, ROOT } from "./install.mjs";

const BINARIES = join(ROOT, "node_modules", ".bin");

const ENVIRONMENT = {
  ...process.env,
  PATH: BINARIES + delimiter + process.env.PATH,
  // Keep wrangler from asking anything of the outside.
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
};

await orFail(async () => {
  await ensureInstalled();
  const args = process.argv.slice(2);
  const quickPassed = args.length > 0 || (await runQuickSteps());
  const { passed, failed, code } = await runVitest(args);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = quickPassed && code === 0 && failed === 0 ? 0 : 1;
});

/** Types, style and build, side by side. */
async function runQuickSteps() {
  const rooms = ["test", "bench"].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
  );
  const projects = [".", "test", "client", ...rooms]
    .map((folder) => `${folder}/tsconfig.json`)
    .filter((project) => existsSync(join(ROOT, project)));
  const results = await Promise.all([
    ...projects.map((project) => runStep(`Types of ${project}`, "tsc", "--noEmit", "-p", project)),
    runStep("Style", "biome", "ci", "--colors=off", "."),
    runStep("Build for Cloudflare", "wrangler", "deploy", "--dry-run"),
  ]);
  return results.every(Boolean);
}

/** Shows what the command prints only if it fails. */
async function runStep(name, command, ...args) {
  const start = performance.now();
  let output = "";
  const child = run(command, args, ["ignore", "pipe", "pipe"]);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const code = await ended(child);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (code !== 0) console.log(output.trimEnd());
  return code === 0;
}

/** Shows vitest's own report, and counts from the one that it writes beside it. */
async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "satchel-report-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await ended(run("vitest", ["run", ...reporters, ...args], "inherit"));
  const counts = countTests(report);
  rmSync(folder, { recursive: true });
  return { ...counts, code };
}

/** A file that could not be run counts as one failed test, and so does a report that is missing. */
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

function run(command, args, stdio) {
  return spawn(join(BINARIES, command), args, {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdio,
    shell: process.platform === "win32",
  });
}

/** @returns {Promise<number | null>} the exit code */
function ended(child) {
  return new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
}
