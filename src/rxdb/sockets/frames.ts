/** The messages of RxDB's Remote RxStorage, one JSON object per text frame. Pure. */

import { type SocketRefusal, toRxdbError } from "../refusals";

/** The methods of a storage instance that a client may call, besides `create` and `custom`. */
const STORAGE_METHODS = [
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

type StorageMethod = (typeof STORAGE_METHODS)[number];

/** All methods that a client may call. */
export const RXDB_METHODS: readonly string[] = ["create", "custom", ...STORAGE_METHODS];

/** The part of a request that an answer repeats. */
export interface Envelope {
  connectionId: string;
  requestId: string;
  method: string;
}

/** A request of a client. */
export type Frame = Envelope & {
  /** Satchel's own: it was sent before, on a socket that died before the answer came. */
  isRetry: boolean;
} & (
    | { method: "create"; params: Record<string, unknown> }
    | { method: "custom"; params: unknown }
    | { method: StorageMethod; params: unknown[] }
  );

/** Opens a connection. */
export type CreateFrame = Frame & { method: "create" };

/** Calls a method of an open connection. */
export type StorageFrame = Exclude<Frame, { method: "create" | "custom" }>;

/** Ids come from the client; RxDB's have some 20 characters. */
const MAX_ID_LENGTH = 256;

/** A valid request, one that can only be refused, or null: there is nothing that could be answered. */
export type ParsedFrame =
  | { ok: true; frame: Frame }
  | { ok: false; envelope: Envelope; message: string }
  | null;

/** Characters of an envelope at most: more than two ids, a version and a method have. */
const MAX_ENVELOPE_LENGTH = 4096;

/**
 * Reads what an answer repeats from the beginning of a frame, without parsing its `params`, which RxDB
 * sends last. Returns null if the frame does not begin like a message of RxDB.
 */
export function peekEnvelope(text: string): Envelope | null {
  const head = text.slice(0, MAX_ENVELOPE_LENGTH);
  const end = head.indexOf(',"params":');
  const message = parseJson(end === -1 ? head : `${head.slice(0, end)}}`);
  return isObject(message) ? parseEnvelope(message) : null;
}

/** Parses a frame. Ignores the client's version of RxDB: the messages are the same in all versions. */
export function parseFrame(text: string): ParsedFrame {
  const message = parseJson(text);
  if (!isObject(message)) return null;
  const envelope = parseEnvelope(message);
  if (envelope === null) return null;
  const { params, retry } = message;
  const { method } = envelope;
  if (!RXDB_METHODS.includes(method)) {
    return { ok: false, envelope, message: "Unknown method." };
  }
  if (method === "create" ? !isObject(params) : method !== "custom" && !Array.isArray(params)) {
    return { ok: false, envelope, message: `${method}: params are missing or of the wrong type.` };
  }
  return { ok: true, frame: { ...envelope, params, isRetry: retry === true } as Frame };
}

/** Returns null if there is nothing that could be answered. */
function parseEnvelope({
  connectionId,
  requestId,
  method,
}: Record<string, unknown>): Envelope | null {
  if (!isId(connectionId) || !isId(requestId) || typeof method !== "string") return null;
  return { connectionId, requestId, method: method.slice(0, MAX_ID_LENGTH) };
}

/** The answer to a request; `json` is what the method returns, already serialized. */
export const answerFrame = (envelope: Envelope, json: string): string =>
  `${openFrame(envelope, envelope.requestId)},"return":${json}}`;

/** The answer to a request that is refused. */
export const refusalFrame = (envelope: Envelope, refusal: SocketRefusal): string =>
  `${openFrame(envelope, envelope.requestId)},"error":${JSON.stringify(toRxdbError(refusal))}}`;

/** An event bulk for one connection; `json` is the bulk, already serialized. */
export const eventFrame = (connectionId: string, json: string): string =>
  `${openFrame({ connectionId, method: "changeStream" }, "changestream")},"return":${json}}`;

/**
 * Tells a connection that its collection was removed. Satchel's own: RxDB's client ignores it, because
 * it answers none of its requests.
 */
export const removalFrame = (connectionId: string, refusal: SocketRefusal): string =>
  `${openFrame({ connectionId, method: "remove" }, "removed")},"error":${JSON.stringify(toRxdbError(refusal))}}`;

/** The JSON of a message without its closing brace. */
const openFrame = (
  { connectionId, method }: Pick<Envelope, "connectionId" | "method">,
  answerTo: string,
): string => JSON.stringify({ connectionId, answerTo, method }).slice(0, -1);

/** Whether a parsed JSON value is an object, and not an array. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= MAX_ID_LENGTH;

/** Returns undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
