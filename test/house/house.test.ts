/** Rules of the code base: layers, import cycles, where SQL and R2 may be used, names, docstrings, documents. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { LAYERS, renderPage } from "../../scripts/architecture.mjs";

const ROOT = join(import.meta.dirname, "../..");

interface Import {
  from: string;
  to: string;
  isTypeOnly: boolean;
}

const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
  /\.tsx?$/.test(file),
);
const textOf = (file: string): string => readFileSync(join(ROOT, "src", file), "utf8");
const areaOf = (file: string): string => file.split("/")[0]?.replace(/\.tsx?$/, "") ?? "";
const layerOf = (file: string): number =>
  LAYERS.findIndex((areas) => Object.hasOwn(areas, areaOf(file)));

const imports: Import[] = files.flatMap((from) =>
  [...textOf(from).matchAll(/^(import|export)( type)? [^;]*? from "(\.[^"]+)";/gms)].flatMap(
    ([, , type, path = ""]) => {
      const base = normalize(join(dirname(from), path));
      // What the Worker shares with the pages and the command line, and which imports nothing of src.
      if (base.startsWith("../transfer/")) return [];
      const to = files.find((file) => file.replace(/(\/index)?\.tsx?$/, "") === base);
      if (to === undefined) throw new Error(`${from} imports ${path}, which does not exist.`);
      return [{ from, to, isTypeOnly: type !== undefined }];
    },
  ),
);

describe("imports in src", () => {
  it("every area has a layer", () => {
    expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it("go only to lower layers, except for the types that env.ts needs", () => {
    const upward = imports.filter(
      ({ from, to, isTypeOnly }) =>
        areaOf(from) !== areaOf(to) &&
        layerOf(from) <= layerOf(to) &&
        !(from === "env.ts" && isTypeOnly),
    );
    expect(upward).toEqual([]);
  });

  it("never take the routes or the SQL of another area", () => {
    const foreign = imports.filter(
      ({ from, to }) =>
        areaOf(from) !== areaOf(to) &&
        areaOf(from) !== "app" &&
        /\/(routes|db)(\/|\.tsx?$)/.test(to),
    );
    expect(foreign).toEqual([]);
  });

  it("take only packages that are installed without those for development", () => {
    const packageFile = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const isKnown = (name: string) =>
      Object.keys(packageFile.dependencies).some((own) => `${name}/`.startsWith(`${own}/`));
    const unknown = files.flatMap((from) =>
      [...textOf(from).matchAll(/ from "([^."][^"]*)";/g)]
        .map(([, name = ""]) => name)
        .filter((name) => !/^node:|^cloudflare:workers$/.test(name) && !isKnown(name))
        .map((name) => `${from}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it("have no cycles, except through the types that env.ts needs", () => {
    const next = (file: string): string[] =>
      imports
        .filter(({ from, isTypeOnly }) => from === file && !(from === "env.ts" && isTypeOnly))
        .map(({ to }) => to);
    const done = new Set<string>();
    const findCycle = (file: string, path: string[]): string[] | null => {
      if (path.includes(file)) return [...path, file];
      if (done.has(file)) return null;
      const cycle = next(file)
        .map((to) => findCycle(to, [...path, file]))
        .find((found) => found !== null);
      if (cycle) return cycle;
      done.add(file);
      return null;
    };
    expect(files.map((file) => findCycle(file, [])).filter((cycle) => cycle !== null)).toEqual([]);
  });
});

describe("in src", () => {
  const filesWith = (pattern: RegExp, except: RegExp): string[] =>
    files.filter((file) => !except.test(file) && pattern.test(textOf(file)));

  it("only db files contain SQL", () => {
    expect(filesWith(/\.prepare\(/, /\/db(\/.*)?\.ts$|platform\/sql\.ts$/)).toEqual([]);
  });

  it("only bodies.ts uses R2", () => {
    expect(
      filesWith(/\b(bucket|BODIES)\.(put|get|head|list|delete|create)/, /bodies\.ts$/),
    ).toEqual([]);
  });

  it("only core/secrets and the salt of passwords use randomness", () => {
    expect(
      filesWith(
        /getRandomValues|randomUUID|Math\.random|randomBytes/,
        /secrets\.ts|password-hashing\.ts/,
      ),
    ).toEqual([]);
  });

  it("only routes, middleware, the error handler and the Durable Objects read the clock", () => {
    expect(
      filesWith(
        /Date\.now\(\)|new Date\(\)/,
        /(^app\.ts|\/routes(\/.*)?\.tsx?|middleware\.ts|measure-requests\.ts|rate-limits\.ts|(?:user|module|password)-object\.ts)$/,
      ),
    ).toEqual([]);
  });

  it("core knows no Hono, Request or Response", () => {
    const core = files.filter((file) => areaOf(file) === "core");
    expect(core.filter((file) => /\b(hono|Request|Response)\b/.test(textOf(file)))).toEqual([]);
  });

  it("every file starts with a comment, and every exported function has a docstring", () => {
    expect(files.filter((file) => !textOf(file).startsWith("/**"))).toEqual([]);
    const undocumented = files.flatMap((file) =>
      [...textOf(file).matchAll(/^(?<before>.*)\nexport (?:async )?(?:function|class) (\w+)/gm)]
        .filter(({ groups }) => !groups?.before?.endsWith("*/"))
        .map(([, , name]) => `${file}: ${name}`),
    );
    expect(undocumented).toEqual([]);
  });

  it("every cited section is one of the draft, or names its RFC", () => {
    const sections = new Set(["4", "5", "6", "7", "8", "9", "10", "10.1", "11", "12", "14", "15"]);
    const unknown = files.flatMap((file) =>
      [...textOf(file).matchAll(/(RFC \d+ |, )?§([\d.]*\d)/g)]
        .filter(([, rfc, section = ""]) => rfc === undefined && !sections.has(section))
        .map(([mark]) => `${file}: ${mark}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe("names", () => {
  /** Equal names that are meant to be equal. */
  const SHARED_NAMES: Record<string, string> = {
    en: "the English messages of each area",
    de: "the German messages of each area",
  };

  it("no two exported things have the same name", () => {
    const pattern =
      /^export (?:abstract )?(?:async )?(?:function|class|const|interface|type) (\w+)/gm;
    const exported = files.flatMap((file) =>
      [...textOf(file).matchAll(pattern)].map(([, name = ""]) => ({ file, name })),
    );
    const byName = Map.groupBy(exported, ({ name }) => name);
    const equal = [...byName].filter(
      ([name, owners]) =>
        new Set(owners.map(({ file }) => file)).size > 1 && !Object.hasOwn(SHARED_NAMES, name),
    );
    expect(equal).toEqual([]);
  });

  it("a folder has at most twenty files", () => {
    const byFolder = Map.groupBy(files, dirname);
    expect([...byFolder].filter(([, own]) => own.length > 20)).toEqual([]);
  });

  describe("retired words", () => {
    const retired = readFileSync(join(import.meta.dirname, "retired-words.txt"), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split(" -> ")[0] ?? "")
      .map((word) => new RegExp(`\\b(?:${word})\\b`, /[A-Z]/.test(word) ? "" : "i"));

    const findRetired = (text: string): string[] =>
      text.split("\n").flatMap((line, index) =>
        retired.flatMap((pattern) => {
          const [word] = pattern.exec(line) ?? [];
          return word === undefined ? [] : [`${index + 1}: ${word}`];
        }),
      );

    it("are recognised", () => {
      expect(findRetired("the Roster\nweighToken")).toEqual(["1: Roster", "2: weighToken"]);
      expect(findRetired("a connection registry")).toEqual([]);
    });

    it("are in no file of the project", () => {
      const folders = [
        "src",
        "client",
        "transfer",
        "cli",
        "conformance",
        "examples",
        "scripts",
        "bench",
        "test",
        "docs",
      ];
      const texts = folders
        .flatMap((folder) =>
          readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) =>
            join(folder, file),
          ),
        )
        .filter((file) => /\.(tsx?|mjs|js|md|css|html)$/.test(file))
        .filter((file) => !/node_modules|^bench.(results|peers)/.test(file))
        // This file has to name some of them.
        .filter((file) => !file.endsWith("house.test.ts"));
      const all = [...texts, "README.md", "SECURITY.md", "CHANGELOG.md", "schema.sql"];
      const found = all.flatMap((file) =>
        findRetired(readFileSync(join(ROOT, file), "utf8")).map((word) => `${file}:${word}`),
      );
      expect(found).toEqual([]);
    });
  });
});

describe("the database", () => {
  const shapeOf = (sql: string): unknown[] => {
    const db = new DatabaseSync(":memory:");
    db.exec(sql);
    const rows = db.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").all();
    return rows.map(({ type, name, sql }) => [
      type,
      name,
      String(sql)
        .replace(/--.*$/gm, "")
        .replace(/\s+/g, " ")
        .replace(/ ([,)])/g, "$1")
        // A table that was renamed has its name in quotes.
        .replace(/^CREATE TABLE "(\w+)"/, "CREATE TABLE $1"),
    ]);
  };

  it("schema.sql equals the result of the migrations", () => {
    const migrations = readdirSync(join(ROOT, "migrations")).sort();
    const migrated = migrations.map((file) => readFileSync(join(ROOT, "migrations", file), "utf8"));
    const shape = shapeOf(migrated.join("\n"));
    expect(shape.length).toBeGreaterThan(0);
    expect(shapeOf(readFileSync(join(ROOT, "schema.sql"), "utf8"))).toEqual(shape);
  });

  it("migrations are numbered without a gap", () => {
    const numbers = readdirSync(join(ROOT, "migrations"))
      .sort()
      .map((file) => Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});

describe("docs/architecture.md", () => {
  it("has the map of the code as it is (npm run docs)", () => {
    expect(readFileSync(join(ROOT, "docs/architecture.md"), "utf8")).toBe(renderPage());
  });
});

describe("SECURITY.md", () => {
  const rows = readFileSync(join(ROOT, "SECURITY.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| (?!asset|-)/.test(line));

  it("names a test for every attack", () => {
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter((row) => !/`test\/[\w/.-]+\.ts` “[^”]+” \|$/.test(row))).toEqual([]);
  });

  it("names only tests that exist", () => {
    const missing = rows.filter((row) =>
      [...row.matchAll(/`(test\/[\w/.-]+\.ts)` “([^”]+)”/g)].some(
        ([, file = "", title = ""]) => !readFileSync(join(ROOT, file), "utf8").includes(title),
      ),
    );
    expect(missing).toEqual([]);
  });
});
