/** The benchmark's HTTP client: a closed loop of requests over persistent connections. */

import { Agent, request as openRequest } from "node:http";
import { CommandError } from "../scripts/lib/command.mjs";

/**
 * A request, and the expected response.
 * @typedef {object} BenchRequest
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} headers
 * @property {Buffer} [body]
 * @property {number[]} statuses that are expected
 * @property {number} [bytes] expected length of the response body
 * @property {boolean} [mustHaveETag]
 * @property {boolean} [isPreflighted] sends OPTIONS first, as a browser does once per URL
 */

/**
 * The duration of a request, in milliseconds, in total and to the first byte of the body.
 * @typedef {{total: number, firstByte: number}} Sample
 */

/** Connections to one server. */
export class Client {
  #url;
  #agent;

  constructor(url, connections) {
    this.#url = new URL(url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });
  }

  /**
   * Sends the requests in order, `parallel` at a time; each connection sends the next one when it has
   * read a response. Throws a CommandError at the first wrong response.
   * @param {BenchRequest[]} requests
   * @param {number} parallel
   * @returns {Promise<Sample[]>}
   */
  async run(requests, parallel) {
    const samples = [];
    const queue = requests.values();
    const sendNext = async () => {
      for (const request of queue) samples.push(await this.#runOne(request));
    };
    await Promise.all(Array.from({ length: parallel }, sendNext));
    return samples;
  }

  /**
   * Sends one request, and returns the response.
   * @returns {Promise<{headers: import("node:http").IncomingHttpHeaders, text: string}>}
   */
  async fetch(request) {
    const chunks = [];
    const { headers } = await this.#send(request, (chunk) => chunks.push(chunk));
    return { headers, text: Buffer.concat(chunks).toString() };
  }

  close() {
    this.#agent.destroy();
  }

  async #runOne(request) {
    const start = performance.now();
    if (request.isPreflighted) await this.#send(preflight(request));
    const { firstByteAt } = await this.#send(request);
    const end = performance.now();
    return { total: end - start, firstByte: firstByteAt - start };
  }

  #send(request, onChunk = () => {}) {
    const { hostname, port } = this.#url;
    const { method, path, headers, body } = request;
    return new Promise((resolve, reject) => {
      const outgoing = openRequest({ hostname, port, agent: this.#agent, method, path, headers });
      outgoing.on("error", (error) => {
        // A server may close an idle connection just when it is reused: not an error.
        if (outgoing.reusedSocket && error.code === "ECONNRESET") {
          resolve(this.#send(request, onChunk));
        } else reject(error);
      });
      outgoing.on("response", (response) => {
        let bytes = 0;
        let firstByteAt;
        response.on("data", (chunk) => {
          firstByteAt ??= performance.now();
          bytes += chunk.byteLength;
          onChunk(chunk);
        });
        response.on("error", reject);
        response.on("end", () => {
          const fault = findFault(request, response, bytes);
          if (fault) reject(new CommandError(`${method} ${this.#url.origin}${path}: ${fault}`));
          else
            resolve({ headers: response.headers, firstByteAt: firstByteAt ?? performance.now() });
        });
      });
      outgoing.end(body);
    });
  }
}

function preflight({ path, headers, method }) {
  return {
    method: "OPTIONS",
    path,
    headers: {
      Origin: headers.Origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": "authorization",
    },
    statuses: [200, 204],
  };
}

function findFault({ statuses, bytes: expected, mustHaveETag }, response, bytes) {
  if (!statuses.includes(response.statusCode)) return `status ${response.statusCode}`;
  if (expected !== undefined && bytes !== expected) return `${bytes} bytes instead of ${expected}`;
  if (mustHaveETag && !response.headers.etag) return "no ETag";
  return null;
}
