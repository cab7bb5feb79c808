/** What the faulty servers share: each is the reference server with one deliberate fault. */

import { rules as sound } from "../reference/rules.js";

/** @typedef {import("../reference/rules.js").Rules} Rules */

/**
 * @typedef {object} Fault
 * @property {string} fault what is wrong
 * @property {Partial<Rules> | (() => Partial<Rules>)} [rules] those that differ; a function, if they keep something
 * @property {Record<string, any>} [properties] of the WebFinger link that differ
 * @property {boolean} [isLarge] whether large bodies are sent
 * @property {string[]} finds the cases that find it, and no other may fail
 */

/** A copy of an answer with other headers or another status. */
export const remake = (
  /** @type {Response} */ response,
  /** @type {(headers: Headers) => void} */ change,
  status = response.status,
) => {
  const headers = new Headers(response.headers);
  change(headers);
  return new Response(response.body, { status, headers });
};

/** Changes answers of a kind. */
export const changing = (
  /** @type {(request: Request, response: Response) => boolean} */ isMeant,
  /** @type {(headers: Headers) => void} */ change,
  /** @type {number} */ status = 0,
) => ({
  finish: (/** @type {Response} */ response, /** @type {Request} */ request) =>
    isMeant(request, response) ? remake(response, change, status || response.status) : response,
});

export const isStorage = (/** @type {Request} */ { url }) =>
  new URL(url).pathname.startsWith("/storage/");
export const isFolder = (/** @type {Request} */ request) =>
  isStorage(request) && new URL(request.url).pathname.endsWith("/");
export const isRead = (/** @type {Request} */ { method }) => method === "GET" || method === "HEAD";
export const isPublic = (/** @type {Request} */ { url }) =>
  /^\/storage\/\w+\/public\//.test(new URL(url).pathname);
export const isWebfinger = (/** @type {Request} */ { url }) => url.includes("/.well-known/");
export const isDialog = (/** @type {Request} */ { url }) => /\/oauth\/(?!token)/.test(url);
export const nothing = () => {};

/** Refuses names as if they were malformed. */
export const refusingNames = (/** @type {(name: string) => boolean} */ isRefused) => ({
  parsePath(/** @type {string} */ path) {
    const names = sound.parsePath(path);
    return names?.some((name) => name !== "" && isRefused(name)) ? null : names;
  },
});
