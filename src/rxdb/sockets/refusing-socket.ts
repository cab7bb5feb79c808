/**
 * A socket that refuses every request. RxDB's client waits forever if an upgrade is refused, or if a
 * socket closes before its request was answered; but it passes on an error that answers a request.
 */

import type { Context } from "hono";
import type { Env } from "../../env";
import { closeCode, type SocketRefusal } from "../refusals";
import { parseFrame, refusalFrame } from "./frames";

/** How long the client has time to send requests, each of which is refused. */
const OPEN_MS = 3000;

/** 101 with a socket that answers each frame with the refusal, and closes soon. */
export function refusingSocket(c: Context<{ Bindings: Env }>, refusal: SocketRefusal): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  const closed = new Promise<void>((resolve) => {
    const close = () => {
      clearTimeout(timer);
      if (server.readyState === WebSocket.OPEN) server.close(closeCode(refusal), refusal.code);
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
