/** Parameters of requests to the OAuth endpoints. */

/**
 * Drops empty parameters. RFC 6749 §3.1, §3.2: "Parameters sent without a value MUST be treated as
 * if they were omitted from the request."
 */
export const nonEmptyParameters = (parameters: URLSearchParams): URLSearchParams =>
  new URLSearchParams([...parameters].filter(([, value]) => value !== ""));

/**
 * Finds a parameter that is there more than once. RFC 6749 §3.1, §3.2: "parameters MUST NOT be
 * included more than once", but unknown ones "MUST" be ignored. Returns null if there is none.
 */
export const findDuplicate = (parameters: URLSearchParams): string | null =>
  KNOWN_PARAMETERS.find((name) => parameters.getAll(name).length > 1) ?? null;

const KNOWN_PARAMETERS = [
  "client_id",
  "code",
  "code_challenge",
  "code_challenge_method",
  "code_verifier",
  "device_code",
  "grant_type",
  "redirect_uri",
  "refresh_token",
  "response_mode",
  "response_type",
  "scope",
  "state",
  "token",
];
