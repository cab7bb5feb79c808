/** `npm start`: what it prints, its flags and environment, and how it ends. */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  collectOutput,
  freePort,
  ROOT,
  runToExit,
  type Server,
  startServer,
  temporaryFolder,
} from "./server";
import { allowApp, signUp } from "./test-user";

/** The address at which a server listens whose origin is another one. */
const listeningAt = ({ output }: Server): string =>
  /\(listening on (\S+)\)/.exec(output.stdout)?.[1] ?? "";

/** The code of the error if a port cannot be connected to. */
async function connectionError(host: string, port: string): Promise<string | undefined> {
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, "connect");
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}

/** Expects pages and assets at the loopback addresses that the machine has, and that unusual paths arrive unchanged. */
async function expectAnswers({ url, port }: Server): Promise<void> {
  const page = await fetch(`http://127.0.0.1:${port}/sign-up`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<form");
  const asset = await fetch(`${url}/style.css`);
  expect(asset.headers.get("Content-Type")).toContain("text/css");
  const socket = connect({ host: "127.0.0.1", port: Number(port) });
  socket.end("GET /storage//%2F HTTP/1.1\r\nHost: satchel.example\r\nConnection: close\r\n\r\n");
  expect((await socket.toArray()).join("")).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect([undefined, "EADDRNOTAVAIL", "EAFNOSUPPORT"]).toContain(
    await connectionError("::1", port),
  );
}

/** Loaded before the script: reports every connection and DNS look-up that leaves the machine. */
const REPORT_OUTGOING = `
  import dns from "node:dns";
  import net from "node:net";
  import { syncBuiltinESMExports } from "node:module";
  const LOCAL = /^(localhost|127\\.|::1$|\\[::1\\]$|0\\.0\\.0\\.0$)/;
  const report = (host) => { if (host && !LOCAL.test(host)) console.error("OUTSIDE", host); };
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const [options] = args.flat();
    if (!options.path) report(options.host ?? "localhost");
    return connect.apply(this, args);
  };
  const { lookup } = dns;
  dns.lookup = (host, ...rest) => { report(host); return lookup(host, ...rest); };
  syncBuiltinESMExports();
`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(REPORT_OUTGOING)}`;

/** Options in the environment, and flags, which take precedence. */
const FROM_ENVIRONMENT = {
  args: ["--origin", "https://satchel.example", "--log"],
  env: {
    PORT: "1",
    SATCHEL_HOST: "127.0.0.1",
    SATCHEL_DATA: "/nowhere",
    ORIGIN: "https://other.example",
    SIGN_UP: "closed",
  },
};

/** Expects that a server has the options of FROM_ENVIRONMENT. */
async function expectSettings(server: Server): Promise<void> {
  expect(server.url).toBe("https://satchel.example");
  expect(server.output.stdout).toContain("<your name>@satchel.example");
  const address = listeningAt(server);
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d{2,}$/);
  const announced = await fetch(`${address}/.well-known/host-meta?secret=word`);
  expect(await announced.text()).toContain("https://satchel.example/.well-known/webfinger");
  expect((await fetch(`${address}/sign-up`)).status).toBe(403);
}

describe("npm start", () => {
  it("prints its addresses and the data folder, connects to no other machine, and keeps everything in that folder, which can be used again at once, as can the port; prints a new set-up link at each start until there is an administrator; reads the environment, over which flags take precedence; SIGINT, SIGTERM and SIGHUP stop it with exit code 0", async () => {
    const data = temporaryFolder();
    const pathIn = ({ output }: Server) => /(\/set-up\/[\w-]{43})\n/.exec(output.stdout)?.[1];
    const port = await freePort();
    const first = await startServer(data, { args: ["--port", port], env: { NODE_OPTIONS } });
    expect(first.url).toBe(`http://localhost:${port}`);
    expect(first.output.stdout).toContain(`<your name>@localhost:${port}`);
    expect(first.output.stdout).toContain(`${first.url}/sign-up`);
    expect(first.output.stdout).toContain(data);
    await expectAnswers(first);
    const cookie = await signUp(first.url, "alice");
    const appAt = await allowApp(first.url, "alice", cookie);
    const body = randomBytes(100_000).toString("hex");
    expect((await appAt(first.url).put("/notes/one", "hello")).status).toBe(201);
    expect((await appAt(first.url).put("/notes/two", body)).status).toBe(201);
    // It would name connections to other machines there.
    expect(await first.stop("SIGINT")).toMatchObject({ code: 0, stderr: "" });
    await expect(fetch(first.url)).rejects.toThrow();

    const second = await startServer(data, { args: ["--port", first.port] });
    expect(second.port).toBe(first.port);
    const { get } = appAt(second.url);
    expect(await (await get("/notes/one")).text()).toBe("hello");
    expect(await (await get("/notes/two")).text()).toBe(body);
    const folder = (await (await get("/notes/")).json()) as { items: object };
    expect(Object.keys(folder.items).sort()).toEqual(["one", "two"]);
    const request = (path: string, init: RequestInit = {}) =>
      fetch(second.url + path, { ...init, redirect: "manual", headers: { Cookie: cookie } });
    expect((await request(pathIn(first) ?? "/")).status).toBe(404);
    expect((await request("/admin")).status).toBe(403);
    const accepted = await request(pathIn(second) ?? "", { method: "POST" });
    expect(accepted.headers.get("location")).toBe("/admin");
    expect((await request("/admin")).status).toBe(200);
    expect(await second.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });

    const third = await startServer(data, FROM_ENVIRONMENT);
    expect(third.output.stdout).not.toContain("set-up");
    await expectSettings(third);
    const { code, stderr } = await third.stop("SIGHUP");
    expect(code).toBe(0);
    await expect(fetch(listeningAt(third))).rejects.toThrow();
    // With --log there is a line for each request.
    const lines = stderr.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { method: "GET", route: "/.well-known/host-meta", status: 200 },
      { method: "GET", route: "/sign-up", status: 403 },
    ]);
    expect(stderr).not.toContain("secret");
  });

  it("would be caught if it connected to another machine", async () => {
    const script = "fetch('http://nowhere.invalid').catch(() => {})";
    const child = spawn(process.execPath, ["-e", script], {
      env: { ...process.env, NODE_OPTIONS },
    });
    const { stderr } = await collectOutput(child).ended;
    expect(stderr).toContain("OUTSIDE nowhere.invalid");
  });

  it("--help explains every flag and starts nothing", async () => {
    const { code, stdout, stderr } = await runToExit({ args: ["--help"] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const flag of ["--port", "--host", "--origin", "--data", "--log", "--help"])
      expect(stdout).toContain(flag);
  });

  // That a parent other than a shell is watched, too, is in cli-archive.test.ts.
  it("ends if npm, with a shell in between, that started it is killed", async () => {
    const script = `
      require("node:child_process").spawn(
        "sh",
        ["-c", '"$0" "$@"; exit', process.execPath, ...process.argv.slice(1)],
        { stdio: "inherit" },
      );
    `;
    const args = [join(ROOT, "scripts/start.mjs"), "--port", "0", "--data", temporaryFolder()];
    const npm = spawn(process.execPath, ["-e", script, ...args], {
      env: { ...process.env, npm_lifecycle_event: "start" },
    });
    const { output, ended } = collectOutput(npm);
    npm.stdout.on("data", () => {
      if (output.stdout.includes("Press Ctrl-C to stop")) npm.kill("SIGKILL");
    });
    // The server has the same pipes open: they close when it has ended, too.
    expect(await ended).toMatchObject({
      stdout: expect.stringContaining("Press Ctrl-C to stop"),
      stderr: "",
    });
  });
});
