/** `npm run set-up`, as far as it goes without a deployment. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { collect, ROOT } from "./server";

const setUp = (...args: string[]) =>
  collect(spawn(process.execPath, [join(ROOT, "scripts/set-up.mjs"), ...args])).ended;

it("--help explains every flag and asks nothing of anyone", async () => {
  const { code, stdout, stderr } = await setUp("--help");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const flag of ["--origin", "--help"]) expect(stdout).toContain(flag);
});

it.each([
  ["no origin", [], "--origin https://"],
  ["an address with a path", ["--origin", "https://satchel.example/"], "is no origin"],
  ["another flag", ["--local"], "see npm run set-up -- --help"],
])("%s: one line that says what is wrong, and no link", async (_, args, words) => {
  const { code, stdout, stderr } = await setUp(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(words)]);
});
