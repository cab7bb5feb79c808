/** Sends requests to the Worker with other settings, over the same data. */

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { app } from "../../src/app";
import type { Variables } from "../../src/env";
import { guardBindings } from "./guard/bindings";
import { runInvocation } from "./guard/invocations";
import { incomingRequest, ORIGIN } from "./provider";

/** The type of `send`. */
export type Send = (pathOrUrl: string, init?: RequestInit) => Promise<Response>;

/** A `fetch` for a Worker that has just started with these settings. */
export function fetchWithSettings(variables: Variables): (request: Request) => Promise<Response> {
  const bindings = guardBindings({ ...env, ...variables });
  return async (request) => {
    const context = createExecutionContext();
    const response = await runInvocation(() => app.fetch(request, bindings, context));
    await waitOnExecutionContext(context);
    return response;
  };
}

/** What says which hosts a provider has. */
const HOST_SETTINGS = ["ORIGIN", "STORAGE_ORIGIN", "TRUST_PROXY"] as const;

/**
 * A `send` for a Worker that has just started with these settings. If they say which hosts it has, those
 * that HOSTS has chosen do not count, and paths are at the host of the pages.
 */
export function sendWithSettings(variables: Variables): Send {
  if (HOST_SETTINGS.every((name) => variables[name] === undefined)) {
    const fetch = fetchWithSettings(variables);
    return (pathOrUrl, init) => fetch(incomingRequest(pathOrUrl, init));
  }
  const fetch = fetchWithSettings({ ORIGIN: "", STORAGE_ORIGIN: "", ...variables });
  return (pathOrUrl, init) => fetch(incomingRequest(new URL(pathOrUrl, ORIGIN).href, init));
}
