/** Runs before tests that start servers: what each of their processes would compile at the same time is compiled once. */

import { bundlePageScripts } from "../../scripts/lib/bundle-page-scripts.mjs";
import { bundleWorker, loadParseSettings } from "../../scripts/lib/bundle-worker.mjs";
import { stopCompiler } from "../../scripts/lib/compiler.mjs";

export default async function compileOnce(): Promise<void> {
  await Promise.all([bundleWorker(), bundlePageScripts(), loadParseSettings()]);
  await stopCompiler();
}
