/** §4-§6: random stories of several apps, against a model of the draft. */

import fc from "fast-check";
import { expect, inject, it } from "vitest";
import { play, played } from "../support/model-run";
import { shorten } from "../support/model-shrink";
import { story } from "../support/model-steps";

declare module "vitest" {
  interface ProvidedContext {
    /** MODEL_STEPS in the environment: about how many requests the apps send. */
    modelSteps: string | undefined;
    /** MODEL_SEED: the seed of a failure, to see it again. */
    modelSeed: string | undefined;
  }
}

const STEPS = Number(inject("modelSteps") || 2000);
const SEED = Number(inject("modelSeed") || Date.now() % 2 ** 31);

const MAX_ACTS = 100;
const STEPS_PER_STORY = 45;

/** Half of the stories never come near their quota. */
const QUOTA = fc.constantFrom(1_000_000, 1_000_000, 60, 200);

it(
  "§4 §5 §6 whatever apps do, one after the other or at once, is answered as the draft has it",
  async () => {
    const property = fc.asyncProperty(QUOTA, story(MAX_ACTS), async (quota, acts) => {
      const failure = await play(acts, quota);
      if (failure) throw failure;
    });
    const numRuns = Math.ceil(STEPS / STEPS_PER_STORY);
    const { failed, counterexample, errorInstance } = await fc.check(property, {
      seed: SEED,
      numRuns,
      endOnFailure: true,
    });
    if (failed) {
      const [quota, acts] = counterexample ?? [0, []];
      const error = await shorten(acts, errorInstance as Error, (some) => play(some, quota));
      throw new Error(`with MODEL_SEED=${SEED}\n\n${error.message}\n`);
    }
    expect(played.steps).toBeGreaterThan(STEPS / 2);
  },
  120_000 + STEPS * 100,
);
