/** Attachments on their way through JSON: base64 there, while RxDB 17 has Blobs and RxDB 16 base64. */

/** @import { Answer, Request } from "./index.js" */

/** String.fromCharCode takes only so many at a time. */
const PIECE = 0x8000;

/**
 * A request as the text of a frame.
 * @param {Request} request
 * @returns {Promise<string>}
 */
export async function encode(request) {
  if (request.method !== "bulkWrite") return JSON.stringify(request);
  /** @type {Map<Blob, string>} */
  const texts = new Map();
  for (const { document } of request.params[0]) {
    for (const { data } of /** @type {{data?: unknown}[]} */ (
      Object.values(document._attachments ?? {})
    )) {
      if (data instanceof Blob) texts.set(data, base64Of(await data.arrayBuffer()));
    }
  }
  return JSON.stringify(request, (_, value) => texts.get(value) ?? value);
}

/**
 * An answer as the RxDB that asked expects it.
 * @param {Answer} answer
 * @param {Request} request
 * @returns {Answer}
 */
export function decode(answer, request) {
  const hasBlobs = Number.parseInt(request.version, 10) >= 17;
  if (request.method !== "getAttachmentData" || !hasBlobs || typeof answer.return !== "string")
    return answer;
  const bytes = Uint8Array.from(atob(answer.return), (letter) => letter.charCodeAt(0));
  return { ...answer, return: new Blob([bytes]) };
}

/** @param {ArrayBuffer} buffer */
function base64Of(buffer) {
  const bytes = new Uint8Array(buffer);
  let letters = "";
  for (let at = 0; at < bytes.length; at += PIECE)
    letters += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(letters);
}
