/** `satchel export` and `satchel import`: what was exported and deleted comes back as it was. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Ajv from "ajv";
import { describe, expect, vi } from "vitest";
import { temporaryName } from "../../cli/lib/files.js";
import schema from "../../transfer/archive/document-line.schema.json";
import { unzip } from "../support/zip";
import golden from "../unit/transfer/archive-1.golden.json";
import { buildZip } from "../unit/transfer/build-zip";
import { checkBag } from "../unit/transfer/check-bag";
import { jsonLines, runCli, startCli } from "./cli";
import { temporaryFolder } from "./server";
import { testWithServer } from "./shared-server";

const test = testWithServer({
  DEFAULT_QUOTA_BYTES: "40000000",
  MAX_DOCUMENT_BYTES: "20000000",
}).extend("createArchiver", async ({ server, createUser }) => async () => {
  const { name, address, token, get } = await createUser();
  const options = { address, token };
  return {
    run: (...args: string[]) => runCli(args, options),
    start: (...args: string[]) => startCli(args, options),
    /** As npm starts it: in a process of its own, which does not end with npm. */
    startBehindNpm: (...args: string[]) => startCli(args, { ...options, isBehindNpm: true }),
    get: (path: string) => get(encodePath(path)),
    put: (path: string, body: BodyInit, type = "text/plain") =>
      fetch(`${server.url}/storage/${name}${encodePath(path)}`, {
        method: "PUT",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": type },
        body,
      }),
  };
});

const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const CONTENTS: [path: string, body: string, type: string][] = [
  ["/notes/a.txt", "one", "text/plain"],
  ["/notes/A.txt", "two", "text/plain; charset=UTF-8"],
  ["/notes/CON", "", "application/json"],
  [`/notes/${"x".repeat(300)}`, "long", "x/y"],
  ["/public/notes/C:\\é/000_folder-description.json", "three", "text/html"],
  ["/photos/=41%41", "four", "image/png; charset=binary"],
  ["/big", "0123456789".repeat(600_000), "application/octet-stream"],
];

describe("export, and import into a fresh account", () => {
  test("is the identity, and the archive is a valid bag", async ({ createArchiver }) => {
    const [alice, bob] = [await createArchiver(), await createArchiver()];
    for (const [path, body, type] of CONTENTS) {
      expect((await alice.put(path, body, type)).status).toBe(201);
    }
    const file = join(temporaryFolder(), "out.zip");
    expect(await alice.run("export", file)).toMatchObject({ code: 0 });
    const files = unzip(new Uint8Array(readFileSync(file)));
    expect(checkBag(files)).toEqual([]);
    expect(await bob.run("import", file)).toMatchObject({ code: 0, stderr: "" });
    for (const [path, body, type] of CONTENTS) {
      const stored = await bob.get(path);
      expect([path, stored.headers.get("Content-Type")]).toEqual([path, type]);
      expect((await stored.text()) === body).toBe(true);
    }
    // Once more: everything is there, and nothing is sent.
    const again = jsonLines((await bob.run("--json", "import", file)).stdout).at(-1);
    expect(again).toMatchObject({ equal: CONTENTS.length, new: 0, bytes: 0 });
  });

  test("of some modules has those alone, their public documents, too", async ({
    createArchiver,
  }) => {
    const alice = await createArchiver();
    for (const [path, body, type] of CONTENTS) await alice.put(path, body, type);
    const file = join(temporaryFolder(), "out.zip");
    expect(await alice.run("export", file, "--modules", "notes")).toMatchObject({ code: 0 });
    const names = unzip(new Uint8Array(readFileSync(file))).map(({ name }) => name);
    const list = names.filter((name) => /data\/documents\/(photos|big)/.test(name));
    expect(list).toEqual([]);
    expect(names.some((name) => name.includes("data/documents/public/notes/C=3A=5Cé"))).toBe(true);
  });

  test("does not replace a file, and leaves nothing of an interrupted archive", async ({
    createArchiver,
  }) => {
    const alice = await createArchiver();
    for (let i = 0; i < 30; i++) await alice.put(`/notes/${i}`, "x".repeat(300_000));
    const folder = temporaryFolder();
    const file = join(folder, "out.zip");
    writeFileSync(file, "mine");
    expect(await alice.run("export", file)).toMatchObject({ code: 1 });
    const { child, ended } = alice.start("export", file, "--force");
    while (readdirSync(folder).length < 2) await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130 });
    expect(readdirSync(folder)).toEqual(["out.zip"]);
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  test("deletes what a killed process has left beside the file, and nothing else", async ({
    createArchiver,
  }) => {
    const alice = await createArchiver();
    const folder = temporaryFolder();
    const file = join(folder, "out.zip");
    const ended = spawnSync(process.execPath, ["--eval", ""]).pid;
    const partOf = (id: number) => temporaryName(file).replace(`.${process.pid}.`, `.${id}.`);
    const others = [
      partOf(process.ppid),
      temporaryName(file, "0123"),
      temporaryName(file, `x.${ended}`),
    ];
    for (const name of [partOf(ended), ...others]) writeFileSync(name, "part");
    expect(await alice.run("export", file)).toMatchObject({ code: 0 });
    const left = [file, ...others].map((name) => basename(name));
    expect(readdirSync(folder).sort()).toEqual(left.sort());
  });

  test("ends with the process that has started it, and leaves nothing", async ({
    createArchiver,
  }) => {
    const alice = await createArchiver();
    for (let i = 0; i < 30; i++) await alice.put(`/notes/${i}`, "x".repeat(300_000));
    const folder = temporaryFolder();
    const { child, ended } = alice.startBehindNpm("export", join(folder, "out.zip"));
    while (readdirSync(folder).length === 0) await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGKILL");
    await ended;
    await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]), { timeout: 60_000 });
  });
});

describe("import", () => {
  test("--on-conflict keeps, replaces or keeps both; --dry-run only says so", async ({
    createArchiver,
  }) => {
    const alice = await createArchiver();
    const folder = temporaryFolder();
    mkdirSync(join(folder, "notes"));
    writeFileSync(join(folder, "notes/a.txt"), "theirs");
    writeFileSync(join(folder, "notes/same.txt"), "same");
    await alice.put("/notes/a.txt", "mine");
    await alice.put("/notes/same.txt", "same");
    const contents = async () =>
      (await alice.run("ls", "notes")).stdout + (await (await alice.get("/notes/a.txt")).text());
    const before = await contents();
    for (const choice of ["keep", "replace", "both"]) {
      await alice.run("import", folder, "--dry-run", "--on-conflict", choice);
    }
    await alice.run("import", folder);
    expect(await contents()).toBe(before);
    await alice.run("import", folder, "--on-conflict", "both");
    // Once more does not make a second copy.
    await alice.run("import", folder, "--on-conflict", "both");
    expect(await contents()).toBe("a (imported).txt\na.txt\nsame.txt\nmine");
    await alice.run("import", folder, "--on-conflict", "replace");
    expect(await contents()).toBe("a (imported).txt\na.txt\nsame.txt\ntheirs");
  });

  test("--dry-run says what does not fit into the quota", async ({ createArchiver }) => {
    const alice = await createArchiver();
    const folder = temporaryFolder();
    for (const name of ["1", "2", "3"]) {
      writeFileSync(join(folder, name), new Uint8Array(15_000_000));
    }
    const { code, stdout } = await alice.run("--json", "import", folder, "--dry-run");
    const results = jsonLines(stdout);
    expect([code, results.map(({ error }) => error)]).toEqual([
      3,
      [undefined, undefined, "over-quota", undefined],
    ]);
    expect((await alice.run("ls")).stdout).toBe("");
  });

  test("refuses links and documents that are too large, and imports the rest", async ({
    createArchiver,
  }) => {
    const alice = await createArchiver();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "good.txt"), "good");
    writeFileSync(join(folder, "large"), new Uint8Array(21_000_000));
    symlinkSync("/etc/passwd", join(folder, "evil"));
    const { code, stderr } = await alice.run("import", folder);
    expect(code).toBe(3);
    expect(stderr).toMatch(/evil is refused: it is a symbolic link/);
    expect((await alice.run("ls")).stdout).toBe("good.txt\n");
  });

  test("takes the ZIP of the page from before the archive", async ({ createArchiver }) => {
    const alice = await createArchiver();
    const folder = temporaryFolder();
    const list = [{ path: "/a:b", file: "a%3Ab", "Content-Type": "x/y", ETag: '"1"' }];
    writeFileSync(join(folder, "satchel-export.json"), JSON.stringify({ documents: list }));
    writeFileSync(join(folder, "a%3Ab"), "text");
    expect(await alice.run("import", folder)).toMatchObject({ code: 0 });
    const stored = await alice.get("/a:b");
    expect([stored.headers.get("Content-Type"), await stored.text()]).toEqual(["x/y", "text"]);
  });

  test("leaves out what macOS adds to a ZIP, says so, and is complete", async ({
    createArchiver,
  }) => {
    const alice = await createArchiver();
    const zip = join(temporaryFolder(), "of the Finder.zip");
    const entries = ["notes/a.txt", "notes/.DS_Store", "__MACOSX/notes/._a.txt"];
    writeFileSync(zip, buildZip(entries.map((name) => ({ name, text: name }))));
    const { code, stdout, stderr } = await alice.run("import", zip);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^1 new; 2 left out, as macOS or Windows adds such files/);
    expect((await alice.run("ls", "-r")).stdout).toBe("notes/a.txt\n");
  });

  test("goes on after it was killed", async ({ createArchiver }) => {
    const alice = await createArchiver();
    const folder = temporaryFolder();
    for (let i = 0; i < 200; i++) writeFileSync(join(folder, `${i}.txt`), String(i));
    const { child, ended } = alice.start("import", folder);
    while ((await alice.get("/12.txt")).status !== 200);
    child.kill("SIGKILL");
    await ended;
    const { code, stdout } = await alice.run("--json", "import", folder);
    const report = jsonLines(stdout).at(-1) as { new: number; equal: number };
    expect([code, report.new + report.equal]).toEqual([0, 200]);
    expect(report.equal).toBeGreaterThan(0);
  });
});

describe("docs/archive.md", () => {
  const lines = Object.entries(golden)
    .filter(([name]) => name.endsWith("/documents.jsonl"))
    .flatMap(([, text]) => jsonLines(text));

  test("has a JSON schema that the list of documents satisfies", () => {
    const validate = new Ajv({ formats: { "date-time": true }, allowUnionTypes: true }).compile(
      schema,
    );
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect([validate(line), validate.errors]).toEqual([true, null]);
      const { etag: _, ...incomplete } = line;
      expect(validate(incomplete)).toBe(false);
      expect(validate({ ...line, more: 1 })).toBe(false);
      expect(validate({ ...line, path: "/notes//a" })).toBe(false);
    }
  });

  test("names every file of the archive", () => {
    const page = readFileSync("docs/archive.md", "utf8");
    const own = Object.keys(golden)
      .map((name) => name.slice(name.indexOf("/") + 1))
      .filter((name) => !name.startsWith("data/"));
    expect(own.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  });
});
