/** The documents agree with the repository: links, anchors, names of files and pages, settings. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

const listFolder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).map((file) => `${folder}/${file}`);

const DOCS = listFolder("docs");
const DOCUMENTS = [
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "client/README.md",
  "conformance/README.md",
  ...DOCS,
];

/** A file that docs/rxdb.md tells the reader to create. */
const CREATED_BY_READER = "src/worker.ts";

const textOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");

const withoutCode = (text: string): string =>
  text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");

/** The targets of links and images, other than those of web sites. */
const relativeTargets = (document: string): string[] =>
  [...withoutCode(textOf(document)).matchAll(/\]\(([^)\s]+)\)|\b(?:href|src|srcset)="([^"]+)"/g)]
    .map(([, link, attribute]) => link ?? attribute ?? "")
    .filter((target) => !/^[a-z]+:/i.test(target));

/** The anchors that GitHub gives to headings. Equal headings are not told apart. */
const anchorsOf = (document: string): string[] =>
  [...textOf(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

describe("The documents", () => {
  it("link only to files and headings that exist", () => {
    const broken = DOCUMENTS.flatMap((document) =>
      relativeTargets(document)
        .filter((target) => {
          const [path = "", anchor] = target.split("#");
          const file = path === "" ? document : normalize(join(dirname(document), path));
          if (!existsSync(join(ROOT, file))) return true;
          return anchor !== undefined && !anchorsOf(file).includes(anchor);
        })
        .map((target) => `${document}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("in docs/ are all linked from the README", () => {
    const linked = relativeTargets("README.md");
    expect(DOCS.filter((page) => !linked.includes(page))).toEqual([]);
  });

  it("explain every refusal of the storage with its status", () => {
    const table = /STATUS_BY_CODE = \{(.*?)\}/s.exec(textOf("src/http/refusals.ts"))?.[1] ?? "";
    const refusals = [...table.matchAll(/"?([\w-]+)"?: (\d{3})/g)];
    expect(refusals.length).toBeGreaterThan(15);
    const explained = textOf("docs/troubleshooting.md");
    const missing = refusals.filter(
      ([, code, status]) => !explained.includes(`\n| ${status} \`${code}\` |`),
    );
    expect(missing.map(([entry]) => entry)).toEqual([]);
  });

  it("name only files of the repository that exist", () => {
    const folders =
      "src|test|docs|scripts|bench|client|transfer|cli|conformance|examples|migrations|screenshots";
    const pattern = new RegExp(`\\b(?:${folders})/[\\w./-]+\\.\\w+`, "g");
    const missing = [...DOCUMENTS, "src/DECISIONS.md", "schema.sql"].flatMap((document) =>
      [...textOf(document).matchAll(pattern)]
        .filter(([path]) => path !== CREATED_BY_READER && !existsSync(join(ROOT, path)))
        .map(([path]) => `${document}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it("name the pages and buttons as their messages do", () => {
    const messages = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => /[\\/]messages[\\/]en\.ts$/.test(file))
      .map((file) => textOf(join("src", file)))
      .join();
    const named = DOCUMENTS.flatMap((document) =>
      [...withoutCode(textOf(document)).matchAll(/(?<!\*)\*([A-Z][^*]*)\*(?!\*)/g)].flatMap(
        ([, names = ""]) => names.split(" → "),
      ),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !messages.includes(`"${name}"`))).toEqual([]);
  });
});

describe("docs/settings.md", () => {
  const rows = [...textOf("docs/settings.md").matchAll(/^\| `([A-Z_]+)` \| (\S+) \|/gm)].map(
    ([, name = "", value = ""]) => ({ name, value: value.replaceAll("`", "") }),
  );

  /** The defaults in src/env.ts. Imported late, because the types of these tests lack the Worker's. */
  async function loadDefaults(): Promise<Record<string, unknown>> {
    const { parseSettings } = await import(join(ROOT, "src/env.ts"));
    return parseSettings({});
  }

  it("lists every setting, and no other", async () => {
    const names = Object.keys(await loadDefaults());
    expect(rows.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });

  it("has the defaults of src/env.ts, and so does wrangler.toml", async () => {
    const shown = Object.fromEntries(
      rows.map(({ name, value }) => [name, value === "empty" ? "" : value]),
    );
    const actual = Object.fromEntries(
      Object.entries(await loadDefaults()).map(([name, value]) => [name, String(value ?? "")]),
    );
    expect(shown).toEqual(actual);
    const [, variables = ""] = /^\[vars\]\n([\s\S]*?)\n\n/m.exec(textOf("wrangler.toml")) ?? [];
    const deployed = [...variables.matchAll(/^([A-Z_]+) = "(.*)"$/gm)];
    expect(deployed.length).toBeGreaterThan(0);
    expect(Object.fromEntries(deployed.map(([, name, value]) => [name, value]))).toEqual(
      Object.fromEntries(deployed.map(([, name = ""]) => [name, actual[name]])),
    );
  });
});
