/**
 * A socket that refuses every request. RxDB's client waits forever if an upgrade is refused, or if a
 * socket closes before its request was answered; but it passes on an error that answers a request.
 */

import type { Context } from "hono";
import type { Env } from "../../env";
import type { SocketRefusal } from "../refusals";
import { peekEnvelope, refusalFrame } from "./frames";
import { closeInvalid, closeNow, sendIfOpen } from "./socket-state";

/**
 * How long the client has time to send requests, each of which is refused. Less than five seconds: then
 * RxDB's client takes a socket for a working one, and no longer waits longer each time it reconnects.
 */
const OPEN_MS = 3000;

/** 101 with a socket that answers each frame with the refusal, and closes soon. */
export function refusingSocket(c: Context<{ Bindings: Env }>, refusal: SocketRefusal): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  const closed = new Promise<void>((resolve) => {
    const close = () => {
      clearTimeout(timer);
      closeNow(server, refusal);
      resolve();
    };
    const timer = setTimeout(close, OPEN_MS);
    server.addEventListener("close", close);
    server.addEventListener("error", close);
  });
  server.addEventListener("message", ({ data }) => {
    // Not parsed: nobody has shown a token that the work could be counted for.
    const envelope = typeof data === "string" ? peekEnvelope(data) : null;
    if (envelope === null) closeInvalid(server);
    else sendIfOpen(server, refusalFrame(envelope, refusal));
  });
  c.executionCtx.waitUntil(closed);
  return new Response(null, { status: 101, webSocket: client });
}
