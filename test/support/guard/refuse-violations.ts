/** Fails a test after which the guard has refused a call, even if the Worker went on. */

import { afterEach, expect, inject } from "vitest";
import { setPlan, takeViolations } from "./invocations";
import type { Plan } from "./limits";

declare module "vitest" {
  interface ProvidedContext {
    plan: Plan;
  }
}

setPlan(inject("plan"));

afterEach(() => expect(takeViolations()).toEqual([]));
