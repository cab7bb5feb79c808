/** The commit that is measured. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The commit that is checked out, "with changes" if the Worker's source differs from it; null without Git. */
export function readCommit() {
  const git = (...args) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  try {
    const id = git("rev-parse", "--short", "HEAD");
    return git("diff", "HEAD", "--", "src") === "" ? id : `${id} with changes`;
  } catch {
    return null;
  }
}
