/** A TCP proxy for a bad network: it refuses, cuts and freezes connections on demand. */

import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface FlakyProxy {
  /** Origin of the server, by way of the proxy. */
  url: string;
  /** How many connections were not refused. */
  connectionCount: number;
  /** Share of connections that are refused, from 0 to 1. */
  refusedShare: number;
  /** Ends every connection. */
  cut(): void;
  /** Leaves the WebSockets open, but lets nothing through them any more; ends the other connections. */
  freeze(): void;
  /**
   * Cuts again and again, each time after at most so many pieces of data, of which the last is lost; 0: no more. Not
   * after a time, in which a slow machine would never get anything through.
   */
  maxPieces: number;
}

/** Opens a proxy to the server at `target`. The seed decides which connections are refused, and when they are cut. */
export async function openFlakyProxy(target: string, seed = 1): Promise<FlakyProxy> {
  const port = Number(new URL(target).port);
  /** Both ends of each connection that is neither cut nor frozen. */
  const pairs = new Set<[Socket, Socket]>();
  const webSockets = new WeakSet<[Socket, Socket]>();
  const all = new Set<Socket>();
  const random = seededRandom(seed);
  let piecesLeft = 1;
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    pairs.clear();
    piecesLeft = 1 + Math.floor(random() * proxy.maxPieces);
  };
  const server = createServer((near) => {
    if (random() < proxy.refusedShare) return void near.destroy();
    proxy.connectionCount++;
    const far = connect(port, "127.0.0.1");
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    for (const socket of pair) all.add(socket);
    for (const socket of pair) {
      socket.setNoDelay();
      socket.on("error", () => {});
      socket.on("close", () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    near.on("data", (bytes) => {
      if (/^upgrade: websocket/im.test(String(bytes))) webSockets.add(pair);
    });
    for (const [from, to] of [pair, pair.toReversed() as typeof pair]) {
      from.on("data", (bytes) => {
        if (proxy.maxPieces > 0 && --piecesLeft <= 0) cut();
        if (pairs.has(pair)) to.write(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port.");
  const proxy: FlakyProxy = {
    url: `http://localhost:${address.port}`,
    connectionCount: 0,
    refusedShare: 0,
    maxPieces: 0,
    cut,
    freeze() {
      for (const pair of pairs) if (webSockets.has(pair)) pairs.delete(pair);
      cut();
    },
  };
  onTestFinished(() => {
    server.close();
    for (const socket of all) socket.destroy();
  });
  return proxy;
}

/** Mulberry32: the same numbers from the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
