/** `npm run deploy` with the real wrangler, against a stand-in for Cloudflare's API. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planDeployment } from "../../scripts/deploy/plan.mjs";
import { type Cloudflare, startCloudflare, withEnvironment } from "./cloudflare";
import {
  addDeployment,
  addMigratedDatabase,
  choicesFor,
  createClone,
  deploy,
  runScript,
} from "./deploy-clone";

const LINK = /Become administrator +(\S+)\/set-up\/\S+/;

/** The bindings of the version that is deployed, by name. */
function deployedBindings({ workers }: Cloudflare, name = "satchel") {
  const worker = workers.get(name);
  const version = worker?.versions.find(({ id }) => id === worker.deployments[0]);
  return new Map(version?.bindings.map((binding) => [binding.name, binding]));
}

/** Works with a deployment of which each step is run by its title, in this process. */
async function withSteps(
  { env }: Cloudflare,
  flags: object,
  work: (
    run: (title: string) => Promise<void>,
    plan: Awaited<ReturnType<typeof planDeployment>>,
  ) => Promise<void>,
): Promise<void> {
  await withEnvironment(env, async () => {
    const plan = await planDeployment(flags);
    const run = async (title: string) => {
      const step = plan.steps.find((one) => one.title === title);
      if (!step?.run) throw new Error(`There is no step ${title} to run.`);
      await step.run();
    };
    await work(run, plan);
  });
}

describe("npm run deploy", () => {
  it("--dry-run lists every step and changes nothing", async () => {
    const cloudflare = await startCloudflare();
    const clone = createClone();
    const before = cloudflare.snapshot();
    const { code, stdout } = await deploy(clone, cloudflare, "--dry-run --sign-up closed");
    expect(code).toBe(0);
    const steps = [...stdout.matchAll(/^ {7}(\S+(?: \S+)*?) {2}/gm)].map(([, title]) => title);
    expect(steps).toEqual([
      "Choices",
      "Database",
      "Bucket",
      "Migrations",
      "Upload",
      "Health",
      "Set-up link",
    ]);
    expect(stdout).toContain('sign_up = "closed"');
    expect([cloudflare.snapshot(), cloudflare.writes]).toEqual([before, []]);
    for (const file of ["deploy.toml", "wrangler.deploy.json"]) {
      expect(existsSync(join(clone, file))).toBe(false);
    }
  });
});

describe("after a run that was not finished", () => {
  it("goes on where it stopped, with the choices that it was given; a first version that is not well stays", async () => {
    const cloudflare = await startCloudflare();
    const clone = createClone(choicesFor(cloudflare));
    cloudflare.denials = [
      { request: /\/r2\/buckets$/, status: 403, code: 10042, message: "Please enable R2" },
    ];
    const flags =
      "--name alices --jurisdiction eu --sign-up invitation --plan paid --domain satchel.test.invalid --storage-domain files.test.invalid";
    const withoutR2 = await deploy(clone, cloudflare, flags);
    expect(withoutR2.code).toBe(1);
    expect(withoutR2.stdout).toMatch(/^FAILED +Bucket/m);
    expect(withoutR2.stderr).toMatch(/R2 is not enabled[\s\S]*Done so far:[\s\S]*create alices/);
    cloudflare.denials = [
      { request: /^PUT .*\/alices$/, status: 400, code: 10021, message: "No such class" },
    ];
    const withoutUpload = await deploy(clone, cloudflare);
    expect(withoutUpload.code).toBe(1);
    expect(withoutUpload.stderr).toMatch(
      /No such class[\s\S]*Done so far:[\s\S]*Bucket: create[\s\S]*Migrations: apply/,
    );
    expect(cloudflare.workers.size).toBe(0);
    cloudflare.denials = [];
    cloudflare.health = () => 500;
    const choices = readFileSync(join(clone, "deploy.toml"), "utf8");
    const notWell = await deploy(clone, cloudflare);
    expect(notWell.code).toBe(1);
    expect(notWell.stderr).toMatch(/500[\s\S]*no earlier version/);
    expect(cloudflare.workers.get("alices")?.deployments.length).toBe(1);
    cloudflare.health = () => 200;
    const complete = await deploy(clone, cloudflare);
    expect(complete).toMatchObject({ code: 0, stderr: "" });
    expect(complete.stdout).not.toContain("token secret");
    expect(readFileSync(join(clone, "deploy.toml"), "utf8")).toBe(choices);
    expect(cloudflare.workers.get("alices")?.deployments.length).toBe(2);
    expect(complete.stdout).toContain(`Satchel is running at ${cloudflare.url}\n`);
    expect(complete.stdout).toMatch(LINK);
    expect(complete.stdout).not.toContain("/sign-up");
    expect(cloudflare.databases).toMatchObject([{ name: "alices", jurisdiction: "eu" }]);
    expect(cloudflare.buckets).toEqual([
      { name: "alices-bodies", location: null, jurisdiction: "eu" },
    ]);
    expect(Object.fromEntries(cloudflare.domains)).toEqual({
      "satchel.test.invalid": "alices",
      "files.test.invalid": "alices",
    });
    const bindings = deployedBindings(cloudflare, "alices");
    expect(bindings.get("BODIES")).toMatchObject({
      bucket_name: "alices-bodies",
      jurisdiction: "eu",
    });
    expect(bindings.get("STORAGE_ORIGIN")).toMatchObject({ text: "https://files.test.invalid" });
    expect(bindings.get("SIGN_UP")).toMatchObject({ text: "invitation" });
    expect(bindings.get("SUBREQUESTS")).toMatchObject({ text: "10000" });
    expect(bindings.get("DB")).toMatchObject({ id: cloudflare.databases[0]?.uuid });
    expect(bindings.get("TOKEN_SECRETS")).toEqual({ type: "secret_text", name: "TOKEN_SECRETS" });
    expect(cloudflare.unknown).toEqual([]);
  });

  it("says which right is missing", async () => {
    const cloudflare = await startCloudflare();
    cloudflare.denials = [
      { request: /^POST .*\/r2\/buckets$/, status: 403, code: 10000, message: "Not allowed" },
    ];
    await withSteps(cloudflare, { location: "weur" }, async (run) => {
      await run("Database");
      await expect(run("Bucket")).rejects.toThrow(/lacks the rights[\s\S]*permissions/);
    });
    expect(cloudflare.databases).toMatchObject([{ name: "satchel", location: "weur" }]);
    expect([cloudflare.buckets, cloudflare.workers.size]).toEqual([[], 0]);
  });
});

describe("a new version", () => {
  it("whose migration fails is not uploaded, and the database is as it was", async () => {
    const cloudflare = await startCloudflare();
    const clone = createClone(choicesFor(cloudflare));
    addDeployment(cloudflare);
    const before = cloudflare.snapshot();
    const broken = "CREATE TABLE half (a);\nCREATE TABLE nodes (a);";
    writeFileSync(join(clone, "migrations/9999_broken.sql"), broken);
    const { code, stdout, stderr } = await deploy(clone, cloudflare);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +Migrations/m);
    expect(stderr).toMatch(/nodes already exists[\s\S]*Nothing was uploaded/);
    expect(stderr).toMatch(/d1 time-travel restore satchel --timestamp 20/);
    expect(cloudflare.snapshot()).toBe(before);
  });

  it("that is not well is rolled back", async () => {
    const cloudflare = await startCloudflare();
    const clone = createClone(choicesFor(cloudflare));
    const good = addDeployment(cloudflare);
    cloudflare.health = ({ id }) => (id === good ? 200 : 503);
    const { code, stdout, stderr } = await deploy(clone, cloudflare);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +Health/m);
    expect(stderr).toMatch(/answers: 503/);
    expect(stderr).toContain(`was rolled back: ${good} is deployed again and is well`);
    expect(cloudflare.workers.get("satchel")?.deployments).toEqual([
      good,
      expect.any(String),
      good,
    ]);
    expect(cloudflare.unknown).toEqual([]);
  });

  it("needs no token secret if tokens are signed with a key in the database, and no set-up link if there is an administrator", async () => {
    const cloudflare = await startCloudflare();
    const { sqlite } = addMigratedDatabase(cloudflare);
    sqlite.exec("INSERT INTO signing_keys (kid, secret, created_at) VALUES ('k', 's', 1)");
    // As the set-up link does.
    sqlite.exec("INSERT INTO accounts (id, name, is_admin, created_at) VALUES ('1', 'a', 1, 1)");
    const before = cloudflare.snapshot();
    await withSteps(cloudflare, { location: "weur" }, async (run, { steps, result }) => {
      expect(steps).toContainEqual(
        expect.objectContaining({ title: "Upload", action: "the Worker satchel" }),
      );
      await run("Set-up link");
      expect(result.adminLink).toBeUndefined();
      expect(cloudflare.snapshot()).toBe(before);
      await run("Bucket");
    });
    expect(cloudflare.buckets).toEqual([
      { name: "satchel-bodies", location: "weur", jurisdiction: null },
    ]);
  });

  it("from a clone that lacks the settings of the deployed one is refused", async () => {
    const cloudflare = await startCloudflare();
    addDeployment(cloudflare, { SIGN_UP: "closed" });
    const before = cloudflare.snapshot();
    const planned = withEnvironment(cloudflare.env, () => planDeployment({}));
    await expect(planned).rejects.toThrow('SIGN_UP: deployed "closed", here "open"');
    expect(cloudflare.snapshot()).toBe(before);
  });
});

describe("npm run set-up", () => {
  it.each([
    ["at its domain", choicesFor, ({ url }: Cloudflare) => url],
    ["under workers.dev", () => undefined, () => "https://satchel.test.workers.dev"],
  ])("creates a link to the deployed provider %s", async (_, choicesOf, originOf) => {
    const cloudflare = await startCloudflare();
    addDeployment(cloudflare);
    const clone = createClone(choicesOf(cloudflare));
    const { code, stdout } = await runScript(clone, "set-up", cloudflare.env, []);
    expect(code).toBe(0);
    const link = new RegExp(`^ {2}${originOf(cloudflare)}/set-up/[\\w-]{43}$`, "m");
    expect(stdout).toMatch(link);
    const invitations = "SELECT note, max_uses, is_admin FROM invitations";
    expect(cloudflare.databases[0]?.sqlite.prepare(invitations).all()).toMatchObject([
      { note: "Set-up", max_uses: 1, is_admin: 1 },
    ]);
  });
});
