/** When `npm start` refuses to start, and what it prints then. */

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDataFolder } from "../../scripts/lib/data-folder.mjs";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { MIGRATIONS } from "../../scripts/lib/worker-config.mjs";
import { fileDigests, occupiedPort, runToExit, type StartOptions, temporaryFolder } from "./server";

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

  // What is not valid is in test/spec/settings.
  it.each([
    ["setting, naming it", { SIGN_UP: "maybe" }, /SIGN_UP/],
    [
      "secret, naming it, without printing its value",
      { TOKEN_SECRETS: "hunter2" },
      /^(?!.*hunter2).*TOKEN_SECRETS/,
    ],
  ])("an invalid %s", async (_, env, line) => {
    const folder = temporaryFolder();
    const args = ["--data", join(folder, "new"), "--port", "0"];
    await expectRefusal({ args, env }, line);
    expect(fileDigests(folder)).toEqual({});
  });

  it("a data folder that is a file", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "file");
    writeFileSync(file, "mine");
    const before = fileDigests(folder);
    const env = { SATCHEL_DATA: file };
    await expectRefusal({ args: ["--port", "0"], env }, /is a file: .*--data/);
    const below = join(file, "data");
    expect(() => openDataFolder(below, MIGRATIONS)).toThrow(
      /is not writable \(ENOTDIR\): .*--data/,
    );
    expect(fileDigests(folder)).toEqual(before);
  });

  it("a data folder whose parent cannot be created", () => {
    expect(() => openDataFolder("/proc/nowhere/satchel", MIGRATIONS)).toThrow(
      /^The data folder .* is not writable \(E\w+\): .*--data/,
    );
  });

  it("a data folder that is not writable", () => {
    // Permissions do not restrict root, but not even root can create a folder in /sys.
    let data = "/sys/satchel";
    if (process.getuid?.() !== 0) {
      data = temporaryFolder();
      chmodSync(data, 0o500);
    }
    expect(() => openDataFolder(data, MIGRATIONS)).toThrow(
      /^The data folder .* is not writable \(E\w+\): .*--data/,
    );
  });

  it("a data folder in use by another server, which keeps running", async () => {
    const data = temporaryFolder();
    const { url, dispose } = await startLocalServer({ data, quiet: true });
    onTestFinished(dispose);
    await expectRefusal(
      { args: ["--port", "0", "--data", data] },
      /is in use by another running server: .*--data/,
    );
    expect((await fetch(`${url}/sign-up`)).status).toBe(200);
  });
});
