/** What is said on a live socket. Nothing, if it is closed already. */

import type { Refusal } from "../core/refusals";
import { closeCode } from "../http/close-codes";
import { refusedMessage, type ServerMessage } from "./messages";

/** Sends a message. */
export function sendMessage(socket: WebSocket, message: ServerMessage): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** Closes a socket. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
}

/** Closes a socket on which something else than a message has arrived: RFC 6455 §7.4.1. */
export const closeMalformed = (socket: WebSocket): void =>
  closeSocket(socket, 1008, "This is not a message of this protocol.");

/** Tells a refusal, and closes the socket. */
export function refuseSocket(socket: WebSocket, refusal: Refusal): void {
  sendMessage(socket, refusedMessage(refusal));
  closeSocket(socket, closeCode(refusal), refusal.code);
}
