/** Requests and answers as a text that can be sent to a maintainer: tokens are redacted. */

import { shorten } from "./answer.js";
import { redactHeader, redactText } from "./redact.js";

const MAX_EXCHANGES = 12;
const MAX_BODY_CHARACTERS = 600;
const MAX_VALUE_CHARACTERS = 300;

/** Headers that say nothing about the protocol. */
const NOISE = /^(date|server|connection|keep-alive|report-to|nel|cf-ray|alt-svc|server-timing)$/i;

/**
 * Writes the last exchanges of a case as HTTP messages.
 * @param {import("./answer.js").Answer[]} answers oldest first
 * @returns {string}
 */
export function renderTranscript(answers) {
  const shown = answers.slice(-MAX_EXCHANGES);
  const omitted = answers.length - shown.length;
  const head = omitted > 0 ? [`(${omitted} earlier requests)`] : [];
  return [...head, ...shown.map(renderExchange)].join("\n\n");
}

/** @param {import("./answer.js").Answer} answer */
function renderExchange({ request, status, headers, bytes }) {
  const url = new URL(request.url);
  const target = redactText(shorten(url.pathname + url.search, MAX_VALUE_CHARACTERS));
  return [
    `> ${request.method} ${target}`,
    `> Host: ${url.host}`,
    ...renderHeaders(request.headers, "> "),
    ...(request.isStreamed ? ["> Transfer-Encoding: chunked"] : []),
    ...renderBody(request.body, "> "),
    `< ${status}`,
    ...renderHeaders(headers, "< "),
    ...renderBody(bytes, "< "),
  ].join("\n");
}

/**
 * @param {Headers} headers
 * @param {string} mark
 */
function renderHeaders(headers, mark) {
  return [...headers]
    .filter(([name]) => !NOISE.test(name))
    .map(([name, value]) => `${mark}${name}: ${redactHeader(name, shorten(value, 300))}`);
}

/**
 * @param {Uint8Array | null} bytes
 * @param {string} mark
 */
function renderBody(bytes, mark) {
  if (bytes === null || bytes.length === 0) return [];
  const text = new TextDecoder().decode(bytes.slice(0, 4 * MAX_BODY_CHARACTERS));
  const isText = !/[^\P{Cc}\t\n\r]|\ufffd/u.test(text);
  const shown = isText ? redactText(shorten(text, MAX_BODY_CHARACTERS)) : `(${bytes.length} bytes)`;
  return [mark.trimEnd(), ...shown.split("\n").map((line) => mark + line)];
}
