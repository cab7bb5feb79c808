/** Random ids and secrets, and the hash under which secrets are stored. */

/** A random id or version: 132 bits, 22 characters of base64url. */
export const randomId = (): string => randomSecret().slice(0, 22);

/** Whether the text has the form of a `randomId`. */
export const isId = (text: string | undefined): text is string =>
  text !== undefined && /^[A-Za-z0-9_-]{22}$/.test(text);

/** A random secret, for session cookies, codes and refresh tokens: 256 bits, 43 characters of base64url. */
export const randomSecret = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** A random number, 0 <= x < 1: jitter, so that not everyone waits equally long. */
export const randomFraction = (): number =>
  (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32;

/** A uniformly random integer, 0 <= n < `count`; `count` is at most 256. */
export function randomBelow(count: number): number {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
  // Rejects the incomplete last multiple of `count`: it would make the first numbers likelier.
  return byte < 256 - (256 % count) ? byte % count : randomBelow(count);
}

/** SHA-256 in base64url, 43 characters: also the S256 of PKCE (RFC 7636 §4.2). */
export const sha256 = async (text: string): Promise<string> =>
  base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));

/** HMAC-SHA-256 of a text in base64url, 43 characters. */
export async function hmacSha256(key: string | Uint8Array, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const bytes = typeof key === "string" ? encoder.encode(key) : key;
  const hmacKey = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  return base64url(new Uint8Array(await crypto.subtle.sign("HMAC", hmacKey, encoder.encode(text))));
}

/** Compares two texts in a time that does not depend on where they differ. */
export const equalInConstantTime = (a: string, b: string): boolean => {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
};

const base64url = (bytes: Uint8Array): string =>
  bytes.toBase64({ alphabet: "base64url", omitPadding: true });
