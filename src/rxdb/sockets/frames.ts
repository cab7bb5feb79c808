/** The messages of RxDB's Remote RxStorage, one JSON object per text frame. Pure. */

import { errorOf, type SocketRefusal } from "../refusals";

/** The methods of a storage that a client may call, besides `create` and `custom`. */
const METHODS = [
  "bulkWrite",
  "findDocumentsById",
  "query",
  "count",
  "getAttachmentData",
  "getChangedDocumentsSince",
  "cleanup",
  "close",
  "remove",
] as const;

export type Method = (typeof METHODS)[number];

const ALL_METHODS: readonly string[] = ["create", "custom", ...METHODS];

/** What is needed to answer a message. */
export interface Envelope {
  connectionId: string;
  requestId: string;
  method: string;
}

export type Frame = Envelope & {
  /** Ours: it was sent before, on a socket that died before the answer came. */
  isRetry: boolean;
} & (
    | { method: "create"; params: Record<string, unknown> }
    | { method: "custom"; params: unknown }
    | { method: Method; params: unknown[] }
  );

/** Ids that a client makes; RxDB's have some 20 characters. */
const MAX_ID = 256;

/** A message that was understood, one that can only be refused, or null: nobody can be answered. */
export type Parsed =
  | { ok: true; frame: Frame }
  | { ok: false; envelope: Envelope; message: string }
  | null;

/** Reads a frame. The RxDB version of the client is none of our business. */
export function parseFrame(text: string): Parsed {
  const message = parseJson(text);
  if (!isObject(message)) return null;
  const { connectionId, requestId, method, params, retry } = message;
  if (!isId(connectionId) || !isId(requestId) || typeof method !== "string") return null;
  const envelope = { connectionId, requestId, method: method.slice(0, MAX_ID) };
  if (!ALL_METHODS.includes(method)) {
    return { ok: false, envelope, message: "There is no such method." };
  }
  if (method === "create" ? !isObject(params) : method !== "custom" && !Array.isArray(params)) {
    return { ok: false, envelope, message: `The parameters of ${method} are missing.` };
  }
  return { ok: true, frame: { ...envelope, params, isRetry: retry === true } as Frame };
}

/** The answer; `json` is the JSON of what the method returns, handed on as it is. */
export const answerFrame = (envelope: Envelope, json: string): string =>
  `${head(envelope, envelope.requestId)},"return":${json}}`;

export const refusalFrame = (envelope: Envelope, refusal: SocketRefusal): string =>
  `${head(envelope, envelope.requestId)},"error":${JSON.stringify(errorOf(refusal))}}`;

/** An event bulk for one connection; `json` is the JSON of the bulk. */
export const eventFrame = (connectionId: string, json: string): string =>
  `${head({ connectionId, method: "changeStream" }, "changestream")},"return":${json}}`;

/**
 * That what a connection is for was removed. Ours: RxDB's client passes over it, since it has asked for
 * nothing of the kind.
 */
export const removalFrame = (connectionId: string, refusal: SocketRefusal): string =>
  `${head({ connectionId, method: "remove" }, "removed")},"error":${JSON.stringify(errorOf(refusal))}}`;

const head = (
  { connectionId, method }: Pick<Envelope, "connectionId" | "method">,
  answerTo: string,
): string => JSON.stringify({ connectionId, answerTo, method }).slice(0, -1);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= MAX_ID;

/** Undefined: it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
