/** When `npm start` refuses to start, and what it prints then. */

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  fileDigests,
  occupiedPort,
  runToExit,
  type StartOptions,
  startServer,
  temporaryFolder,
} from "./server";

/** Expects exit code 1 and one line on stderr, which matches. */
async function expectRefusal(options: StartOptions, line: RegExp): Promise<void> {
  const { code, stdout, stderr } = await runToExit(options);
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
}

describe("npm start refuses in one line", () => {
  it("a port that is in use, and creates no data folder", async () => {
    const folder = temporaryFolder();
    const port = String(await occupiedPort());
    const args = ["--data", join(folder, "new"), "--port", port];
    await expectRefusal({ args }, new RegExp(`^Port ${port} is already in use: .*--port`));
    expect(fileDigests(folder)).toEqual({});
  });

  it.each(["eighty", "-1", "65536", "80.5"])("the port %s", (port) =>
    expectRefusal({ args: [`--port=${port}`] }, /^The port ".*" must be a number/),
  );

  it("an invalid port in the environment", () =>
    expectRefusal({ env: { PORT: "http" } }, /^The port "http" must be a number/));

  it("a host that is not an address of this machine", () =>
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
  ])("an invalid setting, naming it: %s=%s", async (name, value) => {
    const folder = temporaryFolder();
    const args = ["--data", join(folder, "new"), "--port", "0"];
    await expectRefusal({ args, env: { [name]: value } }, new RegExp(name));
    expect(fileDigests(folder)).toEqual({});
  });

  it("an invalid secret, without printing it", async () => {
    const { stderr } = await runToExit({
      args: ["--port", "0"],
      env: { TOKEN_SECRETS: "hunter2" },
    });
    expect(stderr).not.toContain("hunter2");
  });

  it("a data folder that is a file", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "file");
    writeFileSync(file, "mine");
    const before = fileDigests(folder);
    await expectRefusal({ args: ["--port", "0", "--data", file] }, /is a file: .*--data/);
    await expectRefusal(
      { args: ["--port", "0", "--data", join(file, "data")] },
      /is not writable \(ENOTDIR\): .*--data/,
    );
    expect(fileDigests(folder)).toEqual(before);
  });

  it("a data folder whose parent cannot be created", () =>
    expectRefusal(
      { args: ["--port", "0", "--data", "/proc/nowhere/satchel"] },
      /is not writable \(E\w+\): .*--data/,
    ));

  it("a data folder that is not writable", () => {
    // Permissions do not restrict root, but not even root can create a folder in /sys.
    let data = "/sys/satchel";
    if (process.getuid?.() !== 0) {
      data = temporaryFolder();
      chmodSync(data, 0o500);
    }
    return expectRefusal(
      { args: ["--port", "0", "--data", data] },
      /is not writable \(E\w+\): .*--data/,
    );
  });

  it("a data folder in use by another server, which keeps running", async () => {
    const data = temporaryFolder();
    const { url } = await startServer(data);
    await expectRefusal(
      { args: ["--port", "0", "--data", data] },
      /is in use by another running server: .*--data/,
    );
    expect((await fetch(`${url}/sign-up`)).status).toBe(200);
  });
});
