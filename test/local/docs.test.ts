/**
 * The commands in the README and in docs/ work. Each command of a shell block is run here as it is
 * printed, needs a Cloudflare account, or takes so long that only `DOCS_COMMANDS=all` runs it.
 */

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { collectOutput, type ExitResult, ROOT, temporaryFolder } from "./server";
import { createSession, type LocalServer } from "./test-user";

const PAGES = ["README.md", ...readdirSync(join(ROOT, "docs")).map((page) => `docs/${page}`)];

/** The local server of the examples. */
const EXAMPLE_HOST = "localhost:8000";

/** Run by other tests or by whoever reads the page: what starts, installs or tests the project itself. */
const STARTED_ELSEWHERE = [
  /^(git clone|git pull|cd satchel)\b/,
  /^npm (ci|start|test)\b/,
  /^npm run (check|example|backup|restore|conformance)\b/,
  /^npm test -- test\/races$/,
  /^(npm run cli -- --help$|satchel )/,
];

const NEEDS_CLOUDFLARE = [
  /^npx wrangler (login|secret put|d1 time-travel)\b/,
  /^openssl rand -hex 32$/,
  /^npx wrangler d1 execute DB --remote --file /,
  /^openssl rand -base64 48 \| npx wrangler secret put TOKEN_SECRETS$/,
  /^npm run (deploy|set-up)\b/,
  /^curl -si .*\| grep -i cf-mitigated$/,
];

/** Minutes each, or the whole suite again with more rounds. */
const LONG = [
  /^npm run (spec|screenshots|bench)\b/,
  /^PLAN=free npm test -- test\/spec$/,
  /^HOSTS=(storage|wildcard|domain) npm test -- test\/spec\/(responses|conformance)$/,
  /^MODEL_STEPS=\d+ npm test -- test\/races\/model$/,
  /^LIVE_STEPS=\d+ npm test -- test\/races\/live$/,
  /^TASK_STEPS=\d+ npm test -- test\/races\/nothing-is-lost$/,
  /^CRASH_ROUNDS=\d+ npm test -- test\/local\/crash$/,
  /^ROUND_TRIPS=\d+ npm test -- test\/spec\/round-trip$/,
  /^ROUND_TRIP_(DOCUMENTS|MEGABYTES)=\d+ npm test -- test\/local\/round-trip$/,
];

const LIVE = [/^curl (?!-si )/];
const ON_DATABASE = [/^npx wrangler d1 execute DB --remote --command /];

/** The commands of a page's shell blocks: continued lines joined, without comments. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
    splitCommands(block),
  );
}

/** Splits at the ends of lines that are neither continued nor inside quotes. */
function splitCommands(block: string): string[] {
  const commands: string[] = [];
  let command = "";
  const lines = block.replaceAll("\\\n", " ").split("\n");
  for (const line of lines.map((text) => text.replace(/(^|\s+)# ?.*$/, ""))) {
    command += command === "" ? line : `\n${line}`;
    const isOpen = (command.match(/"/g)?.length ?? 0) % 2 === 1;
    if (isOpen) continue;
    if (command.trim() !== "") commands.push(...command.trim().split(" && "));
    command = "";
  }
  return commands;
}

/** The words of a command as a shell would pass them on. */
function shellWords(command: string, variables: Record<string, string>): string[] {
  const filledIn = command.replace(/\$([A-Z_]+)/g, (_, name: string) => {
    if (variables[name] === undefined) throw new Error(`The test knows no $${name}.`);
    return variables[name];
  });
  const parts = [...filledIn.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)];
  return parts.map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** curl with the options that the pages use, since not every machine has it. */
async function curl(words: string[]): Promise<{ status: number; body: string }> {
  const headers = new Headers();
  const form: string[] = [];
  let method: string | undefined;
  let body: string | undefined;
  let url = "";
  for (const rest = words.slice(1); rest.length > 0; ) {
    const word = rest.shift() as string;
    if (word === "-X") method = rest.shift();
    else if (word === "-H") {
      const [name = "", value = ""] = (rest.shift() ?? "").split(": ", 2);
      headers.set(name, value);
    } else if (word === "-d") form.push(rest.shift() ?? "");
    else if (word === "--data-binary") body = rest.shift();
    else if (word === "-i") continue;
    else if (word.startsWith("-")) throw new Error(`The test knows no option ${word}.`);
    else url = word;
  }
  if (form.length > 0) {
    body = form.join("&");
    headers.set("Content-Type", "application/x-www-form-urlencoded");
  }
  const init: RequestInit = { headers, method: method ?? (body === undefined ? "GET" : "POST") };
  if (body !== undefined) init.body = body;
  const response = await fetch(url, init);
  return { status: response.status, body: await response.text() };
}

const isAny = (patterns: RegExp[], command: string): boolean =>
  patterns.some((pattern) => pattern.test(command));

const commands = PAGES.flatMap((page) => commandsOf(page).map((command) => ({ page, command })));
const commandsLike = (patterns: RegExp[]): string[] => [
  ...new Set(commands.map(({ command }) => command).filter((one) => isAny(patterns, one))),
];

describe("the commands in README.md and docs/", () => {
  it("are all of a kind that is run somewhere", () => {
    expect(commands.length).toBeGreaterThan(0);
    const kinds = [STARTED_ELSEWHERE, NEEDS_CLOUDFLARE, LONG, LIVE, ON_DATABASE];
    expect(commands.filter(({ command }) => !kinds.some((kind) => isAny(kind, command)))).toEqual(
      [],
    );
  });

  it("name npm scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const named = commands.flatMap(({ command }) => command.match(/(?<=npm run )[\w:-]+/g) ?? []);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it("that use curl succeed at the local server, in the order of the pages, and those that query the database on its data", async () => {
    const data = temporaryFolder();
    const server = await startLocalServer({ data, quiet: true });
    onTestFinished(server.dispose);
    const variables = await createVariables(server);
    const { host } = new URL(server.url);
    expect(commandsLike(LIVE).length).toBeGreaterThan(0);
    for (const command of commandsLike(LIVE)) {
      const words = shellWords(command.replaceAll(EXAMPLE_HOST, host), variables);
      const { status, body } = await curl(words);
      const values = body.startsWith("{") ? JSON.parse(body) : {};
      if (values.refresh_token) variables.REFRESH_TOKEN = values.refresh_token;
      if (values.device_code) variables.DEVICE_CODE = values.device_code;
      if (command.includes("device_code=")) {
        // Nobody has entered the code yet.
        expect([status, values.error]).toEqual([400, "authorization_pending"]);
      } else {
        expect([command, status]).toEqual([
          command,
          / -X PUT | -X POST /.test(command) ? 201 : 200,
        ]);
      }
    }
    await server.dispose();
    await queryWithWrangler(data);
  });

  const long = process.env.DOCS_COMMANDS === "all" ? commandsLike(LONG) : [];
  for (const command of long) {
    it(`${command} succeeds`, { timeout: 60 * 60_000 }, async () => {
      const child = spawn("sh", ["-c", command], { cwd: ROOT, stdio: "pipe" });
      expect((await collectOutput(child).ended).code).toBe(0);
    });
  }
});

/** What the commands have of the example's user, who has allowed an app everything. */
async function createVariables(server: LocalServer): Promise<Record<string, string>> {
  const user = { ...server, name: "alice", cookie: await createSession(server, "alice") };
  const verifier = randomBytes(32).toString("base64url");
  const token = await authorize(user, { response_type: "token" });
  const code = await authorize(user, {
    response_type: "code",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  return {
    TOKEN: token.get("access_token") ?? "",
    CODE_VERIFIER: verifier,
    CODE: code.get("code") ?? "",
  };
}

/** Allows an app everything. Returns the parameters that the app gets. */
async function authorize(
  { url, name, cookie }: { url: string; name: string; cookie: string },
  request: Record<string, string>,
): Promise<URLSearchParams> {
  const redirectUri = "http://localhost:5555/";
  const query = new URLSearchParams({ ...request, redirect_uri: redirectUri, scope: "*:rw" });
  const answer = await fetch(`${url}/oauth/authorize/${name}?${query}`, {
    method: "POST",
    headers: { Cookie: cookie },
    body: new URLSearchParams({ decision: "allow", duration: "always", "level:*": "rw" }),
    redirect: "manual",
  });
  const { hash, search } = new URL(answer.headers.get("Location") ?? "");
  return new URLSearchParams(hash === "" ? search : hash.slice(1));
}

/** Runs the commands that query the database on the data of a local server, all in one run, which takes seconds. */
async function queryWithWrangler(data: string): Promise<void> {
  const onDatabase = commandsLike(ON_DATABASE);
  expect(onDatabase.length).toBeGreaterThan(0);
  const statements = onDatabase.map((command) => {
    const words = shellWords(command, {});
    expect(words.slice(0, -1)).toEqual("npx wrangler d1 execute DB --remote --command".split(" "));
    return words.at(-1);
  });
  const local = ["--local", "--persist-to", data, "--yes"];
  const args = ["d1", "execute", "DB", ...local, "--command", statements.join(";\n")];
  expect(await wrangler(args)).toMatchObject({ code: 0 });
}

function wrangler(args: string[]): Promise<ExitResult> {
  const child = spawn(
    process.execPath,
    [join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js"), ...args],
    {
      cwd: ROOT,
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return collectOutput(child).ended;
}
