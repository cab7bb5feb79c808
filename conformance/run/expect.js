/** Expectations: each either holds or throws a Failure with a sentence for the provider's maintainer. */

import { Answer, shorten } from "./answer.js";
import { refuseUnavailable } from "./http.js";
import { Failure } from "./outcomes.js";

/** RFC 9110 §8.8.3, without W/. */
const STRONG_ETAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

/**
 * A status, several, or a class of them.
 * @typedef {number | number[] | "2xx" | "4xx"} Statuses
 */

/**
 * Expects a status.
 * @param {Answer} answer
 * @param {Statuses} expected
 * @param {string} [about] what the request is, such as "a PUT with a stale If-Match"
 */
export function status(answer, expected, about) {
  if (isOneOf(answer.status, expected)) return;
  refuseUnavailable(answer);
  const wanted = Array.isArray(expected) ? expected.join(" or ") : expected;
  const subject = about ? `${about} (${answer.asked})` : answer.asked;
  throw new Failure(`${subject}: expected status ${wanted}, got ${answer.status}.`);
}

/**
 * @param {number} code
 * @param {Statuses} expected
 */
export function isOneOf(code, expected) {
  if (Array.isArray(expected)) return expected.includes(code);
  if (typeof expected === "number") return code === expected;
  return Math.floor(code / 100) === Number(expected[0]);
}

/**
 * Expects equal values: primitive ones, bytes, or whatever is equal as JSON.
 * @param {unknown} actual
 * @param {unknown} expected
 * @param {string} about what is compared, such as "the body"
 */
export function equal(actual, expected, about) {
  if (isEqual(actual, expected)) return;
  throw new Failure(`${about}: expected ${print(expected)}, got ${print(actual)}.`);
}

/**
 * Expects a header with this value; null: no such header.
 * @param {Answer} answer
 * @param {string} name
 * @param {string | null} expected
 */
export function header(answer, name, expected) {
  equal(answer.headers.get(name), expected, `the header ${name} of ${answer.asked}`);
}

/**
 * Expects a comma-separated header to contain all these elements, in any case and order.
 * @param {Answer} answer
 * @param {string} name
 * @param {string[]} elements
 */
export function headerContains(answer, name, elements) {
  const value = answer.headers.get(name);
  const present = new Set((value ?? "").toLowerCase().split(/\s*,\s*/));
  const missing = elements.filter((element) => !present.has(element.toLowerCase()));
  if (missing.length === 0) return;
  throw new Failure(
    `the header ${name} of ${answer.asked} lacks ${missing.join(", ")}: it is ${print(value)}.`,
  );
}

/**
 * Expects a strong ETag (§4), and returns it with its quotes.
 * @param {Answer} answer
 * @returns {string}
 */
export function strongEtag(answer) {
  const { etag } = answer;
  if (STRONG_ETAG.test(etag) && etag !== '""') return etag;
  throw new Failure(`${answer.asked}: expected a strong ETag, got ${print(etag || null)}.`);
}

/**
 * Expects that something is true; the sentence says what is wrong otherwise.
 * @param {unknown} condition
 * @param {string} sentence
 */
export function that(condition, sentence) {
  if (!condition) throw new Failure(sentence);
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
function isEqual(one, other) {
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((byte, index) => byte === other[index]);
  }
  return Object.is(one, other) || JSON.stringify(one) === JSON.stringify(other);
}

/** @param {unknown} value */
function print(value) {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value === null || value === undefined) return "none";
  return shorten(JSON.stringify(value).replace(/[\u007f-\u009f]/g, escapeCharacter), 300);
}

/** Of the control characters that JSON leaves as they are. @param {string} character */
const escapeCharacter = (character) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
