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

describe("npm start", () => {
  it("prints the sign-up page, the user address for apps and the data folder, and then accepts requests at both loopback addresses, if the machine has both: pages, assets, and unusual paths unchanged; SIGINT stops it with exit code 0", async () => {
    const data = temporaryFolder();
    const port = await freePort();
    const server = await startServer(data, { args: ["--port", port] });
    const { url, output } = server;
    expect(url).toBe(`http://localhost:${port}`);
    expect(output.stdout).toContain(`<your name>@localhost:${port}`);
    expect(output.stdout).toContain(`${url}/sign-up`);
    expect(output.stdout).toContain(data);
    expect(output.stderr).toBe("");
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
    expect(await server.stop("SIGINT")).toMatchObject({ code: 0, stderr: "" });
    await expect(fetch(url)).rejects.toThrow();
  });

  it("reads port, host, folder, origin and settings from the environment; flags take precedence; SIGHUP stops it with exit code 0", async () => {
    const data = temporaryFolder();
    const env = {
      PORT: "1",
      SATCHEL_HOST: "127.0.0.1",
      SATCHEL_DATA: data,
      ORIGIN: "https://other.example",
      SIGN_UP: "closed",
    };
    const args = ["--origin", "https://satchel.example"];
    const server = await startServer(data, { args, env });
    const { stdout } = server.output;
    expect(server.url).toBe("https://satchel.example");
    expect(stdout).toContain("<your name>@satchel.example");
    expect(stdout).toContain(data);
    const address = listeningAt(server);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d{2,}$/);
    expect((await fetch(`${address}/sign-up`)).status).toBe(403);
    expect(await server.stop("SIGHUP")).toMatchObject({ code: 0, stderr: "" });
    await expect(fetch(address)).rejects.toThrow();
  });

  it("keeps everything in the data folder, which can be used again at once, as can the port; prints a new set-up link at each start until there is an administrator; SIGTERM stops it with exit code 0", async () => {
    const data = temporaryFolder();
    const pathIn = ({ output }: Server) => /(\/set-up\/[\w-]{43})\n/.exec(output.stdout)?.[1];
    const first = await startServer(data);
    const cookie = await signUp(first.url, "alice");
    const appAt = await allowApp(first.url, "alice", cookie);
    const body = randomBytes(100_000).toString("hex");
    expect((await appAt(first.url).put("/notes/one", "hello")).status).toBe(201);
    expect((await appAt(first.url).put("/notes/two", body)).status).toBe(201);
    expect(await first.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });

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
    await second.stop("SIGTERM");

    const third = await startServer(data, {
      args: ["--log"],
      env: { ORIGIN: "https://satchel.example" },
    });
    expect(third.output.stdout).not.toContain("set-up");
    // With --log there is a line for each request.
    const announced = await fetch(`${listeningAt(third)}/.well-known/host-meta?secret=word`);
    expect(await announced.text()).toContain("https://satchel.example/.well-known/webfinger");
    const { stderr } = await third.stop("SIGTERM");
    expect(JSON.parse(stderr)).toMatchObject({
      method: "GET",
      route: "/.well-known/host-meta",
      status: 200,
    });
    expect(stderr).not.toContain("secret");
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
