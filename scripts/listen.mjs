/** The addresses that the local server listens on, tried before anything is started. */

import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "./failure.mjs";

const LOOPBACK = ["127.0.0.1", "::1"];

/** A server that was just killed may need a moment to let go of its port. */
const TRIES = 5;
const RETRY_MS = 100;

/** Whether nobody but this machine gets to a host. */
export const isLoopback = (host) => /^(?:.+\.)?localhost$|^127(?:\.\d+){3}$|^\[?::1\]?$/.test(host);

/**
 * The addresses for `host`: for localhost both loopback addresses, where the machine has both.
 * Port 0 takes the first alone, since the system would give each address another port. Throws a
 * Failure when the port cannot be had.
 * @param {string} host
 * @param {number} port
 * @returns {Promise<string[]>}
 */
export async function listenAddresses(host, port) {
  const candidates = host === "localhost" ? LOOPBACK : [host];
  const addresses = [];
  for (const address of port === 0 ? candidates.slice(0, 1) : candidates) {
    const code = await tryListen(address, port);
    if (code === null) addresses.push(address);
    else if (code !== "EADDRNOTAVAIL" && code !== "EAFNOSUPPORT") throw refusal(host, port, code);
  }
  if (addresses.length === 0) throw refusal(host, port, "EADDRNOTAVAIL");
  return addresses;
}

/** @returns {Promise<string | null>} the error code, or null if listening works */
async function tryListen(host, port) {
  for (let tries = 1; ; tries++) {
    const code = await listenOnce(host, port);
    if (code !== "EADDRINUSE" || tries === TRIES) return code;
    await delay(RETRY_MS);
  }
}

function listenOnce(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** @returns {Failure} */
export function refusal(host, port, code) {
  if (code === "EADDRINUSE") {
    return new Failure(
      `Port ${port} is already in use: stop what listens there, or choose another with --port.`,
    );
  }
  if (code === "EACCES") {
    return new Failure(`Port ${port} needs more rights than you have: choose one above 1023.`);
  }
  return new Failure(
    `Cannot listen on ${host} (${code}): --host must be localhost or an address of this machine.`,
  );
}
