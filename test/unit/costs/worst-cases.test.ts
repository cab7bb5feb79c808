/** What the worst request to each route makes the server do, compared with an ordinary one. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../../src/app";
import { freezeClock } from "../../support/clock";
import { createAccount, fillProvider, LARGEST, ORDINARY } from "./accounts";
import { apiCases } from "./api-cases";
import { boundsOf, type CostCase, excesses, nameOf, type Step } from "./cost-case";
import { filesCases } from "./files-cases";
import { measureWork, type Work } from "./measure";
import { movingCases } from "./moving-cases";
import { makeAdministrators, pageCases } from "./page-cases";
import { storageCases } from "./storage-cases";
import { tasksCases } from "./tasks-cases";
import { fillHistory, versionsCases } from "./versions-cases";

const shared = { ordinary: await createAccount(ORDINARY), largest: await createAccount(LARGEST) };
await makeAdministrators(shared);
await fillProvider(2000);
// The first change of an object schedules its sweep.
for (const { app } of Object.values(shared)) await app.put("/first", "x");
for (let i = 0; i < 10; i++) await shared.ordinary.app.put(`/ten/${i}`, "x");
await fillHistory(shared.largest);

const cases = [
  ...pageCases(shared),
  ...storageCases(shared),
  ...apiCases(shared),
  ...filesCases(shared),
  ...tasksCases(shared),
  ...movingCases(shared),
  ...versionsCases(shared),
];

/** Routes that only add to others. */
const MIDDLEWARE =
  /^ALL \/(\*|\.well-known\/\*|security.*|device|apps.*|settings\/domains.*|data\/database|transfer\/(move-in|token)\/.*|free|tasks\/.*|admin.*|oauth\/.*)$/;

/** What the ordinary requests that change nothing have cost, by the name of their case. */
const usualWork = new Map<CostCase, Work>();

async function measure(step: Step) {
  freezeClock();
  const objects = Object.values(shared).map(({ name }) => env.USERS.getByName(name));
  return measureWork(await step(), objects as never);
}

describe("The worst request", () => {
  it("is known for each route of the router, and for nothing else", () => {
    const routes = new Set(app.routes.map(({ method, path }) => `${method} ${path}`));
    const own = [...routes].filter((route) => !MIDDLEWARE.test(route));
    expect([...new Set(cases.map(({ route }) => route))].sort()).toEqual(own.sort());
  });

  it.for(cases.map((one) => [nameOf(one), one] as const))(
    "does not make the server do much more than an ordinary one: %s",
    async ([, one], { task }) => {
      const [ordinary, worst] = [await measure(one.ordinary), await measure(one.worst)];
      task.meta.costs = { ordinary, worst };
      if (one.route.startsWith("GET")) usualWork.set(one, ordinary);
      expect(excesses(worst, boundsOf(ordinary, worst, one.mayGrow))).toEqual([]);
    },
  );

  it("leaves the requests of other accounts as cheap as they were", async () => {
    expect(usualWork.size).toBeGreaterThan(40);
    for (const [one, before] of usualWork) {
      const after = await measure(one.ordinary);
      const mayGrow = one.sendsAllData ? { bytesSent: Number.POSITIVE_INFINITY } : {};
      const bounds = boundsOf(before, after, mayGrow);
      expect([nameOf(one), excesses(after, bounds)]).toEqual([nameOf(one), []]);
    }
  });
});
