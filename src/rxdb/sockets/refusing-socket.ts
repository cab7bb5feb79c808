/**
 * A socket on which everything is refused. RxDB's client waits for ever for the answer to an upgrade
 * that is refused, and for that to a message on a socket that closes; an answer with an error it
 * passes on.
 */

import type { Context } from "hono";
import type { Env } from "../../env";
import { closeCodeOf, type SocketRefusal } from "../refusals";
import { parseFrame, refusalFrame } from "./frames";

/** So long a client has to send what it wants to be refused. */
const OPEN_MS = 3000;

/** 101 with a socket that answers each frame with the refusal, and closes soon. */
export function refusingSocket(c: Context<{ Bindings: Env }>, refusal: SocketRefusal): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  const closed = new Promise<void>((resolve) => {
    const close = () => {
      clearTimeout(timer);
      if (server.readyState === WebSocket.OPEN) server.close(closeCodeOf(refusal), refusal.code);
      resolve();
    };
    const timer = setTimeout(close, OPEN_MS);
    server.addEventListener("close", close);
    server.addEventListener("error", close);
  });
  server.addEventListener("message", ({ data }) => {
    const parsed = typeof data === "string" ? parseFrame(data) : null;
    if (parsed === null || server.readyState !== WebSocket.OPEN) return;
    server.send(refusalFrame(parsed.ok ? parsed.frame : parsed.envelope, refusal));
  });
  c.executionCtx.waitUntil(closed);
  return new Response(null, { status: 101, webSocket: client });
}
