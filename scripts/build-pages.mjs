/** Builds the scripts of the pages, before wrangler uploads them: `[build]` in wrangler.toml. */

import { stop } from "esbuild";
import { bundlePageScripts } from "./lib/bundle-page-scripts.mjs";

await bundlePageScripts();
await stop();
