import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collect, type Result, ROOT, temporaryFolder } from "./server";

const LOCK = { packages: { "": {}, "node_modules/node": { version: "24.0.0" } } };

/** Stands for npm: notes that it ran, and installs a node that only says so. */
const NPM = `
  import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
  appendFileSync("installs", process.argv.slice(2).join(" ") + "\\n");
  console.log("npm talks");
  if (process.env.NPM_FAILS) { console.error("E404"); process.exit(1); }
  mkdirSync("node_modules/node/bin", { recursive: true });
  if (process.env.NPM_SKIPS_SCRIPTS) process.exit(0);
  writeFileSync("node_modules/node/bin/node", "#!/bin/sh\\necho own node: \\"$@\\"\\nexit 7\\n", { mode: 0o755 });
  copyFileSync("package-lock.json", "node_modules/.package-lock.json");
`;

/** A clone without packages, whose entry script does nothing but make sure of them. */
function freshClone(): string {
  const project = temporaryFolder();
  mkdirSync(join(project, "scripts"));
  for (const name of ["setup.mjs", "failure.mjs"]) {
    cpSync(join(ROOT, "scripts", name), join(project, "scripts", name));
  }
  writeFileSync(
    join(project, "scripts/entry.mjs"),
    `import { orFail } from "./failure.mjs";
     import { ensureInstalled } from "./setup.mjs";
     await orFail(ensureInstalled);`,
  );
  writeFileSync(join(project, "package-lock.json"), JSON.stringify(LOCK));
  mkdirSync(join(project, "npm"));
  writeFileSync(join(project, "npm/package.json"), '{"type":"module"}');
  writeFileSync(join(project, "npm/npm-cli.js"), NPM);
  return project;
}

function enter(project: string, env: Record<string, string> = {}): Promise<Result> {
  const child = spawn(process.execPath, [join(project, "scripts/entry.mjs"), "--flag"], {
    env: { ...process.env, npm_execpath: join(project, "npm/npm-cli.js"), ...env },
  });
  return collect(child).ended;
}

const installs = (project: string) =>
  readFileSync(join(project, "installs"), "utf8").trimEnd().split("\n");

describe("a fresh clone", () => {
  it("installs what the lock file says, then goes on in its own Node", async () => {
    const project = freshClone();
    const { code, stdout, stderr } = await enter(project);
    expect(stdout).toMatch(/^own node: .*entry\.mjs --flag\n$/);
    expect(stderr).toMatch(/^Installing .*\n$/);
    expect(code).toBe(7);
    expect(installs(project)).toEqual([expect.stringMatching(/^ci /)]);
  });

  it("installs once, and again when the lock file has changed", async () => {
    const project = freshClone();
    await enter(project);
    expect((await enter(project)).stderr).toBe("");
    expect(installs(project)).toHaveLength(1);
    const packages = { ...LOCK.packages, "node_modules/a": { version: "1.0.0" } };
    writeFileSync(join(project, "package-lock.json"), JSON.stringify({ packages }));
    await enter(project);
    expect(installs(project)).toHaveLength(2);
  });

  it("does not ask for optional packages of other machines", async () => {
    const project = freshClone();
    await enter(project);
    const packages = { ...LOCK.packages, "node_modules/a": { version: "1.0.0", optional: true } };
    writeFileSync(join(project, "package-lock.json"), JSON.stringify({ packages }));
    expect((await enter(project)).stderr).toBe("");
  });

  it("installs once when two commands come at the same time", async () => {
    const project = freshClone();
    const results = await Promise.all([enter(project), enter(project), enter(project)]);
    expect(results.map(({ code }) => code)).toEqual([7, 7, 7]);
    expect(installs(project)).toHaveLength(1);
  });

  it("shows npm's reasons when it fails", async () => {
    const { code, stderr } = await enter(freshClone(), { NPM_FAILS: "1" });
    expect(stderr).toContain("npm talks\nE404\n");
    expect(stderr).toMatch(/The packages could not be installed/);
    expect(code).toBe(1);
  });

  it("says so when npm ran no install scripts", async () => {
    const { code, stderr } = await enter(freshClone(), { NPM_SKIPS_SCRIPTS: "1" });
    expect(stderr).toMatch(/ignore-scripts=false/);
    expect(code).toBe(1);
  });
});
