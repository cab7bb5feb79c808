/** §4-§6: random requests of several apps, checked against a model of the draft. */

import fc from "fast-check";
import { expect, inject, it } from "vitest";
import { counters, runSteps } from "../support/model-run";
import { shrink } from "../support/model-shrink";
import { randomSteps } from "../support/model-steps";

declare module "vitest" {
  interface ProvidedContext {
    /** MODEL_STEPS in the environment: about how many requests the apps send. */
    modelSteps: string | undefined;
    /** MODEL_SEED: another seed, to search on, or to reproduce a failure. */
    modelSeed: string | undefined;
  }
}

const REQUESTS = Number(inject("modelSteps") || 300);
const SEED = Number(inject("modelSeed") || 1);

const MAX_STEPS = 100;
const REQUESTS_PER_RUN = 45;

/** Half of the runs never come near their quota. */
const QUOTA_BYTES = fc.constantFrom(1_000_000, 1_000_000, 1500, 3000);

it(
  "§4 §5 §6 whatever apps send, sequentially or concurrently, is answered as the draft says",
  async () => {
    const property = fc.asyncProperty(QUOTA_BYTES, randomSteps(MAX_STEPS), async (quota, steps) => {
      const failure = await runSteps(steps, quota);
      if (failure) throw failure;
    });
    const numRuns = Math.ceil(REQUESTS / REQUESTS_PER_RUN);
    const { failed, counterexample, errorInstance } = await fc.check(property, {
      seed: SEED,
      numRuns,
      endOnFailure: true,
    });
    if (failed) {
      const [quota, steps] = counterexample ?? [0, []];
      const error = await shrink(steps, errorInstance as Error, (some) => runSteps(some, quota));
      throw new Error(`with MODEL_SEED=${SEED}\n\n${error.message}\n`);
    }
    expect(counters.requests).toBeGreaterThan(REQUESTS / 2);
  },
  120_000 + REQUESTS * 200,
);
