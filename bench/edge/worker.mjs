/**
 * A deployed Worker behind the latencies of the real platform. Its module "deployed.js" is the Worker
 * to measure, unchanged.
 *
 *   X-Edge-Trace: yes                a request whose response has the calls that it waited for, as JSON
 *   POST /edge/pause/<user>          as if nobody had sent a request for some minutes
 *   POST /edge/calls/<kind>          how many calls of a kind this isolate has made
 *   POST /edge/slow/<factor>         multiplies the latencies; 0: for what only prepares a measurement
 */

import { callCounts, delayBindings, endTrace, setSlowness, startTrace } from "./delay-bindings.js";
import worker, { UserObject as DeployedObject } from "./deployed.js";

export * from "./deployed.js";

/** Longer than anything that the Worker keeps in memory for a while. */
const PAUSE_MS = 2 * 60 * 1000;

const { now } = Date;

export class UserObject extends DeployedObject {
  constructor(ctx, env) {
    delayBindings(env, JSON.parse(env.LATENCIES));
    super(ctx, env);
  }

  /** Ends the object, as the platform does when it is not used. */
  evict() {
    this.ctx.abort("evicted");
  }
}

/** How many things earlier requests are still doing after their responses. */
let background = 0;

/** A request must not await what belongs to another one: the runtime would not wake it. */
const POLL_MS = 5;

export default {
  async fetch(request, env, ctx) {
    const [, act, argument] = /^\/edge\/(\w+)\/(.+)$/.exec(new URL(request.url).pathname) ?? [];
    if (act === "calls") return Response.json({ count: callCounts[argument] ?? 0 });
    if (act === "pause") return pause(env, argument);
    if (act === "slow") {
      setSlowness(Number(argument));
      return new Response();
    }
    delayBindings(env, JSON.parse(env.LATENCIES));
    const waitUntil = (work) => {
      background++;
      ctx.waitUntil(Promise.resolve(work).finally(() => background--));
    };
    const context = Object.assign(Object.create(ctx), { waitUntil });
    if (!request.headers.has("X-Edge-Trace")) return worker.fetch(request, env, context);
    while (background > 0) await scheduler.wait(POLL_MS);
    startTrace();
    const response = await worker.fetch(request, env, context);
    const traced = new Response(response.body, response);
    traced.headers.set("X-Edge-Trace", JSON.stringify(endTrace()));
    return traced;
  },
};

/** What is in memory stays there, but is too old; the user's object is another instance. */
async function pause(env, user) {
  const ahead = Date.now() - now() + PAUSE_MS;
  Date.now = () => now() + ahead;
  await env.USERS.getByName(user)
    .evict()
    .catch(() => {});
  return new Response();
}
