/** The local server makes no connections to other machines. */

import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { collectOutput, startServer, temporaryFolder } from "./server";
import { connectApp } from "./test-user";

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

describe("npm start", () => {
  it("makes no connection to another machine", async () => {
    const server = await startServer(temporaryFolder(), { env: { NODE_OPTIONS } });
    const appAt = await connectApp(server.url, "alice");
    expect((await appAt(server.url).put("/notes/one", "hello")).status).toBe(201);
    const { stderr } = await server.stop("SIGTERM");
    expect(stderr).toBe("");
  });

  it("would be caught by this test if it did", async () => {
    const script = "fetch('http://nowhere.invalid').catch(() => {})";
    const child = spawn(process.execPath, ["-e", script], {
      env: { ...process.env, NODE_OPTIONS },
    });
    const { stderr } = await collectOutput(child).ended;
    expect(stderr).toContain("OUTSIDE nowhere.invalid");
  });
});
