/** What `npm run deploy` refuses before it changes anything: sign-ins, names, domains, choices. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withFlags } from "../../scripts/deploy/choices.mjs";
import { buildConfiguration } from "../../scripts/deploy/configuration.mjs";
import { keepOldDomains, refuseForeignDomains } from "../../scripts/deploy/inspect.mjs";
import { planDeployment } from "../../scripts/deploy/plan.mjs";
import {
  ACCOUNT,
  addDatabase,
  type Cloudflare,
  startCloudflare,
  withEnvironment,
} from "./cloudflare";
import { createClone, deploy, runScript } from "./deploy-clone";

/** What `npm run deploy` does before its first step, which changes nothing. */
const plan = ({ env }: Pick<Cloudflare, "env">, flags: object = {}) =>
  withEnvironment(env, () => planDeployment(flags));

describe("a sign-in", () => {
  it("that is missing is explained; --dry-run lists the steps without it", async () => {
    const cloudflare = await startCloudflare();
    const signedOut = { env: { ...cloudflare.env, CLOUDFLARE_API_TOKEN: "" } };
    const clone = createClone();
    const refused = await deploy(clone, signedOut);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("npx wrangler login");
    const listed = await deploy(clone, signedOut, "--dry-run");
    expect(listed.code).toBe(0);
    expect(listed.stdout).toMatch(/not signed in[\s\S]*create satchel/);
    expect(cloudflare.writes).toEqual([]);
  });

  it("of wrangler's is used", async () => {
    const cloudflare = await startCloudflare();
    const { CLOUDFLARE_API_TOKEN, ...env } = cloudflare.env;
    const clone = createClone();
    writeFileSync(join(clone, ".env"), `CLOUDFLARE_API_TOKEN=${CLOUDFLARE_API_TOKEN}\n`);
    const { code, stdout } = await deploy(clone, { env }, "--dry-run");
    expect([code, stdout]).toEqual([0, expect.stringContaining(`In the account ${ACCOUNT}`)]);
  });

  it("for several accounts needs a choice", async () => {
    const cloudflare = await startCloudflare();
    cloudflare.accounts.push({ id: "f".repeat(32), name: "Another" });
    const { code, stdout, stderr } = await deploy(createClone(), cloudflare);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`--account ${ACCOUNT}   Test\n`);
    expect((await plan(cloudflare, { account: ACCOUNT })).steps.length).toBeGreaterThan(0);
    expect(cloudflare.writes).toEqual([]);
  });

  it("with a token that Cloudflare does not know lacks the rights", async () => {
    const cloudflare = await startCloudflare();
    const env = { ...cloudflare.env, CLOUDFLARE_API_TOKEN: "another" };
    await expect(plan({ env })).rejects.toThrow("lacks the rights");
    expect(cloudflare.writes).toEqual([]);
  });
});

const MIGRATED =
  "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO d1_migrations (name) VALUES";

describe("names that are taken", () => {
  it.each<[string, (cloudflare: Cloudflare) => unknown, object, RegExp]>([
    [
      "by another Worker",
      ({ workers }) => {
        const versions = [{ id: "v", bindings: [{ type: "plain_text", name: "X", text: "y" }] }];
        workers.set("satchel", { versions, deployments: ["v"], isOnWorkersDev: true });
      },
      {},
      /a Worker "satchel" that is not a Satchel: .*--name/,
    ],
    [
      "by another database",
      (cloudflare) => addDatabase(cloudflare, "satchel").sqlite.exec("CREATE TABLE recipes (a)"),
      {},
      /a database "satchel" that is not a Satchel's: .*--name/,
    ],
    [
      "by the database of a newer version",
      (cloudflare) =>
        addDatabase(cloudflare, "satchel").sqlite.exec(
          `${MIGRATED} ('0001_init.sql'), ('9998_later.sql')`,
        ),
      {},
      /newer version \(migration 9998_later\.sql\): run git pull/,
    ],
    [
      "by a database in another jurisdiction",
      (cloudflare) => addDatabase(cloudflare, "satchel", { jurisdiction: "eu" }),
      {},
      /add --jurisdiction eu/,
    ],
    [
      "by a database without a jurisdiction",
      (cloudflare) => addDatabase(cloudflare, "satchel"),
      { jurisdiction: "eu" },
      /in no jurisdiction, and that cannot be changed/,
    ],
    [
      "by a Worker of ours whose database is gone",
      ({ workers }) => {
        const bindings = [
          { type: "d1", name: "DB", id: "gone" },
          { type: "durable_object_namespace", name: "USERS" },
        ];
        const versions = [{ id: "v", bindings }];
        workers.set("satchel", { versions, deployments: ["v"], isOnWorkersDev: true });
      },
      {},
      /uses the database gone, but there is no database "satchel"/,
    ],
    [
      "by another Worker's domain",
      ({ domains }) => domains.set("satchel.test.invalid", "blog"),
      { domain: "satchel.test.invalid" },
      /satchel\.test\.invalid belongs to the Worker "blog"/,
    ],
  ])("%s: refused, nothing is changed", async (_, take, flags, message) => {
    const cloudflare = await startCloudflare();
    take(cloudflare);
    const before = cloudflare.snapshot();
    await expect(plan(cloudflare, flags)).rejects.toThrow(message);
    expect(cloudflare.snapshot()).toBe(before);
  });
});

describe("domains", () => {
  const account = {
    workerAt: async (host: string) => (host === "ours.example" ? "satchel" : null),
    subdomain: async () => "alice",
  };
  const refuse = (choices: object) =>
    refuseForeignDomains(account as never, choices, "satchel", async (host: string) => {
      if (host === "free.example") throw new Error("ENOTFOUND");
      return { address: "192.0.2.1", family: 4 };
    });

  it("that lead somewhere else are refused; new ones and our own are not", async () => {
    await refuse({ domain: "ours.example", storage_domain: "free.example" });
    await expect(refuse({ domain: "ours.example", storage_domain: "web.example" })).rejects.toThrow(
      "web.example leads to 192.0.2.1 already",
    );
  });

  /** The old domains of a deployment whose settings were `before`, when it is deployed with `choices`. */
  async function oldDomains(before: Record<string, string>, choices: object) {
    const bindings = Object.entries(before).map(([name, text]) => ({
      type: "plain_text",
      name,
      text,
    }));
    const configuration = await buildConfiguration(choices);
    const worker = { id: "v", bindings };
    return (await keepOldDomains(account, choices, configuration, worker)).old_domains;
  }

  const ORIGIN = "https://old.example";
  it.each<[string, Record<string, string>, object, string[] | undefined]>([
    ["nothing changes", { ORIGIN }, { domain: "old.example" }, undefined],
    ["no domain is chosen", {}, {}, undefined],
    [
      "the first domain follows workers.dev",
      {},
      { domain: "a.example" },
      ["satchel.alice.workers.dev"],
    ],
    ["the domain changes", { ORIGIN }, { domain: "new.example" }, ["old.example"]],
    [
      "the storage moves to its own host",
      { ORIGIN },
      { domain: "old.example", storage_domain: "files.example" },
      ["old.example"],
    ],
    [
      "it was there before",
      { ORIGIN, STORAGE_ORIGIN: "https://files.example" },
      { domain: "old.example", storage_domain: "files.example" },
      undefined,
    ],
    [
      "both change, after an earlier change",
      { ORIGIN, STORAGE_ORIGIN: "https://files.example" },
      { domain: "a.example", storage_domain: "b.example", old_domains: ["first.example"] },
      ["first.example", "old.example", "files.example"],
    ],
  ])("that apps may know are kept: %s", async (_, before, choices, expected) => {
    expect(await oldDomains(before, choices)).toEqual(expected);
  });

  it("that are kept stay routed, and workers.dev stays on", async () => {
    const choices = { domain: "a.example", old_domains: ["b.example", "s.alice.workers.dev"] };
    expect(await buildConfiguration(choices)).toMatchObject({
      workers_dev: true,
      routes: [
        { pattern: "a.example", custom_domain: true },
        { pattern: "b.example", custom_domain: true },
      ],
      vars: { ORIGIN: "https://a.example", OLD_HOSTS: "b.example,s.alice.workers.dev" },
    });
    expect(await buildConfiguration({ domain: "a.example" })).toMatchObject({ workers_dev: false });
  });
});

describe("choices", () => {
  it("--help explains every flag", async () => {
    const { code, stdout } = await runScript(createClone(), "deploy", {}, ["--help"]);
    expect(code).toBe(0);
    const flags =
      "domain storage-domain sign-up plan location jurisdiction name account replace-dns wait dry-run help";
    for (const flag of flags.split(" ")) expect(stdout).toContain(`  --${flag} `);
  });

  it.each([
    ["another flag", "--dmain x", "", "see npm run deploy -- --help"],
    ["an unknown choice in the file", "", "domian = 'a.example'", "domian is not known"],
    ["a file that is no TOML", "", "domain = a", "is not valid TOML"],
  ])("%s: one line says what is wrong", async (_, flags, file, message) => {
    const cloudflare = await startCloudflare();
    const { code, stdout, stderr } = await deploy(createClone(file), cloudflare, flags);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(message)]);
    expect(cloudflare.writes).toEqual([]);
  });

  it.each([
    [{ "sign-up": "anyone" }, "sign-up must be one of open, invitation, closed"],
    [{ domain: "https://satchel.example" }, "domain must be a host"],
    [{ domain: "Satchel.example" }, "domain must be a host"],
    [{ domain: "satchel.example:8443" }, "domain must be a host"],
    [{ domain: "a.example", "storage-domain": "*.a.example" }, "domain must be a host"],
    [{ "storage-domain": "a.example" }, "add --domain"],
    [{ domain: "a.example", "storage-domain": "a.example" }, "must differ"],
    [{ name: "My_Satchel" }, "name must have"],
    [{ account: "Alice" }, "account must be the id"],
  ])("%o is refused", (flags, message) => {
    expect(() => withFlags({}, flags)).toThrow(message);
  });

  it.each([
    [{ SIGNUP: "open" }, "no setting SIGNUP"],
    [{ HISTORY_DAYS: "-1" }, "The setting HISTORY_DAYS"],
  ])("the settings %o are refused", async (settings, message) => {
    await expect(buildConfiguration({ settings })).rejects.toThrow(message);
  });

  it("are laid over wrangler.toml: tables are merged, lists appended", async () => {
    const configuration = await buildConfiguration({
      domain: "a.example",
      settings: { MAIL: "cloudflare", MAIL_FROM: "satchel@a.example" },
      wrangler: {
        routes: [{ pattern: "b.example/.well-known/*", zone_name: "b.example" }],
        observability: { logs: { head_sampling_rate: 0.1 } },
        send_email: [{ name: "MAILER" }],
      },
    });
    expect(configuration).toMatchObject({
      routes: [
        { pattern: "a.example", custom_domain: true },
        { pattern: "b.example/.well-known/*" },
      ],
      observability: { enabled: true, logs: { enabled: true, head_sampling_rate: 0.1 } },
      send_email: [{ name: "MAILER" }],
      vars: { MAIL: "cloudflare", HISTORY_DAYS: "30" },
    });
  });
});
