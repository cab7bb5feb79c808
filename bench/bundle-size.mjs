/** Measures the size of the Worker bundle and its start-up time. */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../scripts/lib/install.mjs";
import { spread } from "./statistics.mjs";

const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** A single start gives only a few profiler samples. */
const STARTS = { full: 9, quick: 2 };

const ENVIRONMENT = {
  ...process.env,
  // Keep wrangler from connecting to the internet.
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
};

/**
 * The size of the bundle that `wrangler deploy` uploads, in KiB, and the CPU time of its start by
 * `wrangler check startup`, in milliseconds. Empty if wrangler fails.
 * @param {"full" | "quick"} length of the run
 * @returns {Promise<{kib?: number, gzipKib?: number, startMs?: import("./statistics.mjs").Spread}>}
 */
export async function measureBundle(length) {
  const folder = mkdtempSync(join(tmpdir(), "satchel-size-"));
  try {
    await runWrangler("deploy", "--dry-run", "--outdir", folder);
    const bundle = readFileSync(join(folder, "index.js"));
    const profile = join(folder, "start.cpuprofile");
    const starts = [];
    for (let number = 0; number < STARTS[length]; number++) {
      await runWrangler("check", "startup", "--outfile", profile);
      starts.push(activeMs(JSON.parse(readFileSync(profile, "utf8"))));
    }
    return {
      kib: bundle.byteLength / 1024,
      gzipKib: gzipSync(bundle).byteLength / 1024,
      startMs: spread(starts),
    };
  } catch (error) {
    console.error(`Size and start-up time could not be measured: ${error.message}`);
    return {};
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The time of a CPU profile, without idle time. */
function activeMs({ nodes, samples, timeDeltas }) {
  const idle = new Set(
    nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id),
  );
  const active = timeDeltas.filter((_, index) => !idle.has(samples[index]));
  return active.reduce((sum, microseconds) => sum + microseconds, 0) / 1000;
}

function runWrangler(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WRANGLER, ...args], {
      cwd: ROOT,
      env: ENVIRONMENT,
      stdio: ["ignore", "ignore", "ignore"],
    });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`wrangler ${args.join(" ")} exited with code ${code}`)),
    );
  });
}
