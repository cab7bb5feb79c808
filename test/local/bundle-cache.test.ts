/** A bundle is made again whenever the files that it was made of may mean something else. */

import {
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { cached } from "../../scripts/lib/bundle-cache.mjs";
import { temporaryFolder } from "./server";

afterEach(() => void vi.useRealTimers());

/** What a build returns whose bundle is two files. */
const output = (inputs: string[], text: string) => ({
  inputs,
  outputs: [
    { path: "ü.js", text },
    { path: "ü.js.map", text: `map of ${text}` },
  ],
});

/** The text of the bundle. */
function textOf([script, map]: { path: string; text: string }[]): string {
  const text = script?.text ?? "";
  expect([script?.path, map?.path, map?.text]).toEqual(["ü.js", "ü.js.map", `map of ${text}`]);
  return text;
}

/** A project of two files, whose bundle is their text, and a clock that is ahead of their changes. */
function createProject() {
  const root = temporaryFolder();
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  for (const folder of ["src", "node_modules"]) mkdirSync(join(root, folder));
  write("src/a.ts", "a");
  write("node_modules/b.js", "b");
  write("package.json", "{}");
  const build = vi.fn(async () => {
    const inputs = ["src/a.ts", "node_modules/b.js"];
    return output(inputs, inputs.map((path) => readFileSync(join(root, path), "utf8")).join());
  });
  const file = join(root, "cache/bundle");
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ["Date"] });
  const bundle = async (options = {}) => textOf(await cached({ file, root, options }, build));
  return { root, write, build, file, bundle };
}

it("is returned without a build if nothing has changed", async () => {
  const { build, bundle } = createProject();
  expect([await bundle(), await bundle(), await bundle()]).toEqual(["a,b", "a,b", "a,b"]);
  expect(build).toHaveBeenCalledTimes(1);
});

it.each<[string, (project: ReturnType<typeof createProject>) => void]>([
  ["a file has changed", ({ write }) => write("src/a.ts", "A")],
  ["a file of a package has changed", ({ write }) => write("node_modules/b.js", "b, longer")],
  ["there is another file that an import may mean", ({ write }) => write("src/a.tsx", "")],
  ["a package was installed", ({ write }) => write("node_modules/.package-lock.json", "{}")],
  ["the configuration has changed", ({ write }) => write("package.json", '{ "type": "module" }')],
  ["the cache is half written", ({ file }) => writeFileSync(file, '{"digest":"')],
  ["the cache lacks its end", ({ file }) => truncateSync(file, statSync(file).size - 1)],
  ["the cache is gone", ({ file }) => rmSync(file)],
])("is built again if %s", async (_, change) => {
  const project = createProject();
  await project.bundle();
  change(project);
  const result = await project.bundle();
  expect(project.build).toHaveBeenCalledTimes(2);
  const { outputs } = await project.build();
  expect(result).toBe(textOf(outputs));
});

it("is built again with other options", async () => {
  const { build, bundle } = createProject();
  await bundle({ minify: true });
  await bundle({ minify: false });
  expect(build).toHaveBeenCalledTimes(2);
});

it("is built again, even if the file looks as old as before", async () => {
  const { root, write, bundle } = createProject();
  const then = new Date(0);
  utimesSync(join(root, "src/a.ts"), then, then);
  await bundle();
  write("src/a.ts", "A");
  utimesSync(join(root, "src/a.ts"), then, then);
  expect(await bundle()).toBe("A,b");
});

it("is not kept if a file has changed while it was built", async () => {
  const { write, build, bundle } = createProject();
  vi.useRealTimers();
  build.mockImplementationOnce(async () => {
    write("src/a.ts", "A");
    return output(["src/a.ts"], "a");
  });
  expect(await bundle()).toBe("a");
  expect(await bundle()).toBe("A,b");
});
