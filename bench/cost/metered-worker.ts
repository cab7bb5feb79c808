/**
 * The deployed Worker behind the meter: each response has the counts of its request in the header
 * X-Cost. For the bench only, which sends one request at a time.
 */

import type { Env } from "../../src/env";
import worker, {
  ModuleObject as DeployedModule,
  UserObject as DeployedObject,
} from "../../src/index";
import { type Counts, type Meter, startMeter } from "./meter";

export { PasswordObject } from "../../src/index";

const DAY_MS = 24 * 60 * 60 * 1000;

const storages = new Set<DurableObjectStorage>();
let meter: Meter | null = null;

function start(env: Env): void {
  if (meter) throw new Error("The meter counts one request at a time.");
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

/** Counts what `work` uses. */
async function meterWork(env: Env, work: () => Promise<void>): Promise<Counts> {
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

  /** Counts the alarms that are due when a day has passed. */
  passDay(): Promise<Counts> {
    const { now } = Date;
    const tomorrow = now() + DAY_MS + 1000;
    return meterWork(this.env, async () => {
      Date.now = () => tomorrow;
      try {
        for (let at = await this.#nextAlarm(); at <= tomorrow; at = await this.#nextAlarm()) {
          await this.ctx.storage.deleteAlarm();
          // The runtime would call the alarm, which Cloudflare bills as a request.
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

/** The id of the module object that was created last. */
let lastModuleId = "";

/** Its WebSocket messages are counted between requests to /cost/start and /cost/stop. */
export class ModuleObject extends DeployedModule {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    lastModuleId = ctx.id.toString();
    storages.add(ctx.storage);
    meter?.watch(ctx.storage);
  }

  /** A method, since the cursors of its storage can only be read in the object itself. */
  stopMeter(): Counts {
    return stop();
  }
}

export default {
  async fetch(request, env, ctx) {
    switch (new URL(request.url).pathname) {
      case "/cost/start":
        start(env);
        return new Response();
      case "/cost/stop": {
        const objects = env.MODULES as unknown as DurableObjectNamespace<ModuleObject>;
        const id = objects.idFromString(lastModuleId);
        const counts = await objects.get(id).stopMeter();
        // Without the call of stopMeter.
        return withCounts(new Response(), { ...counts, objects: counts.objects - 1 });
      }
    }
    if (request.headers.has("upgrade")) return worker.fetch(request, env, ctx);
    const [, userName] = /^\/cost\/pass-day\/(.+)$/.exec(new URL(request.url).pathname) ?? [];
    if (userName) {
      const objects = env.USERS as unknown as DurableObjectNamespace<UserObject>;
      return withCounts(new Response(), await objects.getByName(userName).passDay());
    }
    let result = new Response();
    const counts = await meterWork(env, async () => {
      const background: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>) => void background.push(work);
      const context = Object.assign(Object.create(ctx), { waitUntil });
      const response = await worker.fetch(request, env, context);
      const body = await response.arrayBuffer();
      result = new Response(response.body === null ? null : body, response);
      await Promise.allSettled(background);
    });
    return withCounts(result, counts);
  },
} satisfies ExportedHandler<Env>;

function withCounts(response: Response, counts: Counts): Response {
  response.headers.set("X-Cost", JSON.stringify(counts));
  return response;
}
