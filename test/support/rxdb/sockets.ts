/** WebSockets of the RxDB endpoint, for frames that a test writes itself. */

import { exports } from "cloudflare:workers";
import { fillWithDefaultSettings } from "rxdb/plugins/core";
import { incomingRequest, type TestApp } from "../provider";
import { TODOS } from "./todos";
import { waitUntil } from "./wait";

/** The path of the endpoint for this app and module, with the app's token. */
export const socketPath = (app: TestApp, module = "todos"): string =>
  `/rxdb/${app.user}/${module}?${new URLSearchParams({ access_token: app.token })}`;

/** Requests a WebSocket upgrade, as a browser does. */
export const requestUpgrade = (
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  exports.default.fetch(incomingRequest(path, { headers: { Upgrade: "websocket", ...headers } }));

/** Opens a socket. Throws if the upgrade is refused. */
export async function openSocket(
  path: string,
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const response = await requestUpgrade(path, headers);
  if (response.status !== 101 || !response.webSocket) {
    throw new Error(`No socket: ${response.status} ${await response.text()}`);
  }
  response.webSocket.accept();
  return response.webSocket;
}

/** A request frame; what is missing is filled in. */
export interface RequestFrame {
  connectionId?: string;
  requestId?: string;
  method: string;
  params: unknown;
  retry?: boolean;
}

/** A frame from the server, with what it returns parsed. */
export interface AnswerFrame {
  connectionId: string;
  answerTo: string;
  method: string;
  return?: unknown;
  error?: { name: string; code?: string; message: string; retryAfterSeconds?: number };
}

export interface EventBulk {
  id: string;
  events: object[];
  checkpoint: unknown;
  context: string;
}

/** The event bulks among messages. */
export const eventBulksIn = (messages: { method: string; return?: unknown }[]): EventBulk[] =>
  messages
    .filter(({ method }) => method === "changeStream")
    .map(({ return: bulk }) => (typeof bulk === "string" ? JSON.parse(bulk) : bulk));

/** An answer may return a string of JSON, for RxDB to parse. */
const parseReturn = (answer: AnswerFrame): AnswerFrame =>
  typeof answer.return === "string" &&
  !["create", "custom", "getAttachmentData"].includes(answer.method)
    ? { ...answer, return: JSON.parse(answer.return) }
    : answer;

/** A socket on which a test sends frames of its own. */
export class FrameSocket {
  readonly answers: AnswerFrame[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly webSocket: WebSocket;

  constructor(socket: WebSocket) {
    this.webSocket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (data !== "pong") this.answers.push(parseReturn(JSON.parse(String(data))));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  get eventBulks(): EventBulk[] {
    return eventBulksIn(this.answers);
  }

  static open = async (path: string): Promise<FrameSocket> =>
    new FrameSocket(await openSocket(path));

  send(frame: RequestFrame): void {
    this.webSocket.send(
      JSON.stringify({ connectionId: "c", requestId: "r", version: "17.6.0", ...frame }),
    );
  }

  /** Sends a frame and waits for the answer to it. */
  async call(frame: RequestFrame): Promise<AnswerFrame> {
    const { length } = this.answers;
    const isAnswer = ({ answerTo }: AnswerFrame) => answerTo === (frame.requestId ?? "r");
    this.send(frame);
    await waitUntil(() => this.answers.slice(length).some(isAnswer));
    return this.answers.slice(length).find(isAnswer) as AnswerFrame;
  }

  /** Sends frames at once, and waits for the answers to all of them, which are in their order. */
  async callAll(frames: RequestFrame[]): Promise<AnswerFrame[]> {
    const { length } = this.answers;
    const ids = new Set(frames.map((_, i) => `call ${i}`));
    for (const [i, frame] of frames.entries()) this.send({ ...frame, requestId: `call ${i}` });
    const answers = () => this.answers.slice(length).filter(({ answerTo }) => ids.has(answerTo));
    await waitUntil(() => answers().length === frames.length);
    return answers();
  }
}

/** The parameters of `create`. */
export const createParams = (
  databaseName: string,
  schema: object = TODOS,
  collectionName = "todos",
) => ({
  databaseInstanceToken: "token",
  databaseName,
  collectionName,
  schema: fillWithDefaultSettings(schema as typeof TODOS),
  options: {},
  multiInstance: false,
  devMode: false,
});

/** The frame of a `bulkWrite`. */
export const bulkWriteFrame = (...documents: object[]): RequestFrame => ({
  method: "bulkWrite",
  params: [documents.map((document) => ({ document })), "x"],
});
