/** Measures what one request, or one RxDB message, makes the server do: calls, rows and bytes. */

import {
  createExecutionContext,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { startMeter } from "../../../bench/cost/meter";
import { app } from "../../../src/app";
import type { Env, Variables } from "../../../src/env";
import { measureBytesToD1 } from "../../support/bytes-to-d1";
import { incomingRequest } from "../../support/provider";
import type { Send } from "../../support/send-with-settings";

/** What is measured, in the order of the table. */
export const MEASURES = [
  "queries",
  "rowsRead",
  "rowsWritten",
  "bucketCalls",
  "objectCalls",
  "bytesToD1",
  "bytesFromD1",
  "bytesToR2",
  "bytesReceived",
  "bytesSent",
] as const;

export type Measure = (typeof MEASURES)[number];

/** What the server did; rows are those of D1 and of Durable Objects. */
export type Work = Record<Measure, number>;

declare module "vitest" {
  interface TaskMeta {
    /** What a case has measured, for the table of the bench. `milliseconds` depends on the machine. */
    costs?: Record<"ordinary" | "worst", Work & { milliseconds: number }>;
  }
}

/** Bytes between the server and its clients: of requests, responses and messages. */
export class Traffic {
  received = 0;
  sent = 0;

  /** Sends a request to the Worker, and waits for what it does in the background. */
  readonly send: Send = (pathOrUrl, init) => this.#send(env, pathOrUrl, init);

  /** The same to a Worker with other settings. */
  readonly sendWith = (variables: Variables): Send => {
    const bindings = { ...env, ...variables };
    return (pathOrUrl, init) => this.#send(bindings, pathOrUrl, init);
  };

  async #send(bindings: Env, pathOrUrl: string, init: RequestInit = {}): Promise<Response> {
    const request = incomingRequest(pathOrUrl, init);
    this.received += request.url.length + headerBytes(request.headers);
    const body = init.body === undefined ? null : new Uint8Array(await request.arrayBuffer());
    this.received += body?.byteLength ?? 0;
    const context = createExecutionContext();
    const counted = new Request(request, body === null ? {} : { body });
    if (body !== null) counted.headers.set("Content-Length", String(body.byteLength));
    const response = await app.fetch(counted, bindings, context);
    const content = response.webSocket ? null : await response.arrayBuffer();
    await waitOnExecutionContext(context);
    this.sent += headerBytes(response.headers) + (content?.byteLength ?? 0);
    return response.webSocket ? response : new Response(response.body && content, response);
  }
}

const headerBytes = (headers: Headers): number =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);

/** Runs an action, and measures it. `objects`: Durable Objects whose rows count. */
export async function measureWork(
  action: (traffic: Traffic) => Promise<unknown>,
  objects: DurableObjectStub[] = [],
): Promise<Work & { milliseconds: number }> {
  let milliseconds = 0;
  const traffic = new Traffic();
  const r2 = meterBytesToR2();
  // The meter is outside, since it calls all() for first().
  const d1 = await measureBytesToD1(async () => {
    const meter = startMeter(env as never);
    try {
      for (const object of objects) {
        await runInDurableObject(object, (_, { storage }) => meter.watch(storage));
      }
      const start = performance.now();
      await action(traffic);
      milliseconds = performance.now() - start;
      // Cursors of an object can be read only there.
      for (const object of objects) await runInDurableObject(object, () => meter.stop());
    } finally {
      meter.stop();
    }
    return meter.counts;
  }).finally(r2.stop);
  const { queries, rowsRead, rowsWritten, classA, classB, free, objects: objectCalls } = d1.result;
  return {
    queries,
    rowsRead,
    rowsWritten,
    bucketCalls: classA + classB + free,
    objectCalls,
    bytesToD1: d1.calls.reduce((sum, bytes) => sum + bytes, 0),
    bytesFromD1: d1.returned,
    bytesToR2: r2.bytes(),
    bytesReceived: traffic.received,
    bytesSent: traffic.sent,
    milliseconds,
  };
}

/** Counts the bytes of bodies, with their keys and metadata. */
function meterBytesToR2(): { bytes(): number; stop(): void } {
  let bytes = 0;
  Object.defineProperty(env.BODIES, "put", {
    configurable: true,
    value: async (key: string, value: unknown, options: unknown) => {
      const put = Object.getPrototypeOf(env.BODIES).put;
      const object = await put.call(env.BODIES, key, value, options);
      bytes += key.length + (object?.size ?? 0) + (JSON.stringify(options)?.length ?? 0);
      return object;
    },
  });
  return { bytes: () => bytes, stop: () => void Reflect.deleteProperty(env.BODIES, "put") };
}
