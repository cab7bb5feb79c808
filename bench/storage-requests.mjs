/** Builds requests to a user's storage, as an app sends them. */

const ORIGIN = "https://app.example";

/**
 * @typedef {ReturnType<typeof storageRequests>} Storage
 */

/**
 * The requests of an app with this token.
 * @param {string} user
 * @param {string} token
 */
export function storageRequests(user, token) {
  const commonHeaders = { Origin: ORIGIN, Authorization: `Bearer ${token}` };
  /** @returns {import("./http-client.mjs").BenchRequest} */
  const request = (method, path, statuses, { headers = {}, ...more } = {}) => ({
    method,
    path: `/storage/${user}${path}`,
    headers: { ...commonHeaders, ...headers },
    statuses,
    ...more,
  });
  return {
    user,
    get: (path, more) => request("GET", path, [200], more),
    head: (path) => request("HEAD", path, [200]),
    getUnchanged: (path, etag) =>
      request("GET", path, [304], { headers: { "If-None-Match": etag } }),
    put(path, body) {
      const headers = { "Content-Type": "text/plain", "Content-Length": String(body.byteLength) };
      return request("PUT", path, [200, 201], { headers, body, mustHaveETag: true });
    },
    delete: (path) => request("DELETE", path, [200]),
  };
}
