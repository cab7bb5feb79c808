/** What a request has to pass before it reaches a room: TLS, and the room's own host. */

import type { Context, Next } from "hono";
import { type Env, settings } from "../env";
import { type Door, isOpenHere } from "./hosts";

type GateContext = Context<{ Bindings: Env }>;

/**
 * §4: "Client-to-server requests SHOULD be made over HTTPS". Cloudflare also hands on what came in
 * clear; that is sent to https, method and all. Elsewhere it is the operator who sees to TLS.
 */
export async function requireTls(c: GateContext, next: Next): Promise<Response | undefined> {
  const url = new URL(c.req.url);
  if (url.protocol === "http:" && c.req.header("cf-ray") !== undefined) {
    url.protocol = "https:";
    return c.redirect(url.href, 308);
  }
  await next();
}

/** Answers 404 where the room is not on this host. */
export const onlyOnHostOf =
  (door: Door) =>
  async (c: GateContext, next: Next): Promise<Response | undefined> => {
    if (!isOpenHere(door, c.req.url, settings(c.env))) return c.text("There is nothing here.", 404);
    await next();
  };
