/** `npm start`: what it prints, its flags and environment, and how it ends. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collectOutput, freePort, ROOT, runToExit, startServer, temporaryFolder } from "./server";

describe("npm start", () => {
  it("prints the sign-up page, the user address for apps and the data folder, and then accepts requests: pages, assets, and unusual paths unchanged; SIGINT stops it with exit code 0", async () => {
    const data = temporaryFolder();
    const server = await startServer(data);
    const { url, port, output } = server;
    expect(url).toBe(`http://localhost:${port}`);
    expect(output.stdout).toContain(`<your name>@localhost:${port}`);
    expect(output.stdout).toContain(`${url}/sign-up`);
    expect(output.stdout).toContain(data);
    expect(output.stderr).toBe("");
    const page = await fetch(`${url}/sign-up`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("<form");
    const asset = await fetch(`${url}/style.css`);
    expect(asset.headers.get("Content-Type")).toContain("text/css");
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.end("GET /storage//%2F HTTP/1.1\r\nHost: satchel.example\r\nConnection: close\r\n\r\n");
    expect((await socket.toArray()).join("")).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await server.stop("SIGINT")).toMatchObject({ code: 0, stderr: "" });
    await expect(fetch(url)).rejects.toThrow();
  });

  it("localhost means both loopback addresses, if the machine has both", async () => {
    const { port } = await startServer(temporaryFolder(), { args: ["--port", await freePort()] });
    expect((await fetch(`http://127.0.0.1:${port}/sign-up`)).status).toBe(200);
    const socket = connect({ host: "::1", port: Number(port) });
    const [error] = await Promise.race([
      once(socket, "connect"),
      new Promise<[NodeJS.ErrnoException]>((resolve) => socket.on("error", (e) => resolve([e]))),
    ]);
    socket.destroy();
    expect([undefined, "EADDRNOTAVAIL", "EAFNOSUPPORT"]).toContain(error?.code);
  });

  it("reads port, host, folder and settings from the environment; flags take precedence; SIGHUP stops it with exit code 0", async () => {
    const data = temporaryFolder();
    const env = { PORT: "1", SATCHEL_HOST: "127.0.0.1", SATCHEL_DATA: data, SIGN_UP: "closed" };
    const server = await startServer(data, { env });
    const { url, output } = server;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d{2,}$/);
    expect(output.stdout).toContain(data);
    expect((await fetch(`${url}/sign-up`)).status).toBe(403);
    expect(await server.stop("SIGHUP")).toMatchObject({ code: 0, stderr: "" });
    await expect(fetch(url)).rejects.toThrow();
  });

  it.each([
    ["ORIGIN", [], "https://satchel.example"],
    ["--origin", ["--origin", "https://satchel.example"], "https://other.example"],
  ])("shows and announces the public origin if %s is set", async (_, args, ORIGIN) => {
    const { output } = await startServer(temporaryFolder(), { args, env: { ORIGIN } });
    expect(output.stdout).toContain("<your name>@satchel.example");
    const [, listening] = /\(listening on (\S+)\)/.exec(output.stdout) ?? [];
    const page = await (await fetch(`${listening}/.well-known/host-meta`)).text();
    expect(page).toContain("https://satchel.example/.well-known/webfinger");
  });

  it("prints a new set-up link at each start until there is an administrator", async () => {
    const data = temporaryFolder();
    const pathIn = (stdout: string) => /(\/set-up\/[\w-]{43})\n/.exec(stdout)?.[1];
    const first = await startServer(data);
    const old = pathIn(first.output.stdout);
    await first.stop("SIGTERM");
    const second = await startServer(data);
    const path = pathIn(second.output.stdout) ?? "";
    const request = async (url: string, form?: Record<string, string>, Cookie = "") => {
      const post = form && { method: "POST", body: new URLSearchParams(form) };
      return fetch(second.url + url, { ...post, redirect: "manual", headers: { Cookie } });
    };
    expect((await request(old ?? "/")).status).toBe(404);
    const signUp = await request("/sign-up", { name: "alice", password: "correct horse battery" });
    const cookie = signUp.headers.get("set-cookie")?.split(";")[0];
    expect((await request("/admin", undefined, cookie)).status).toBe(403);
    expect((await request(path, {}, cookie)).headers.get("location")).toBe("/admin");
    expect((await request("/admin", undefined, cookie)).status).toBe(200);
    await second.stop("SIGTERM");
    expect((await startServer(data)).output.stdout).not.toContain("set-up");
  });

  it("--port 0 chooses a free port each time; --log writes a line to stderr for each request, by default there is none; SIGTERM stops it with exit code 0", async () => {
    const [logging, silent] = await Promise.all([
      startServer(temporaryFolder(), { args: ["--log"] }),
      startServer(temporaryFolder()),
    ]);
    expect(logging.port).not.toBe(silent.port);
    for (const { url } of [logging, silent]) await fetch(`${url}/sign-up?secret=word`);
    const { stderr } = await logging.stop("SIGTERM");
    expect(JSON.parse(stderr)).toMatchObject({ method: "GET", route: "/sign-up", status: 200 });
    expect(stderr).not.toContain("secret");
    expect(await silent.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    await expect(fetch(silent.url)).rejects.toThrow();
  });

  it("--help explains every flag and starts nothing", async () => {
    const { code, stdout, stderr } = await runToExit({ args: ["--help"] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const flag of ["--port", "--host", "--origin", "--data", "--log", "--help"])
      expect(stdout).toContain(flag);
  });

  it.each([
    ["npm", "spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' })"],
    [
      "npm, with a shell in between,",
      `spawn("sh", ["-c", '"$0" "$@"; exit', process.execPath, ...process.argv.slice(1)], { stdio: "inherit" })`,
    ],
  ])("ends if %s that started it is killed", async (_, start) => {
    const script = `require("node:child_process").${start}`;
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
