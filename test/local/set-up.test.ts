/** `npm run set-up`, as far as it can be tested without a deployment. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { collectOutput, ROOT } from "./server";

const runSetUp = (...args: string[]) =>
  collectOutput(spawn(process.execPath, [join(ROOT, "scripts/set-up.mjs"), ...args])).ended;

it("--help explains every flag and makes no requests", async () => {
  const { code, stdout, stderr } = await runSetUp("--help");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const flag of ["--origin", "--help"]) expect(stdout).toContain(flag);
});

it.each([
  ["an empty address", ["--origin", ""], "is not an origin"],
  ["an address with a path", ["--origin", "https://satchel.example/"], "is not an origin"],
  ["another flag", ["--local"], "see npm run set-up -- --help"],
])("%s: prints one line that says what is wrong, and no link", async (_, args, message) => {
  const { code, stdout, stderr } = await runSetUp(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(message)]);
});
