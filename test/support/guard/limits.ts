/**
 * Limits of Cloudflare's platform that the local simulators do not enforce. CPU and memory are not
 * here: nothing inside a Worker can measure them (docs/performance-and-cost.md has the CPU).
 */

/** Cloudflare's plans for Workers. */
export type Plan = "free" | "paid";

/** Calls of one invocation to D1, R2, objects and assets; a batch is one call. */
export const MAX_SUBREQUESTS: Record<Plan, number> = { free: 50, paid: 10_000 };

/** Calls of one invocation that wait for their answers at once; further ones wait for their turn. */
export const MAX_CONNECTIONS = 6;

const MAX_STATEMENT_BYTES = 100_000;
const MAX_PARAMETERS = 100;
/** Of a text, a blob or a row, in D1 and in the SQLite of an object; local ones may have four times as many. */
const MAX_VALUE_BYTES = 2_000_000;
const MAX_KEY_BYTES = 1024;
const MAX_METADATA_BYTES = 8192;

/** Of a WebSocket message that an object receives. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** What a call exceeds, in a few words; null: nothing. */
export type Violation = string | null;

/** Checks a statement with its parameters, for D1 or for SQLite in an object. */
export function checkStatement(sql: string, parameters: unknown[]): Violation {
  if (Buffer.byteLength(sql) > MAX_STATEMENT_BYTES) return "a statement of more than 100 KB";
  if (parameters.length > MAX_PARAMETERS) return `${parameters.length} parameters in a statement`;
  const sizes = parameters.map(byteLength);
  const isRow = /^\s*(INSERT|REPLACE)\b.*\bVALUES\b/is.test(sql);
  const bytes = isRow ? sizes.reduce((sum, size) => sum + size, 0) : Math.max(0, ...sizes);
  if (bytes <= MAX_VALUE_BYTES) return null;
  return `a ${isRow ? "row" : "value"} of ${bytes} bytes`;
}

/** Checks what an object stores under a key. */
export const checkStored = (key: string, stored: unknown): Violation =>
  mostBytes(stored) + 6 * key.length <= MAX_VALUE_BYTES
    ? null
    : checkStatement("", [key + JSON.stringify(stored)]);

/** At least the bytes that a value has as JSON, for less than it costs to write long texts as JSON. */
function mostBytes(value: unknown): number {
  if (typeof value === "string") return 6 * value.length + 2;
  if (typeof value !== "object" || value === null) return 32;
  if (ArrayBuffer.isView(value) || "toJSON" in value) return Number.POSITIVE_INFINITY;
  let sum = 2;
  for (const [name, part] of Object.entries(value)) sum += 6 * name.length + 4 + mostBytes(part);
  return sum;
}

function byteLength(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? value.byteLength : 0;
}

/** Checks the keys of a call to R2. */
export const checkKeys = (keys: string[]): Violation =>
  keys.some((key) => Buffer.byteLength(key) > MAX_KEY_BYTES) ? "a key of more than 1 KiB" : null;

/** Checks the metadata of an R2 object, which are headers to every S3 tool. */
export function checkMetadata(metadata: Record<string, string> = {}): Violation {
  const text = Object.entries(metadata).flat().join("");
  if (!/^[ -~]*$/.test(text)) return "metadata that are not ASCII";
  return text.length > MAX_METADATA_BYTES ? `metadata of ${text.length} bytes` : null;
}

/** Whether Cloudflare would close a WebSocket instead of giving an object this message. */
export const isTooLongMessage = (message: string | ArrayBuffer): boolean =>
  byteLength(message) > MAX_MESSAGE_BYTES;
