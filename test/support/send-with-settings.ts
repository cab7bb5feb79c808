/** Sends requests to the Worker with other settings, over the same data. */

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { app } from "../../src/app";
import type { Variables } from "../../src/env";
import { guardBindings } from "./guard/bindings";
import { runInvocation } from "./guard/invocations";
import { incomingRequest } from "./provider";

/** The type of `send`. */
export type Send = (pathOrUrl: string, init?: RequestInit) => Promise<Response>;

/** A `send` for a Worker that has just started with these settings. */
export function sendWithSettings(variables: Variables): Send {
  const bindings = guardBindings({ ...env, ...variables });
  return async (pathOrUrl, init = {}) => {
    const context = createExecutionContext();
    const response = await runInvocation(() =>
      app.fetch(incomingRequest(pathOrUrl, init), bindings, context),
    );
    await waitOnExecutionContext(context);
    return response;
  };
}
