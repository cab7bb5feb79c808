/** Rules of package.json and package-lock.json. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

const readJson = (file: string) => JSON.parse(readFileSync(join(ROOT, file), "utf8"));

const packages: Record<string, { resolved?: string }> = readJson("package-lock.json").packages;

describe("package-lock.json", () => {
  it("has the address of every package, for which npm would ask the registry", () => {
    const unknown = Object.entries(packages)
      .filter(([path, { resolved = "" }]) => path !== "" && !resolved.endsWith(".tgz"))
      .map(([path]) => path);
    expect(unknown).toEqual([]);
    expect(Object.keys(packages).length).toBeGreaterThan(1);
  });
});
