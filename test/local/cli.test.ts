/** The command line against the local server: sign-in, and documents one by one. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect } from "vitest";
import { temporaryName } from "../../cli/lib/files.js";
import { jsonLines, runCli, startCli } from "./cli";
import { temporaryFolder } from "./server";
import { testWithServer } from "./shared-server";
import { createSession } from "./test-user";

const test = testWithServer().extend("alice", async ({ createUser }) => {
  const user = await createUser();
  return { ...user, run: (...args: string[]) => runCli(args, user) };
});

const fileWith = (text: string, name = "file.txt"): string => {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text);
  return file;
};

describe("put and get", () => {
  test("a document has the file's bytes, and the type of its name", async ({ alice }) => {
    const source = fileWith("hello");
    expect(await alice.run("put", source, "notes/ä ?.txt")).toMatchObject({ code: 0 });
    const stored = await alice.get("/notes/%C3%A4%20%3F.txt");
    expect([await stored.text(), stored.headers.get("Content-Type")]).toEqual([
      "hello",
      "text/plain",
    ]);
    const target = join(temporaryFolder(), "copy");
    expect(await alice.run("get", "notes/ä ?.txt", target)).toMatchObject({ code: 0 });
    expect(readFileSync(target, "utf8")).toBe("hello");
  });

  test("stdin and stdout are files called -", async ({ alice }) => {
    const put = ["put", "-", "notes/a", "--type", "text/markdown"];
    await startCli(put, { ...alice, input: "from stdin" }).ended;
    expect((await alice.get("/notes/a")).headers.get("Content-Type")).toBe("text/markdown");
    expect(await startCli(["get", "notes/a", "-"], alice).ended).toEqual({
      code: 0,
      stdout: "from stdin",
      stderr: "",
    });
  });

  test("--no-replace leaves a document as it is", async ({ alice }) => {
    await alice.put("/notes/a", "old");
    const { code, stderr } = await alice.run("put", "--no-replace", fileWith("new"), "notes/a");
    expect([code, stderr]).toEqual([1, expect.stringContaining("/notes/a exists")]);
    expect(await (await alice.get("/notes/a")).text()).toBe("old");
  });

  test("--if-match takes an ETag with or without its quotes", async ({ alice }) => {
    for (const quote of ["", '"']) {
      const written = await alice.run("--json", "put", fileWith("old"), "notes/a");
      const [{ etag = "" } = {}] = jsonLines(written.stdout);
      const put = ["put", "--if-match", quote + etag + quote, fileWith("new"), "notes/a"];
      expect(await alice.run(...put)).toMatchObject({ code: 0 });
      expect(await alice.run(...put)).toMatchObject({ code: 1 });
    }
  });

  test("an existing file is only replaced with --force", async ({ alice }) => {
    await alice.put("/notes/a", "theirs");
    const target = fileWith("mine");
    expect(await alice.run("get", "notes/a", target)).toMatchObject({ code: 1 });
    expect(readFileSync(target, "utf8")).toBe("mine");
    expect(await alice.run("get", "--force", "notes/a", target)).toMatchObject({ code: 0 });
    expect(readFileSync(target, "utf8")).toBe("theirs");
  });

  test("a file that cannot be written is named, and not a temporary one", async ({ alice }) => {
    await alice.put("/notes/a", "x");
    const folder = temporaryFolder();
    const file = fileWith("mine");
    const missing = join(folder, "missing");
    const long = join(folder, "x".repeat(300));
    const sentences: [target: string, sentence: string][] = [
      [join(missing, "a"), `The folder ${missing} does not exist: create it first.\n`],
      [join(file, "a"), `${file} is no folder.\n`],
      [`${missing}/`, `${missing}/ is no folder that exists.\n`],
      [`${file}/`, `${file}/ is no folder that exists.\n`],
      [long, `${long} is too long a name for a file: choose another one.\n`],
    ];
    for (const [target, stderr] of sentences) {
      for (const command of [["get", "notes/a"], ["export"]]) {
        expect(await alice.run(...command, target)).toEqual({ code: 1, stdout: "", stderr });
      }
    }
    const replaced = await alice.run("export", "--force", folder);
    expect(replaced).toMatchObject({ code: 1, stderr: expect.stringContaining("is a folder") });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("ls, rm and usage", () => {
  test("ls prints a folder, with -r all documents below it", async ({ alice }) => {
    await alice.put("/notes/a", "1");
    await alice.put("/notes/b/c", "22");
    expect((await alice.run("ls", "notes")).stdout).toBe("a\nb/\n");
    const { stdout } = await alice.run("--json", "ls", "-r");
    expect(jsonLines(stdout)).toMatchObject([
      { path: "/notes/a", length: 1, type: "text/plain" },
      { path: "/notes/b/c", length: 2, type: "text/plain" },
    ]);
  });

  test("rm deletes documents, and folders only with -r", async ({ alice }) => {
    for (const path of ["/notes/a", "/notes/b", "/other/c"]) await alice.put(path, "x");
    expect(await alice.run("rm", "notes/")).toMatchObject({ code: 1 });
    expect((await alice.get("/notes/a")).status).toBe(200);
    expect(await alice.run("rm", "-r", "notes/", "other/missing")).toMatchObject({ code: 3 });
    expect((await alice.run("ls", "-r")).stdout).toBe("other/c\n");
  });

  test("usage counts each module, and tells the quota", async ({ alice }) => {
    await alice.put("/notes/a", "12345");
    await alice.put("/public/notes/b", "12345");
    const [report] = jsonLines((await alice.run("--json", "usage")).stdout);
    expect(report).toMatchObject({
      modules: { notes: { documents: 2, bytes: 10 } },
      quotaBytes: expect.any(Number),
    });
  });

  test("control characters of a name do not reach the terminal", async ({ alice }) => {
    await alice.put(`/notes/${encodeURIComponent("\u001b[31mred")}`, "x");
    expect((await alice.run("ls", "notes")).stdout).toBe("\ufffd[31mred\n");
  });
});

describe("login", () => {
  test("with a token stores it in a file that only its owner can read", async ({ alice }) => {
    const config = temporaryFolder();
    const signedIn = await runCli(["login", alice.address, "--token", alice.token], { config });
    expect(signedIn).toMatchObject({ code: 0 });
    expect(statSync(join(config, "satchel/credentials.json")).mode & 0o077).toBe(0);
    await alice.put("/notes/a", "x");
    expect((await runCli(["ls"], { config })).stdout).toBe("notes/\n");
  });

  test("deletes what a killed command has left of the file, and nothing else", async ({
    alice,
  }) => {
    const config = temporaryFolder();
    const file = join(config, "satchel/credentials.json");
    mkdirSync(dirname(file));
    const ended = spawnSync(process.execPath, ["--eval", ""]).pid;
    const partOf = (id: number) => temporaryName(file).replace(`.${process.pid}.`, `.${id}.`);
    const others = [
      partOf(process.ppid),
      temporaryName(file, `other-host.${ended}.1`),
      `${file}.1`,
    ];
    for (const name of [partOf(ended), ...others]) writeFileSync(name, "part");
    const signedIn = await runCli(["login", alice.address, "--token", alice.token], { config });
    expect(signedIn).toMatchObject({ code: 0 });
    const left = [file, ...others].map((name) => basename(name));
    expect(readdirSync(dirname(file)).sort()).toEqual(left.sort());
  });

  test("with a token that is not valid stores nothing", async ({ alice }) => {
    const config = temporaryFolder();
    const refused = await runCli(["login", alice.address, "--token", "wrong"], { config });
    expect(refused).toMatchObject({ code: 1 });
    expect(readdirSync(config)).toEqual([]);
  });

  test("RFC 8628 shows a code, and waits until it is allowed", async ({ server, uniqueName }) => {
    const name = uniqueName();
    const cookie = await createSession(server, name);
    const config = temporaryFolder();
    const address = `${name}@${new URL(server.url).host}`;
    const { child, output, ended } = startCli(["login", address, "--scope", "notes:rw"], {
      config,
    });
    await new Promise<void>((resolve) => child.stderr?.once("data", () => resolve()));
    const [, code = ""] = /the code (\S+)\./.exec(output.stderr) ?? [];
    await fetch(`${server.url}/device`, {
      method: "POST",
      headers: { Cookie: cookie, Origin: server.url },
      body: new URLSearchParams({
        user_code: code,
        decision: "allow",
        duration: "always",
        "level:notes": "rw",
      }),
    });
    expect(await ended).toMatchObject({ code: 0 });
    const written = await runCli(["put", fileWith("x"), "notes/a"], { config });
    expect(written).toMatchObject({ code: 0 });
  });

  test("RFC 8252 §7.3 in the browser receives the code on a loopback port", async ({
    server,
    uniqueName,
  }) => {
    const name = uniqueName();
    const cookie = await createSession(server, name);
    const config = temporaryFolder();
    const address = `${name}@${new URL(server.url).host}`;
    const { child, output, ended } = startCli(["login", address, "--method", "browser"], {
      config,
    });
    await new Promise<void>((resolve) => child.stderr?.once("data", () => resolve()));
    const [url = ""] = /http:\S+/.exec(output.stderr) ?? [];
    const allowed = await fetch(url, {
      method: "POST",
      headers: { Cookie: cookie },
      body: new URLSearchParams({ decision: "allow", duration: "always", "level:*": "rw" }),
      redirect: "manual",
    });
    const callback = new URL(allowed.headers.get("Location") ?? "");
    // A request of another origin, which does not know the state.
    expect((await fetch(`${callback.origin}/?code=stolen`)).status).toBe(404);
    expect((await fetch(callback)).status).toBe(200);
    expect(await ended).toMatchObject({ code: 0 });
    expect((await runCli(["ls"], { config })).code).toBe(0);
  });

  test("by paste reads the token from the address of the page", async ({ alice }) => {
    const config = temporaryFolder();
    const input = `http://localhost:8080/#access_token=${alice.token}&token_type=bearer\n`;
    const options = { config, input };
    const signedIn = await runCli(["login", alice.address, "--method", "paste"], options);
    expect(signedIn).toMatchObject({ code: 0 });
    expect((await runCli(["ls"], { config })).code).toBe(0);
  });
});

describe("What cannot be done", () => {
  test("ends with a sentence, with --json as JSON", async ({ alice }) => {
    const missing = await alice.run("--json", "get", "notes/missing");
    expect(missing.code).toBe(1);
    expect(jsonLines(missing.stderr)).toEqual([
      { error: "not-found", message: "/notes/missing does not exist." },
    ]);
  });

  test("a path that is left out does not mean everything", async ({ alice }) => {
    await alice.put("/notes/a", "x");
    for (const command of [
      ["rm", "-r", ""],
      ["put", fileWith("x"), ""],
      ["ls", ""],
    ]) {
      const stderr = '"" is no path of a document or folder.\n';
      expect(await alice.run(...command)).toEqual({ code: 1, stdout: "", stderr });
    }
    expect((await alice.run("ls", "-r")).stdout).toBe("notes/a\n");
  });

  test("what is meant otherwise is said in a sentence", async ({ alice }) => {
    await alice.put("/notes/a", "x");
    const file = fileWith("no ZIP");
    const folder = temporaryFolder();
    const commands: [args: string[], sentence: string][] = [
      [["ls", "notes/a"], "/notes/a is a document"],
      [["put", folder, "notes/"], `${folder} is a folder`],
      [["put", `${folder}/a`, "notes/"], `${folder}/a does not exist`],
      [["export", "-"], "name a file"],
      [["import", file], `${file}: The ZIP cannot be read`],
      [["sync", file], `${file} is no folder`],
      [["move", alice.address, alice.address], "are the same storage"],
      [["--token", "wrong", "ls"], "Use satchel login to get a token."],
      [["--token", "of two\nlines", "ls"], "The token has characters that no token has."],
    ];
    for (const [args, sentence] of commands) {
      const { code, stdout, stderr } = await alice.run(...args);
      expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(sentence)]);
    }
    expect((await alice.run("ls", "nothing")).code).toBe(0);
  });

  test("wrong arguments have an exit code of their own", async ({ alice }) => {
    expect(await alice.run("nothing")).toMatchObject({ code: 2 });
    expect(await alice.run("ls", "--nothing")).toMatchObject({ code: 2 });
    const noETag = ["put", "--if-match", "a\nb", fileWith("x"), "notes/a"];
    expect(await alice.run(...noETag)).toMatchObject({ code: 2 });
  });

  test("ends with a sentence if a file of its own is damaged, or an address is none", async () => {
    const [config, folder] = [temporaryFolder(), temporaryFolder()];
    mkdirSync(join(config, "satchel"));
    writeFileSync(join(config, "satchel/credentials.json"), '{"curr');
    writeFileSync(join(folder, ".satchel-sync.json"), "");
    const address = "http://localhost:1/storage/alice";
    const ls = await runCli(["ls"], { config });
    expect([ls.code, ls.stderr]).toEqual([1, expect.stringContaining("damaged: delete it")]);
    const sync = await runCli(["sync", folder], { address, token: "x" });
    expect([sync.code, sync.stderr]).toEqual([1, expect.stringContaining("deletes nothing")]);
    expect(readFileSync(join(folder, ".satchel-sync.json"), "utf8")).toBe("");
    const typo = await runCli(["ls"], { address: "https://", token: "x" });
    expect([typo.code, typo.stderr]).toEqual([1, '"https://" is no URL.\n']);
  });

  test("no token is sent without encryption to another computer", async () => {
    const options = { address: "http://example.com/storage/alice", token: "secret" };
    const { code, stderr } = await runCli(["ls"], options);
    expect([code, stderr]).toEqual([1, expect.stringContaining("without encryption")]);
  });
});
