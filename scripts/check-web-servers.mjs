/**
 * `node scripts/check-web-servers.mjs`: tries the rules of *Point it here* with the real nginx, Apache and Caddy, which
 * have to be installed (Debian: apt-get install nginx apache2 caddy). Exits with 1 if a rule does not do what it should.
 */

import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

const ORIGIN = "https://satchel.example";
const QUERY = "resource=acct:alice%40alice.example&rel=a&rel=b";
const SOURCE = fileURLToPath(new URL("../src/domains/webfinger-rules.ts", import.meta.url));

const { code } = transformSync(readFileSync(SOURCE, "utf8"), { loader: "ts" });
const { webFingerRules } = await import(
  `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`
);

/** For each program: its configuration around the rule, and the command that starts it. */
const PROGRAMS = {
  nginx: (rule, port, folder) => {
    const configuration = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
server { listen 127.0.0.1:${port}; root ${folder}/site;
${rule}
} }`;
    writeFileSync(join(folder, "nginx.conf"), configuration);
    return [
      "nginx",
      "-p",
      folder,
      "-c",
      join(folder, "nginx.conf"),
      "-e",
      join(folder, "error.log"),
    ];
  },
  Apache: (rule, port, folder) => {
    const modules = ["mpm_event", "authz_core", "alias", "headers"];
    const configuration = `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
DocumentRoot ${folder}/site
<Directory ${folder}/site>
AllowOverride All
Require all granted
</Directory>`;
    writeFileSync(join(folder, "apache.conf"), configuration);
    // The rule is in the file that the page names.
    writeFileSync(join(folder, "site", ".htaccess"), rule);
    return ["apache2", "-X", "-f", join(folder, "apache.conf")];
  },
  Caddy: (rule, port, folder) => {
    const configuration = `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
root * ${folder}/site
file_server
${rule}
}`;
    writeFileSync(join(folder, "Caddyfile"), configuration);
    return ["caddy", "run", "--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"];
  },
};

let hasFailed = false;
for (const { program, text } of webFingerRules(ORIGIN)) {
  const prepare = PROGRAMS[program];
  if (prepare === undefined) continue;
  const problems = await check(prepare, text);
  console.log(`${program}: ${problems.length === 0 ? "leads here" : problems.join("; ")}`);
  hasFailed ||= problems.length > 0;
}
process.exitCode = hasFailed ? 1 : 0;

/** What is wrong with a rule. */
async function check(prepare, rule) {
  const folder = mkdtempSync(join(tmpdir(), "satchel-web-"));
  // Started by root, nginx reads as another user.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "site"));
  writeFileSync(join(folder, "site", "index.html"), "her site");
  const port = await freePort();
  const [command, ...options] = prepare(rule, port, folder);
  const server = spawn(command, options, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: folder },
  });
  let errors = "";
  server.stderr.on("data", (data) => {
    errors += data;
  });
  const hasStopped = new Promise((resolve) => {
    server.once("exit", resolve);
    server.once("error", (error) => resolve(error.message));
  });
  try {
    const base = `http://127.0.0.1:${port}`;
    const site = await Promise.race([
      firstAnswer(`${base}/index.html`),
      hasStopped.then((reason) => `stopped (${reason}) ${errors.slice(-500)}`),
    ]);
    if (typeof site === "string") return [site];
    const url = `${base}/.well-known/webfinger?${QUERY}`;
    const redirect = await fetch(url, { redirect: "manual" });
    const other = await fetch(`${base}/.well-known/webfinger2`, { redirect: "manual" });
    const expected = `${ORIGIN}/.well-known/webfinger?${QUERY}`;
    return [
      [(await site.text()) === "her site", "the rest of the site is not served"],
      [redirect.status === 307, `status ${redirect.status}`],
      [redirect.headers.get("location") === expected, `to ${redirect.headers.get("location")}`],
      [redirect.headers.get("access-control-allow-origin") === "*", "no CORS header"],
      [other.status === 404, `another path: ${other.status}`],
      [site.headers.get("access-control-allow-origin") === null, "CORS for the whole site"],
    ].flatMap(([holds, problem]) => (holds ? [] : [problem]));
  } finally {
    server.kill();
    await hasStopped;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first answer of a server that is starting. */
async function firstAnswer(url) {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return await fetch(url);
    } catch {
      await wait(100);
    }
  }
  return "did not start";
}

/** A port that nobody listens on. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
