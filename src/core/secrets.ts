/** The one source of randomness, and the hash under which secrets are kept. */

/** 132 random bits, 22 characters of base64url: ids and versions. */
export const randomId = (): string => randomSecret().slice(0, 22);

/** Whether this could be one that `randomId` made. */
export const isId = (text: string | undefined): text is string =>
  text !== undefined && /^[A-Za-z0-9_-]{22}$/.test(text);

/** 256 random bits, 43 characters of base64url: session cookies, codes, refresh tokens. */
export const randomSecret = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** From 0 to 1, evenly: how long to wait where many would else wait equally long. */
export const randomFraction = (): number =>
  (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32;

/** A whole number from 0 up to below `count`, at most 256, each as likely. */
export function randomBelow(count: number): number {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
  // The last, incomplete round of the byte's range would make the first numbers likelier.
  return byte < 256 - (256 % count) ? byte % count : randomBelow(count);
}

/** SHA-256 in base64url, 43 characters: also the S256 of PKCE (RFC 7636 §4.2). */
export const sha256 = async (text: string): Promise<string> =>
  base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));

/** Compares without telling by its timing where two texts part ways. */
export const equalInConstantTime = (a: string, b: string): boolean => {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
};

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
