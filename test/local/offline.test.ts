import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { collect, serve, temporaryFolder } from "./server";
import { connectApp } from "./test-user";

/** Loaded before the script: tells of every connection and look-up that leaves the machine. */
const WATCH = `
  import dns from "node:dns";
  import net from "node:net";
  import { syncBuiltinESMExports } from "node:module";
  const LOCAL = /^(localhost|127\\.|::1$|\\[::1\\]$|0\\.0\\.0\\.0$)/;
  const tell = (host) => { if (host && !LOCAL.test(host)) console.error("OUTSIDE", host); };
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const [options] = args.flat();
    if (!options.path) tell(options.host ?? "localhost");
    return connect.apply(this, args);
  };
  const { lookup } = dns;
  dns.lookup = (host, ...rest) => { tell(host); return lookup(host, ...rest); };
  syncBuiltinESMExports();
`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(WATCH)}`;

describe("npm start", () => {
  it("asks nothing of the outside", async () => {
    const server = await serve(temporaryFolder(), { env: { NODE_OPTIONS } });
    const appAt = await connectApp(server.url, "alice");
    expect((await appAt(server.url).put("/notes/one", "hello")).status).toBe(201);
    const { stderr } = await server.end("SIGTERM");
    expect(stderr).toBe("");
  });

  it("would be caught if it did", async () => {
    const script = "fetch('http://nowhere.invalid').catch(() => {})";
    const child = spawn(process.execPath, ["-e", script], {
      env: { ...process.env, NODE_OPTIONS },
    });
    const { stderr } = await collect(child).ended;
    expect(stderr).toContain("OUTSIDE nowhere.invalid");
  });
});
