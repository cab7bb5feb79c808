/** Attachments in JSON: base64 on the wire, Blobs in RxDB 17, base64 in RxDB 16. */

/** @import { Answer, Request } from "./index.js" */

/** String.fromCharCode takes a limited number of arguments. */
const MAX_ARGUMENTS = 0x8000;

/**
 * Encodes a request as the text of a frame.
 * @param {Request} request
 * @returns {Promise<string>}
 */
export async function encode(request) {
  if (request.method !== "bulkWrite") return JSON.stringify(request);
  /** @type {Map<Blob, string>} */
  const base64 = new Map();
  for (const { document } of request.params[0]) {
    for (const { data } of /** @type {{data?: unknown}[]} */ (
      Object.values(document._attachments ?? {})
    )) {
      if (data instanceof Blob) base64.set(data, toBase64(await data.arrayBuffer()));
    }
  }
  return JSON.stringify(request, (_, value) => base64.get(value) ?? value);
}

/**
 * Decodes an answer for the version of RxDB that sent the request.
 * @param {Answer} answer
 * @param {Request} request
 * @returns {Answer}
 */
export function decode(answer, request) {
  const hasBlobs = Number.parseInt(request.version, 10) >= 17;
  if (request.method !== "getAttachmentData" || !hasBlobs || typeof answer.return !== "string")
    return answer;
  const bytes = Uint8Array.from(atob(answer.return), (char) => char.charCodeAt(0));
  return { ...answer, return: new Blob([bytes]) };
}

/** @param {ArrayBuffer} buffer */
function toBase64(buffer) {
  const bytes = new Uint8Array(buffer);
  let binary = "";
  for (let at = 0; at < bytes.length; at += MAX_ARGUMENTS)
    binary += String.fromCharCode(...bytes.subarray(at, at + MAX_ARGUMENTS));
  return btoa(binary);
}
