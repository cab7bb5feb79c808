/** Parameters of requests to the OAuth endpoints. */

/**
 * The parameters that count. RFC 6749 §3.1, §3.2: "Parameters sent without a value MUST be treated
 * as if they were omitted from the request."
 */
export const presentParameters = (parameters: URLSearchParams): URLSearchParams =>
  new URLSearchParams([...parameters].filter(([, value]) => value !== ""));

/** RFC 6749 §3.1, §3.2: "parameters MUST NOT be included more than once." Null if none is. */
export const findRepeated = (parameters: URLSearchParams): string | null =>
  [...parameters.keys()].find((name) => parameters.getAll(name).length > 1) ?? null;
