/** The local server, which may be in a private network, asks servers that users choose at public addresses only. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WORKER_NAME } from "../../scripts/lib/worker-config.mjs";
import { startTemporaryServer } from "./shared-server";

test("A name that leads to a private address is not connected to", async () => {
  let requests = 0;
  const neighbour = createServer((_, response) => {
    requests++;
    response.end("private");
  });
  await new Promise<void>((resolve) => neighbour.listen(0, "127.0.0.1", resolve));
  const server = await startTemporaryServer();
  onTestFinished(async () => {
    neighbour.close();
    await server.dispose();
  });
  const { port } = neighbour.address() as AddressInfo;
  const { PUBLIC_NETWORK } = await server.miniflare.getBindings<{
    PUBLIC_NETWORK: { fetch(url: string): Promise<unknown> };
  }>(String(WORKER_NAME));
  for (const host of ["127.0.0.1", "localhost"]) {
    await expect(PUBLIC_NETWORK.fetch(`http://${host}:${port}/`)).rejects.toThrow();
  }
  expect(requests).toBe(0);
});
