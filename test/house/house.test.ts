/** The house checks itself: floors, cycles, where SQL and R2 stand, docstrings, the schema. */

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
  [...textOf(from).matchAll(/^(import|export)( type)? [^;]*? from "(\.[^"]+)";/gms)].map(
    ([, , type, path = ""]) => {
      const base = normalize(join(dirname(from), path));
      const to = files.find((file) => file.replace(/(\/index)?\.tsx?$/, "") === base);
      if (to === undefined) throw new Error(`${from} imports ${path}, which is not there.`);
      return { from, to, isTypeOnly: type !== undefined };
    },
  ),
);

describe("the plan of src", () => {
  it("has a layer for each area", () => {
    expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it("imports only go down; only env names a type from upstairs", () => {
    const upward = imports.filter(
      ({ from, to, isTypeOnly }) =>
        areaOf(from) !== areaOf(to) &&
        layerOf(from) <= layerOf(to) &&
        !(from === "env.ts" && isTypeOnly),
    );
    expect(upward).toEqual([]);
  });

  it("no area imports the routes or the SQL of another", () => {
    const intrusions = imports.filter(
      ({ from, to }) =>
        areaOf(from) !== areaOf(to) &&
        areaOf(from) !== "app" &&
        /\/(routes|db)(\/|\.tsx?$)/.test(to),
    );
    expect(intrusions).toEqual([]);
  });

  it("has no import cycles at run time", () => {
    const next = (file: string): string[] =>
      imports.filter(({ from, isTypeOnly }) => from === file && !isTypeOnly).map(({ to }) => to);
    const findCycle = (file: string, path: string[]): string[] | null => {
      if (path.includes(file)) return [...path, file];
      for (const to of next(file)) {
        const cycle = findCycle(to, [...path, file]);
        if (cycle) return cycle;
      }
      return null;
    };
    expect(files.map((file) => findCycle(file, [])).filter((cycle) => cycle !== null)).toEqual([]);
  });
});

describe("what stands where in src", () => {
  const filesWith = (pattern: RegExp, except: RegExp): string[] =>
    files.filter((file) => !except.test(file) && pattern.test(textOf(file)));

  it("SQL only in db files", () => {
    expect(filesWith(/\.prepare\(/, /\/db(\/.*)?\.ts$/)).toEqual([]);
  });

  it("R2 only in bodies", () => {
    expect(
      filesWith(/\b(bucket|BODIES)\.(put|get|head|list|delete|create)/, /bodies\.ts$/),
    ).toEqual([]);
  });

  it("randomness only in core/secrets and the salt of passwords", () => {
    expect(
      filesWith(/getRandomValues|randomUUID|Math\.random|randomBytes/, /secrets\.ts|passwords\.ts/),
    ).toEqual([]);
  });

  it("the clock only at doors", () => {
    expect(
      filesWith(
        /Date\.now\(\)|new Date\(\)/,
        /(\/routes(\/.*)?\.tsx?|middleware\.ts|measure-requests\.ts|rate-limits\.ts|(?:user|module)-object\.ts)$/,
      ),
    ).toEqual([]);
  });

  it("no Hono, Request or Response in core", () => {
    const core = files.filter((file) => areaOf(file) === "core");
    expect(core.filter((file) => /\b(hono|Request|Response)\b/.test(textOf(file)))).toEqual([]);
  });

  it("every file says on top which door it offers, every exported function what it promises", () => {
    expect(files.filter((file) => !textOf(file).startsWith("/**"))).toEqual([]);
    const undocumented = files.flatMap((file) =>
      [...textOf(file).matchAll(/^(?<before>.*)\nexport (?:async )?(?:function|class) (\w+)/gm)]
        .filter(({ groups }) => !groups?.before?.endsWith("*/"))
        .map(([, , name]) => `${file}: ${name}`),
    );
    expect(undocumented).toEqual([]);
  });

  it("every section that is cited is one of the draft's or says which RFC it is of", () => {
    const sections = new Set(["4", "5", "6", "7", "8", "9", "10", "10.1", "11", "12", "14", "15"]);
    const stray = files.flatMap((file) =>
      [...textOf(file).matchAll(/(RFC \d+ |, )?§([\d.]*\d)/g)]
        .filter(([, rfc, section = ""]) => rfc === undefined && !sections.has(section))
        .map(([mark]) => `${file}: ${mark}`),
    );
    expect(stray).toEqual([]);
  });
});

describe("names", () => {
  /** Equal names that are meant to be equal. */
  const SHARED_NAMES: Record<string, string> = {
    en: "the English messages of each area",
    de: "the German messages of each area",
  };

  it("no two exported things have the same name", () => {
    const filesOf = new Map<string, string[]>();
    for (const file of files) {
      const pattern =
        /^export (?:abstract )?(?:async )?(?:function|class|const|interface|type) (\w+)/gm;
      for (const name of new Set(
        [...textOf(file).matchAll(pattern)].map(([, name = ""]) => name),
      )) {
        filesOf.set(name, [...(filesOf.get(name) ?? []), file]);
      }
    }
    const equal = [...filesOf].filter(
      ([name, owners]) => owners.length > 1 && !Object.hasOwn(SHARED_NAMES, name),
    );
    expect(equal).toEqual([]);
  });

  it("retired words do not come back", () => {
    const patterns = readFileSync(join(import.meta.dirname, "retired-words.txt"), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split(" -> ")[0] ?? "")
      .map((word) => new RegExp(`\\b(?:${word})\\b`, /[A-Z]/.test(word) ? "" : "i"));
    const tracked = ["src", "client", "examples", "scripts", "bench", "test", "docs"]
      .flatMap((folder) =>
        readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) =>
          join(folder, file),
        ),
      )
      .filter((file) => /\.(tsx?|mjs|js|md|css|html)$/.test(file))
      .filter((file) => !/node_modules|bench\/(results|peers)/.test(file));
    const found = [...tracked, "README.md", "SECURITY.md", "CHANGELOG.md", "schema.sql"].flatMap(
      (file) =>
        readFileSync(join(ROOT, file), "utf8")
          .split("\n")
          .flatMap((line, index) =>
            patterns.flatMap((pattern) => {
              const [word] = pattern.exec(line) ?? [];
              return word === undefined ? [] : [`${file}:${index + 1}: ${word}`];
            }),
          ),
    );
    expect(found).toEqual([]);
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

  it("schema.sql is what the migrations make", () => {
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

  it("every test that it names is there", () => {
    const missing = rows.filter((row) =>
      [...row.matchAll(/`(test\/[\w/.-]+\.ts)` “([^”]+)”/g)].some(
        ([, file = "", title = ""]) => !readFileSync(join(ROOT, file), "utf8").includes(title),
      ),
    );
    expect(missing).toEqual([]);
  });
});
