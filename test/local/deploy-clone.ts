/** A clone of the repository to deploy from, `npm run deploy` in it, and what an earlier run has left. */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { onTestFinished } from "vitest";
import { listMigrations } from "../../scripts/lib/apply-migrations.mjs";
import { addDatabase, type Cloudflare, type StandInDatabase } from "./cloudflare";
import { collectOutput, type ExitResult, ROOT, temporaryFolder } from "./server";

/** A Worker that wrangler bundles quickly; the stand-in does not run it. */
const WORKER = `export class UserObject {}
export class PasswordObject {}
export class ModuleObject {}
export default { fetch: () => new Response() };`;

const COPIED = [
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "wrangler.toml",
  "migrations",
  "scripts",
  "transfer",
  "src/env.ts",
  "src/assets/robots.txt",
];

/** Creates a clone with the installed packages, and with these choices if there are any. */
export function createClone(choices?: string): string {
  const clone = temporaryFolder();
  mkdirSync(join(clone, "src/assets"), { recursive: true });
  for (const path of COPIED) cpSync(join(ROOT, path), join(clone, path), { recursive: true });
  writeFileSync(join(clone, "src/index.ts"), WORKER);
  // With the same files as in this checkout, what that has compiled is used here, too.
  const others = readdirSync(join(ROOT, "src")).map((name) => `src/${name}`);
  for (const path of ["node_modules", ...others]) {
    if (!existsSync(join(clone, path))) symlinkSync(join(ROOT, path), join(clone, path));
  }
  if (choices !== undefined) writeFileSync(join(clone, "deploy.toml"), choices);
  return clone;
}

/** Choices by which the provider's address is that of the stand-in, which answers /healthz. */
export const choicesFor = ({ url }: Cloudflare, more = ""): string =>
  `${more}\n[settings]\nORIGIN = "${url}"\n`;

/** Runs `npm run deploy` in the clone, without npm, with flags separated by spaces. */
export const deploy = (clone: string, cloudflare: Pick<Cloudflare, "env">, flags = "") =>
  runScript(clone, "deploy", cloudflare.env, ["--wait", "1", ...flags.split(" ")]);

/** Runs a script of the clone with this environment. */
export function runScript(
  clone: string,
  script: "deploy" | "set-up",
  env: Record<string, string>,
  args: string[],
): Promise<ExitResult> {
  const words = args.filter((arg) => arg !== "");
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [join(clone, "scripts", `${script}.mjs`), ...words], {
    cwd: clone,
    env: { PATH, NODE_COMPILE_CACHE, HOME: clone, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return collectOutput(child).ended;
}

/** Puts what a finished `npm run deploy` leaves into the account. Returns the version. */
export function addDeployment(cloudflare: Cloudflare, vars: Record<string, string> = {}): string {
  const config = parse(readFileSync(join(ROOT, "wrangler.toml"), "utf8"));
  const settings = { ...(config.vars as Record<string, string>), ORIGIN: cloudflare.url, ...vars };
  const database = addMigratedDatabase(cloudflare);
  cloudflare.buckets.push({ name: "satchel-bodies", location: null, jurisdiction: null });
  const bindings = [
    ...Object.entries(settings).map(([name, text]) => ({ type: "plain_text", name, text })),
    { type: "d1", name: "DB", id: database.uuid },
    { type: "durable_object_namespace", name: "USERS" },
    { type: "secret_text", name: "TOKEN_SECRETS" },
  ];
  const id = randomUUID();
  cloudflare.workers.set("satchel", {
    versions: [{ id, bindings }],
    deployments: [id],
    migrationTag: (config.migrations as { tag: string }[]).at(-1)?.tag as string,
    isOnWorkersDev: true,
  });
  return id;
}

/** A database to which wrangler has applied all migrations. */
export function addMigratedDatabase(cloudflare: Cloudflare): StandInDatabase {
  const database = addDatabase(cloudflare, "satchel");
  database.sqlite.exec(
    "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
  );
  for (const name of listMigrations(join(ROOT, "migrations"))) {
    database.sqlite.exec(readFileSync(join(ROOT, "migrations", name), "utf8"));
    database.sqlite.prepare("INSERT INTO d1_migrations (name) VALUES (?)").run(name);
  }
  return database;
}
