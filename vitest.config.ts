/**
 * Three test projects: `worker` runs inside workerd with local D1, R2 and Durable Objects, `node` in Node, and
 * `browser`, too, with Chromium.
 */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { HOSTS, HOSTS_NAMES, type HostsName } from "./test/support/hosts.ts";
import { useRamDisk } from "./test/support/ram-disk.ts";

/** The limits that the tests in workerd run under: test/support/guard. */
const PLAN = process.env.PLAN === "free" ? "free" : "paid";

/** The hosts at which the tests in workerd have the storage. */
const CHOSEN_HOSTS = parseHosts(process.env.HOSTS ?? "single");

function parseHosts(text: string): HostsName {
  const name = HOSTS_NAMES.find((name) => name === text);
  if (name === undefined) throw new Error(`HOSTS is not one of ${HOSTS_NAMES.join(", ")}.`);
  return name;
}

/** Only for what hangs: a slow machine must not fail a test. */
const TIMEOUTS = {
  testTimeout: 10 * 60_000,
  hookTimeout: 10 * 60_000,
  expect: { poll: { timeout: 2 * 60_000 } },
};

// Node compiles large packages (Miniflare, Playwright) once, not in the process of each file and server.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/satchel");

useRamDisk();

/**
 * Packages of many files, by the names under which they are imported: each is bundled once, instead of
 * being loaded file by file for each test file.
 */
const BUNDLED_PACKAGES = [
  "@simplewebauthn/server",
  "diff",
  "fast-check",
  "jose",
  "mingo/core",
  "mingo/operators/query",
  "mingo/query",
  "rxdb-16/plugins/attachments",
  "rxdb-16/plugins/core",
  "rxdb-16/plugins/replication",
  "rxdb-16/plugins/storage-memory",
  "rxdb-16/plugins/storage-remote",
  "rxdb/plugins/attachments",
  "rxdb/plugins/core",
  "rxdb/plugins/encryption-crypto-js",
  "rxdb/plugins/key-compression",
  "rxdb/plugins/local-documents",
  "rxdb/plugins/migration-schema",
  "rxdb/plugins/replication",
  "rxdb/plugins/storage-memory",
  "rxdb/plugins/storage-remote",
  "rxjs",
];

const COMPILE_ONCE = "./test/local/compile-once.ts";

/** The slowest files, which must not be the last: while one runs alone, the other CPUs are idle. */
const SLOWEST = [
  "local/crash",
  "local/start",
  "local/data",
  "local/backup",
  "local/deploy",
  "local/cli-",
  "local/docs",
  "races/model",
  "races/tasks-faults",
  "unit/costs/worst-cases",
  "races/deletion",
  "races/",
  "spec/rxdb-limits",
  "spec/rxdb-connections",
  "spec/rxdb-quota",
  "spec/access",
  "spec/names",
  "spec/round-trip",
  "spec/conformance",
];

/**
 * Orders test files by project: first `browser` and `node`, whose files take longest, then `worker`, because
 * only files in a row share a browser or a runtime. In a project the slowest are first, then the largest.
 */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort(
      (a, b) => a.project.name.localeCompare(b.project.name) || slownessRank(a) - slownessRank(b),
    );
  }
}

function slownessRank({ moduleId }: TestSpecification): number {
  const rank = SLOWEST.findIndex((name) => moduleId.includes(`/test/${name}`));
  return rank === -1 ? SLOWEST.length : rank;
}

export default defineConfig({
  test: {
    sequence: { sequencer: SlowestFirst },
    silent: "passed-only",
    // Two more than the CPUs, because tests also wait for other processes, the disk and timers.
    maxWorkers: availableParallelism() + 2,
    projects: [
      {
        plugins: [
          cloudflareTest(async () => ({
            main: "./test/support/guard/worker.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations("./migrations"),
                SUBREQUESTS: PLAN === "free" ? "50" : "10000",
                // Each line would go through the process of Vitest: test/spec/monitoring turns them on.
                LOG_REQUESTS: "no",
                ...HOSTS[CHOSEN_HOSTS].settings,
              },
            },
          })),
        ],
        test: {
          name: "worker",
          provide: {
            plan: PLAN,
            hosts: CHOSEN_HOSTS,
            modelSteps: process.env.MODEL_STEPS,
            modelSeed: process.env.MODEL_SEED,
            fuzzRuns: process.env.FUZZ_RUNS,
            liveSteps: process.env.LIVE_STEPS,
            roundTrips: process.env.ROUND_TRIPS,
            liveSeed: process.env.LIVE_SEED,
            rxdbSteps: process.env.RXDB_STEPS,
            rxdbSeed: process.env.RXDB_SEED,
            taskSteps: process.env.TASK_STEPS,
            taskSeed: process.env.TASK_SEED,
          },
          include: ["test/{spec,unit,races}/**/*.test.ts"],
          setupFiles: [
            "./test/support/start-afresh.ts",
            "./test/support/guard/refuse-violations.ts",
          ],
          sequence: { setupFiles: "list" },
          // A runtime takes seconds to start, so files share one; start-afresh.ts empties it.
          isolate: false,
          deps: { optimizer: { ssr: { enabled: true, include: BUNDLED_PACKAGES } } },
          ...TIMEOUTS,
        },
      },
      {
        test: {
          name: "node",
          include: ["test/{house,local}/**/*.test.ts", "conformance/test/*.test.js"],
          globalSetup: COMPILE_ONCE,
          // Vitest, Miniflare and the compiler are loaded once in a process.
          isolate: false,
          ...TIMEOUTS,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: COMPILE_ONCE,
          // Chromium is started once in a process, and Playwright and Miniflare are loaded once.
          isolate: false,
          ...TIMEOUTS,
        },
      },
    ],
  },
});
