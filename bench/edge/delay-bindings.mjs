/**
 * Puts the latency of a network before each call to D1, R2 and Durable Objects, in the Worker and in its
 * objects, and records which calls waited for each other. Runs inside the Worker.
 */

import { waitUntil } from "cloudflare:workers";

/**
 * Milliseconds per call, and the greatest deviation from them as a fraction. `cache`: as if whole bodies
 * were also in the edge's cache, which takes so long.
 * @typedef {{d1: number, r2Get: number, r2Put: number, object: number, jitter: number, cache?: number}}
 *   Latencies
 */

/** Methods of R2 by latency: what changes something takes as long as a put. */
const BUCKET_CALLS = {
  get: "r2Get",
  head: "r2Get",
  put: "r2Put",
  list: "r2Put",
  delete: "r2Put",
  createMultipartUpload: "r2Put",
};

const UPLOAD_CALLS = { uploadPart: "r2Put", complete: "r2Put", abort: "r2Put" };

/** A deleted body would stay in the caches for so long. */
const CACHE_SECONDS = 60;

const delayed = new WeakSet();

/**
 * Delays the calls of these bindings from now on. Changes them in place, since the Worker and its
 * objects share them; does nothing the second time.
 * @param {Record<string, unknown>} env
 * @param {Latencies} latencies
 */
export function delayBindings(env, latencies) {
  if (delayed.has(env)) return;
  delayed.add(env);
  delayDatabase(env.DB, latencies);
  delayBucket(env.BODIES, latencies);
  for (const namespace of [env.USERS, env.PASSWORDS, env.MODULES]) {
    if (namespace) delayObjects(namespace, latencies);
  }
}

/** All statements have the same prototype. */
function delayDatabase(db, latencies) {
  const statement = Object.getPrototypeOf(db.prepare("SELECT 1"));
  for (const method of ["all", "run", "first", "raw"]) delay(statement, method, "d1", latencies);
  delay(db, "batch", "d1", latencies);
}

function delayBucket(bucket, latencies) {
  const delayUpload = (upload) => {
    for (const [method, kind] of Object.entries(UPLOAD_CALLS)) {
      delay(upload, method, kind, latencies);
    }
    return upload;
  };
  for (const [method, kind] of Object.entries(BUCKET_CALLS)) delay(bucket, method, kind, latencies);
  if (latencies.cache !== undefined) cacheBodies(bucket, latencies);
  const { createMultipartUpload, resumeMultipartUpload } = bucket;
  define(bucket, "createMultipartUpload", async (...args) =>
    delayUpload(await createMultipartUpload.apply(bucket, args)),
  );
  define(bucket, "resumeMultipartUpload", (...args) =>
    delayUpload(resumeMultipartUpload.apply(bucket, args)),
  );
}

/** Looks for a whole body in the cache before R2 is asked, and puts it there. */
function cacheBodies(bucket, latencies) {
  const { get } = bucket;
  define(bucket, "get", async (key, options = {}) => {
    if (options.range) return get.call(bucket, key, options);
    const url = `https://bodies.example/${key}`;
    const hit = await recordCall("cache", async () => {
      await wait("cache", latencies);
      return caches.default.match(url);
    });
    if (hit) return { body: hit.body };
    const object = await get.call(bucket, key, options);
    if (object === null) return null;
    const [body, copy] = object.body.tee();
    const headers = { "Cache-Control": `max-age=${CACHE_SECONDS}` };
    waitUntil(caches.default.put(url, new Response(copy, { headers })));
    return { body };
  });
}

function delayObjects(namespace, latencies) {
  for (const method of ["get", "getByName"]) {
    const original = namespace[method];
    define(namespace, method, (...args) => delayStub(original.apply(namespace, args), latencies));
  }
}

/** What an object does, such as its own calls to D1, comes after the latency of the call to it. */
const delayStub = (stub, latencies) =>
  new Proxy(stub, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args) => {
        await recordCall("object", () => wait("object", latencies));
        // Not `apply`: on a stub, every property is a remote method.
        return target[name](...args);
      };
    },
  });

function delay(target, method, kind, latencies) {
  const original = target[method];
  define(target, method, function (...args) {
    return recordCall(kind, async () => {
      await wait(kind, latencies);
      return original.apply(this, args);
    });
  });
}

const define = (target, method, value) =>
  Object.defineProperty(target, method, { configurable: true, writable: true, value });

let slowness = 1;

/** Multiplies all latencies from now on; 0: there are none. */
export function setSlowness(factor) {
  slowness = factor;
}

async function wait(kind, latencies) {
  if (slowness === 0) return;
  const deviation = 1 + latencies.jitter * (2 * Math.random() - 1);
  await scheduler.wait(slowness * latencies[kind] * deviation);
}

/**
 * The calls of a request.
 * @typedef {{all: string[], chain: string[]}} Trace `chain`: the longest sequence of calls of which each
 *   began when the one before had ended
 */

/** @type {Trace | null} of the request that is being traced: one at a time */
let trace = null;

/** Begins to record calls. */
export function startTrace() {
  trace = { all: [], chain: [] };
}

/** Ends it. @returns {Trace} the calls that began since, and those that ended since */
export function endTrace() {
  const ended = trace;
  trace = null;
  return ended;
}

/** All calls of this isolate so far, by kind. */
export const callCounts = {};

async function recordCall(kind, call) {
  callCounts[kind] = (callCounts[kind] ?? 0) + 1;
  if (trace === null) return call();
  const own = trace;
  own.all.push(kind);
  const chain = [...own.chain, kind];
  const result = await call();
  // After the end of the trace this is too late: nobody waited for it.
  if (trace === own && chain.length > own.chain.length) own.chain = chain;
  return result;
}
