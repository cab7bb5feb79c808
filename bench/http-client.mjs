/** The client: a closed loop of requests over connections that stay open. */

import { Agent, request as openRequest } from "node:http";
import { CommandError } from "../scripts/lib/command.mjs";

/**
 * A request as the bench makes it.
 * @typedef {object} Work
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} headers
 * @property {Buffer} [body]
 * @property {number[]} statuses the right answers
 * @property {number} [bytes] how long the answer's body must be
 * @property {boolean} [mustHaveETag]
 * @property {boolean} [isPreflighted] asks with OPTIONS first, as a browser does once per address
 */

/**
 * How long one of them took, in milliseconds.
 * @typedef {{whole: number, firstByte: number}} Sample
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
   * Makes the requests in their order, `parallel` of them at a time, each connection the next as
   * soon as it has read the whole answer. Throws a Failure at the first wrong answer.
   * @param {Work[]} requests
   * @param {number} parallel
   * @returns {Promise<Sample[]>}
   */
  async run(requests, parallel) {
    const samples = [];
    const queue = requests.values();
    const work = async () => {
      for (const request of queue) samples.push(await this.#runOne(request));
    };
    await Promise.all(Array.from({ length: parallel }, work));
    return samples;
  }

  /** @returns {Promise<{headers: import("node:http").IncomingHttpHeaders, text: string}>} */
  async ask(request) {
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
    return { whole: end - start, firstByte: firstByteAt - start };
  }

  #send(work, onChunk = () => {}) {
    const { hostname, port } = this.#url;
    const { method, path, headers, body } = work;
    return new Promise((resolve, reject) => {
      const outgoing = openRequest({ hostname, port, agent: this.#agent, method, path, headers });
      outgoing.on("error", (error) => {
        // A server may close a connection that was idle just when it is used again: not its fault.
        if (outgoing.reusedSocket && error.code === "ECONNRESET") {
          resolve(this.#send(work, onChunk));
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
          const fault = faultOf(work, response, bytes);
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

function faultOf({ statuses, bytes: expected, mustHaveETag }, response, bytes) {
  if (!statuses.includes(response.statusCode)) return `answered ${response.statusCode}`;
  if (expected !== undefined && bytes !== expected) return `${bytes} bytes and not ${expected}`;
  if (mustHaveETag && !response.headers.etag) return "no ETag";
  return null;
}
