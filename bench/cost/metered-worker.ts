/**
 * The Worker as it is deployed, behind the meter: every response says in a header what the request
 * has cost. For the bench alone, which asks one thing at a time.
 */

import worker, { ModuleObject as DeployedModule, UserObject as DeployedObject } from "../../src";
import type { Env } from "../../src/env";
import { type Counts, type Meter, startMeter } from "./meter";

const DAY_MS = 24 * 60 * 60 * 1000;

const storages = new Set<DurableObjectStorage>();
let meter: Meter | null = null;

function start(env: Env): void {
  if (meter) throw new Error("The meter takes one request at a time.");
  meter = startMeter(env as never);
  for (const storage of storages) meter.watch(storage);
}

function stop(): Counts {
  if (!meter) throw new Error("The meter is not running.");
  const { counts } = meter;
  meter.stop();
  meter = null;
  return counts;
}

/** Runs with the meter, which takes one thing at a time. */
async function metered(env: Env, work: () => Promise<void>): Promise<Counts> {
  start(env);
  const { counts } = meter as Meter;
  try {
    await work();
  } finally {
    stop();
  }
  return counts;
}

export class UserObject extends DeployedObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    storages.add(ctx.storage);
    meter?.watch(ctx.storage);
  }

  /** What it costs when a day has passed and all is done that is due then. */
  passDay(): Promise<Counts> {
    const { now } = Date;
    const tomorrow = now() + DAY_MS + 1000;
    return metered(this.env, async () => {
      Date.now = () => tomorrow;
      try {
        for (let at = await this.#nextAlarm(); at <= tomorrow; at = await this.#nextAlarm()) {
          await this.ctx.storage.deleteAlarm();
          // The runtime would make the call, and Cloudflare bill it.
          if (meter) meter.counts.objects++;
          await this.alarm();
        }
      } finally {
        Date.now = now;
      }
    });
  }

  async #nextAlarm(): Promise<number> {
    return (await this.ctx.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
  }
}

/** The one that was made last. */
let moduleId = "";

/** What it is sent on its sockets is billed between `/bill/start` and `/bill/stop`. */
export class ModuleObject extends DeployedModule {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    moduleId = ctx.id.toString();
    storages.add(ctx.storage);
    meter?.watch(ctx.storage);
  }

  /** Here, since nobody else may look at the cursors of its storage. */
  stopMeter(): Counts {
    return stop();
  }
}

export default {
  async fetch(request, env, ctx) {
    switch (new URL(request.url).pathname) {
      case "/bill/start":
        start(env);
        return new Response();
      case "/bill/stop": {
        const objects = env.MODULES as unknown as DurableObjectNamespace<ModuleObject>;
        const id = objects.idFromString(moduleId);
        const counts = await objects.get(id).stopMeter();
        // But for this call.
        return billed(new Response(), { ...counts, objects: counts.objects - 1 });
      }
    }
    if (request.headers.has("upgrade")) return worker.fetch(request, env, ctx);
    const [, sleeper] = /^\/bill\/pass-day\/(.+)$/.exec(new URL(request.url).pathname) ?? [];
    if (sleeper) {
      const objects = env.USERS as unknown as DurableObjectNamespace<UserObject>;
      return billed(new Response(), await objects.getByName(sleeper).passDay());
    }
    let answer = new Response();
    const counts = await metered(env, async () => {
      const background: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>) => void background.push(work);
      const context = Object.assign(Object.create(ctx), { waitUntil });
      const response = await worker.fetch(request, env, context);
      const body = await response.arrayBuffer();
      answer = new Response(response.body === null ? null : body, response);
      await Promise.allSettled(background);
    });
    return billed(answer, counts);
  },
} satisfies ExportedHandler<Env>;

function billed(response: Response, counts: Counts): Response {
  response.headers.set("X-Bill", JSON.stringify(counts));
  return response;
}
