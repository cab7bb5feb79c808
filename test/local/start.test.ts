import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collect, ROOT, run, serve, temporaryFolder } from "./server";

describe("npm start", () => {
  it("prints the address for apps, the sign-up page and where the data lies", async () => {
    const data = temporaryFolder();
    const { url, port, output } = await serve(data);
    expect(url).toBe(`http://localhost:${port}`);
    expect(output.stdout).toContain(`<your name>@localhost:${port}`);
    expect(output.stdout).toContain(`${url}/sign-up`);
    expect(output.stdout).toContain(data);
    expect(output.stderr).toBe("");
  });

  it("answers as soon as it says so: pages, their assets, and odd requests as they came", async () => {
    const { url, port } = await serve(temporaryFolder());
    const page = await fetch(`${url}/sign-up`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("<form");
    const asset = await fetch(`${url}/style.css`);
    expect(asset.headers.get("Content-Type")).toContain("text/css");
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.end("GET /storage//%2F HTTP/1.1\r\nHost: satchel.example\r\nConnection: close\r\n\r\n");
    expect((await socket.toArray()).join("")).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it("--port 0 takes a free port each time", async () => {
    const [one, other] = await Promise.all([serve(temporaryFolder()), serve(temporaryFolder())]);
    expect(one.port).not.toBe(other.port);
  });

  it("localhost is both loopback addresses, as far as the machine has both", async () => {
    const first = await serve(temporaryFolder());
    await first.end("SIGTERM");
    const { port } = await serve(temporaryFolder(), { args: ["--port", first.port] });
    expect((await fetch(`http://127.0.0.1:${port}/sign-up`)).status).toBe(200);
    const socket = connect({ host: "::1", port: Number(port) });
    const [error] = await Promise.race([
      once(socket, "connect"),
      new Promise<[NodeJS.ErrnoException]>((resolve) => socket.on("error", (e) => resolve([e]))),
    ]);
    socket.destroy();
    expect([undefined, "EADDRNOTAVAIL", "EAFNOSUPPORT"]).toContain(error?.code);
  });

  it("takes port, host and folder from the environment, but the flags win", async () => {
    const data = temporaryFolder();
    const env = { PORT: "1", SATCHEL_HOST: "127.0.0.1", SATCHEL_DATA: data };
    const { url, output } = await serve(data, { env });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d{2,}$/);
    expect(output.stdout).toContain(data);
  });

  it("takes settings from the environment", async () => {
    const { url } = await serve(temporaryFolder(), { env: { SIGN_UP: "closed" } });
    expect((await fetch(`${url}/sign-up`)).status).toBe(403);
  });

  it("shows the public origin where there is one", async () => {
    const { output } = await serve(temporaryFolder(), {
      env: { ORIGIN: "https://satchel.example" },
    });
    expect(output.stdout).toContain("<your name>@satchel.example");
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s stops it with exit code 0",
    async (signal) => {
      const server = await serve(temporaryFolder());
      expect(await server.end(signal)).toMatchObject({ code: 0, stderr: "" });
      await expect(fetch(server.url)).rejects.toThrow();
    },
  );

  it("offers a set-up link, another one with each start, until somebody administers", async () => {
    const data = temporaryFolder();
    const pathIn = (stdout: string) => /(\/set-up\/[\w-]{43})\n/.exec(stdout)?.[1];
    const first = await serve(data);
    const old = pathIn(first.output.stdout);
    await first.end("SIGTERM");
    const second = await serve(data);
    const path = pathIn(second.output.stdout) ?? "";
    const ask = async (url: string, form?: Record<string, string>, Cookie = "") => {
      const post = form && { method: "POST", body: new URLSearchParams(form) };
      return fetch(second.url + url, { ...post, redirect: "manual", headers: { Cookie } });
    };
    expect((await ask(old ?? "/")).status).toBe(404);
    const signUp = await ask("/sign-up", { name: "alice", password: "correct horse battery" });
    const cookie = signUp.headers.get("set-cookie")?.split(";")[0];
    expect((await ask("/admin", undefined, cookie)).status).toBe(403);
    expect((await ask(path, {}, cookie)).headers.get("location")).toBe("/admin");
    expect((await ask("/admin", undefined, cookie)).status).toBe(200);
    await second.end("SIGTERM");
    expect((await serve(data)).output.stdout).not.toContain("set-up");
  });

  it("--log writes a line for each request on stderr; without it there is none", async () => {
    const [loud, silent] = await Promise.all([
      serve(temporaryFolder(), { args: ["--log"] }),
      serve(temporaryFolder()),
    ]);
    for (const { url } of [loud, silent]) await fetch(`${url}/sign-up?secret=word`);
    const { stderr } = await loud.end("SIGTERM");
    expect(JSON.parse(stderr)).toMatchObject({ method: "GET", route: "/sign-up", status: 200 });
    expect(stderr).not.toContain("secret");
    expect((await silent.end("SIGTERM")).stderr).toBe("");
  });

  it("--help explains every flag and starts nothing", async () => {
    const { code, stdout, stderr } = await run({ args: ["--help"] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const flag of ["--port", "--host", "--data", "--log", "--help"])
      expect(stdout).toContain(flag);
  });

  it.each([
    ["npm", "spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' })"],
    [
      "npm with a shell between",
      `spawn("sh", ["-c", '"$0" "$@"; exit', process.execPath, ...process.argv.slice(1)], { stdio: "inherit" })`,
    ],
  ])("ends when the %s that started it is killed", async (_, start) => {
    const script = `require("node:child_process").${start}`;
    const args = [join(ROOT, "scripts/start.mjs"), "--port", "0", "--data", temporaryFolder()];
    const npm = spawn(process.execPath, ["-e", script, ...args], {
      env: { ...process.env, npm_lifecycle_event: "start" },
    });
    const { output, ended } = collect(npm);
    npm.stdout.on("data", () => {
      if (output.stdout.includes("Ctrl-C stops it")) npm.kill("SIGKILL");
    });
    // The server holds the same pipes: they close when it is gone, too.
    expect((await ended).stdout).toContain("Ctrl-C stops it");
  });
});
