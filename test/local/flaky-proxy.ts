/** A line to a server that can be as bad as one likes: a proxy that kills, refuses and keeps silent. */

import { createServer, connect as dial, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface Line {
  /** Origin of the server, as it is reached by this line. */
  url: string;
  /** How many connections came through. */
  count: number;
  /** Share of connections that are refused, from 0 to 1. */
  refusing: number;
  /** Ends every connection, as a wire that is cut. */
  cut(): void;
  /** WebSockets stay open, but nothing comes through and nobody is told. New ones are good again. */
  freeze(): void;
  /** Cuts the line again and again, until the test ends or it is called with 0. */
  cutEvery(ms: number): void;
}

/** Opens a line to the server at `target`. The seed decides which connections are refused. */
export async function openLine(target: string, seed = 1): Promise<Line> {
  const port = Number(new URL(target).port);
  /** Those that are good. */
  const pairs = new Set<[Socket, Socket]>();
  const webSockets = new WeakSet<[Socket, Socket]>();
  const all = new Set<Socket>();
  const random = dice(seed);
  let timer: ReturnType<typeof setInterval> | undefined;
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    pairs.clear();
  };
  const server = createServer((near) => {
    if (random() < line.refusing) return void near.destroy();
    line.count++;
    const far = dial(port, "127.0.0.1");
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
        if (pairs.has(pair)) to.write(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port.");
  const line: Line = {
    url: `http://localhost:${address.port}`,
    count: 0,
    refusing: 0,
    cut,
    freeze() {
      for (const pair of pairs) if (webSockets.has(pair)) pairs.delete(pair);
      cut();
    },
    cutEvery(ms) {
      clearInterval(timer);
      if (ms > 0) timer = setInterval(cut, ms);
    },
  };
  onTestFinished(() => {
    clearInterval(timer);
    server.close();
    for (const socket of all) socket.destroy();
  });
  return line;
}

/** Mulberry32: the same numbers from the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
