import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { run, serve, temporaryFolder } from "./server";

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

  it("answers as soon as it says so", async () => {
    const { url } = await serve(temporaryFolder());
    const response = await fetch(`${url}/sign-up`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("<form");
  });

  it("serves the pages' assets", async () => {
    const { url } = await serve(temporaryFolder());
    const response = await fetch(`${url}/style.css`);
    expect(response.headers.get("Content-Type")).toContain("text/css");
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
    const env = { PORT: "1", HOST: "127.0.0.1", SATCHEL_DATA: data };
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

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s stops it with exit code 0", async (signal) => {
    const server = await serve(temporaryFolder());
    expect(await server.end(signal)).toMatchObject({ code: 0, stderr: "" });
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it("--help explains every flag and starts nothing", async () => {
    const { code, stdout, stderr } = await run({ args: ["--help"] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const flag of ["--port", "--host", "--data", "--help"]) expect(stdout).toContain(flag);
  });

  it("hands requests to the Worker as they came", async () => {
    const { url } = await serve(temporaryFolder());
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    socket.end("GET /storage//%2F HTTP/1.1\r\nHost: satchel.example\r\nConnection: close\r\n\r\n");
    let answer = "";
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});
