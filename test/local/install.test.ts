/** Installing the packages of a fresh clone, with a fake npm. */

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collectOutput, type ExitResult, ROOT, temporaryFolder } from "./server";

const LOCK_FILE = { packages: { "": {}, "node_modules/node": { version: "24.0.0" } } };

/** A fake npm: records that it ran, and installs a fake Node that prints its arguments. */
const FAKE_NPM = `
  import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
  appendFileSync("installs", process.argv.slice(2).join(" ") + "\\n");
  console.log("npm talks");
  if (process.env.NPM_FAILS) { console.error("E404"); process.exit(1); }
  mkdirSync("node_modules/node/bin", { recursive: true });
  if (process.env.NPM_SKIPS_SCRIPTS) process.exit(0);
  writeFileSync("node_modules/node/bin/node", "#!/bin/sh\\necho own node: \\"$@\\"\\nexit 7\\n", { mode: 0o755 });
  copyFileSync("package-lock.json", "node_modules/.package-lock.json");
`;

/** Creates a clone without packages, whose entry script only installs them. */
function createClone(): string {
  // A program in it is started, which is forbidden on the RAM disks of containers.
  const project = temporaryFolder(join(ROOT, "node_modules"));
  mkdirSync(join(project, "scripts/lib"), { recursive: true });
  for (const name of ["install.mjs", "command.mjs"]) {
    cpSync(join(ROOT, "scripts/lib", name), join(project, "scripts/lib", name));
  }
  writeFileSync(
    join(project, "scripts/entry.mjs"),
    `import { runCommand } from "./lib/command.mjs";
     import { ensureInstalled } from "./lib/install.mjs";
     await runCommand(ensureInstalled);`,
  );
  writeFileSync(join(project, "package-lock.json"), JSON.stringify(LOCK_FILE));
  mkdirSync(join(project, "npm"));
  writeFileSync(join(project, "npm/package.json"), '{"type":"module"}');
  writeFileSync(join(project, "npm/npm-cli.js"), FAKE_NPM);
  return project;
}

/** Runs the entry script. */
function runEntry(project: string, env: Record<string, string> = {}): Promise<ExitResult> {
  const child = spawn(process.execPath, [join(project, "scripts/entry.mjs"), "--flag"], {
    env: { ...process.env, npm_execpath: join(project, "npm/npm-cli.js"), ...env },
  });
  return collectOutput(child).ended;
}

/** The arguments of each run of npm. */
const npmRuns = (project: string) =>
  readFileSync(join(project, "installs"), "utf8").trimEnd().split("\n");

describe("a fresh clone", () => {
  it("installs the packages of the lock file, then continues in its own Node", async () => {
    const project = createClone();
    const { code, stdout, stderr } = await runEntry(project);
    expect(stdout).toMatch(/^own node: .*entry\.mjs --flag\n$/);
    expect(stderr).toMatch(/^Installing .*\n$/);
    expect(code).toBe(7);
    expect(npmRuns(project)).toEqual([expect.stringMatching(/^ci /)]);
  });

  it("installs once, and again when the lock file has changed", async () => {
    const project = createClone();
    await runEntry(project);
    expect((await runEntry(project)).stderr).toBe("");
    expect(npmRuns(project)).toHaveLength(1);
    const packages = { ...LOCK_FILE.packages, "node_modules/a": { version: "1.0.0" } };
    writeFileSync(join(project, "package-lock.json"), JSON.stringify({ packages }));
    await runEntry(project);
    expect(npmRuns(project)).toHaveLength(2);
  });

  it("does not require optional packages for other platforms", async () => {
    const project = createClone();
    await runEntry(project);
    const packages = {
      ...LOCK_FILE.packages,
      "node_modules/a": { version: "1.0.0", optional: true },
    };
    writeFileSync(join(project, "package-lock.json"), JSON.stringify({ packages }));
    expect((await runEntry(project)).stderr).toBe("");
  });

  it("installs once if several commands start at the same time", async () => {
    const project = createClone();
    const results = await Promise.all([runEntry(project), runEntry(project), runEntry(project)]);
    expect(results.map(({ code }) => code)).toEqual([7, 7, 7]);
    expect(npmRuns(project)).toHaveLength(1);
  });

  it("shows npm's output if it fails", async () => {
    const { code, stderr } = await runEntry(createClone(), { NPM_FAILS: "1" });
    expect(stderr).toContain("npm talks\nE404\n");
    expect(stderr).toMatch(/The packages could not be installed/);
    expect(code).toBe(1);
  });

  it("reports that npm ran no install scripts", async () => {
    const { code, stderr } = await runEntry(createClone(), { NPM_SKIPS_SCRIPTS: "1" });
    expect(stderr).toMatch(/ignore-scripts=false/);
    expect(code).toBe(1);
  });
});
