/** Finds the addresses that the local server can listen on, before anything is started. */

import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { CommandError } from "./command.mjs";

const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/** A server that was just killed may take a moment to release its port. */
const MAX_ATTEMPTS = 5;
const RETRY_DELAY_MS = 100;

/** Whether a host can be reached from this machine only. */
export const isLoopback = (host) => /^(?:.+\.)?localhost$|^127(?:\.\d+){3}$|^\[?::1\]?$/.test(host);

/**
 * The addresses of `host`: for localhost both loopback addresses, if the machine has both. For port 0
 * only the first, since the system would choose a different port for each address. Throws a
 * CommandError if the server could not listen on them.
 * @param {string} host
 * @param {number} port
 * @returns {Promise<string[]>}
 */
export async function listenAddresses(host, port) {
  const candidates = host === "localhost" ? LOOPBACK_ADDRESSES : [host];
  const addresses = [];
  for (const address of port === 0 ? candidates.slice(0, 1) : candidates) {
    const code = await tryListen(address, port);
    if (code === null) addresses.push(address);
    else if (code !== "EADDRNOTAVAIL" && code !== "EAFNOSUPPORT")
      throw listenError(host, port, code);
  }
  if (addresses.length === 0) throw listenError(host, port, "EADDRNOTAVAIL");
  return addresses;
}

/** @returns {Promise<string | null>} an error code; null if the port is free */
async function tryListen(host, port) {
  for (let attempt = 1; ; attempt++) {
    const code = await listenOnce(host, port);
    if (code !== "EADDRINUSE" || attempt === MAX_ATTEMPTS) return code;
    await delay(RETRY_DELAY_MS);
  }
}

function listenOnce(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/**
 * The message for an error code of `listen`.
 * @returns {CommandError}
 */
export function listenError(host, port, code) {
  if (code === "EADDRINUSE") {
    return new CommandError(
      `Port ${port} is already in use: stop the program that uses it, or choose another port with --port.`,
    );
  }
  if (code === "EACCES") {
    return new CommandError(
      `Port ${port} requires administrator rights: choose a port above 1023.`,
    );
  }
  return new CommandError(
    `Cannot listen on ${host} (${code}): --host must be localhost or an address of this machine.`,
  );
}
