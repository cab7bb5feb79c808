/** Removes secrets from what is shown: a transcript is meant to be sent to somebody. */

const SECRET_FIELDS = "access_token|refresh_token|code|code_verifier|client_secret|password|token";

/**
 * The value of a header as it may be shown.
 * @param {string} name
 * @param {string} value
 * @returns {string}
 */
export function redactHeader(name, value) {
  if (/^(authorization|proxy-authorization)$/i.test(name)) {
    return value.replace(/^(\S+)(\s+).*$/s, "$1$2[redacted]");
  }
  if (/^(cookie|set-cookie)$/i.test(name)) return "[redacted]";
  return redactText(value);
}

/**
 * A URL or a body without the values of tokens and codes, in queries, fragments, forms and JSON.
 * @param {string} text
 * @returns {string}
 */
export function redactText(text) {
  return text
    .replace(new RegExp(`([?&#]|^|\\s)(${SECRET_FIELDS})=[^&#\\s"]+`, "g"), "$1$2=[redacted]")
    .replace(new RegExp(`"(${SECRET_FIELDS})"(\\s*):(\\s*)"[^"]*"`, "g"), '"$1"$2:$3"[redacted]"');
}
