import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprint, type Options, run, serve, takenPort, temporaryFolder } from "./server";

/** Expects one line on stderr, exit code 1, and nothing else. */
async function expectRefusal(options: Options, line: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run(options);
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
}

describe("npm start refuses in one line", () => {
  it("a port that is in use, and makes no data folder", async () => {
    const folder = temporaryFolder();
    const port = String(await takenPort());
    const args = ["--data", join(folder, "new"), "--port", port];
    await expectRefusal({ args }, new RegExp(`^Port ${port} is already in use: .*--port`));
    expect(fingerprint(folder)).toEqual({});
  });

  it.each(["eighty", "-1", "65536", "80.5"])("the port %s", (port) =>
    expectRefusal({ args: [`--port=${port}`] }, /^The port ".*" must be a number/),
  );

  it("a port in the environment that is none", () =>
    expectRefusal({ env: { PORT: "http" } }, /^The port "http" must be a number/));

  it("a host that is not this machine", () =>
    expectRefusal(
      { args: ["--data", temporaryFolder(), "--host", "192.0.2.1"] },
      /^Cannot listen on 192\.0\.2\.1 /,
    ));

  it.each([["--prot", "9000"], ["--port"], ["9000"]])(
    "unknown or incomplete flags: %s %s",
    (...args) => expectRefusal({ args: args.filter(Boolean) }, /see npm start -- --help\.$/m),
  );

  it.each([
    ["SIGN_UP", "maybe"],
    ["ORIGIN", "satchel.example/path"],
    ["MAX_DOCUMENT_BYTES", "100MB"],
    ["TOKEN_SECRETS", "short"],
  ])("a wrong setting, by its name: %s=%s", async (name, value) => {
    const folder = temporaryFolder();
    const args = ["--data", join(folder, "new"), "--port", "0"];
    await expectRefusal({ args, env: { [name]: value } }, new RegExp(name));
    expect(fingerprint(folder)).toEqual({});
  });

  it("a secret is not repeated", async () => {
    const { stderr } = await run({ args: ["--port", "0"], env: { TOKEN_SECRETS: "hunter2" } });
    expect(stderr).not.toContain("hunter2");
  });

  it("a data folder that is a file", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "file");
    writeFileSync(file, "mine");
    const before = fingerprint(folder);
    await expectRefusal({ args: ["--port", "0", "--data", file] }, /is a file: .*--data/);
    await expectRefusal(
      { args: ["--port", "0", "--data", join(file, "data")] },
      /cannot be written \(ENOTDIR\): .*--data/,
    );
    expect(fingerprint(folder)).toEqual(before);
  });

  it("a data folder whose parents cannot be made", () =>
    expectRefusal(
      { args: ["--port", "0", "--data", "/proc/nowhere/satchel"] },
      /cannot be written \(E\w+\): .*--data/,
    ));

  it("a data folder that may not be written", () => {
    // Permissions do not stop root, but nobody can make a folder in /sys.
    let data = "/sys/satchel";
    if (process.getuid?.() !== 0) {
      data = temporaryFolder();
      chmodSync(data, 0o500);
    }
    return expectRefusal(
      { args: ["--port", "0", "--data", data] },
      /cannot be written \(E\w+\): .*--data/,
    );
  });

  it("a data folder that another server uses, which goes on", async () => {
    const data = temporaryFolder();
    const { url } = await serve(data);
    await expectRefusal(
      { args: ["--port", "0", "--data", data] },
      /is used by another server that is running: .*--data/,
    );
    expect((await fetch(`${url}/sign-up`)).status).toBe(200);
  });
});
