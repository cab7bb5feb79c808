/**
 * The keys of the provider, and the tokens that it signs with them to read again: JWTs, of which each kind has
 * a type, so that none passes for another (RFC 8725 §3.11).
 */

import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { randomId, randomSecret, sha256 } from "../core/secrets";
import { type Env, settings } from "../env";
import { BoundedMap } from "../platform/bounded-map";
import { insertFirstSigningKey, loadSigningKeys } from "./db/signing-keys";

interface SigningKey {
  kid: string;
  secret: Uint8Array;
}

interface Keyring {
  /** The newest first. */
  keys: (SigningKey & { createdAt: number })[];
  /** Milliseconds since 1970. */
  loadedAt: number;
  /** Claims of the tokens that these keys have verified, by token. */
  verified: Map<string, unknown>;
}

/**
 * How long an isolate caches the keys. A new key signs only when it is older than that: by then all
 * isolates have loaded it and can verify its tokens.
 */
const KEYRING_TTL_MS = 60_000;

/** The most verified tokens that an isolate caches. */
const MAX_VERIFIED_TOKENS = 10_000;

const keyrings = new WeakMap<Env, Keyring>();

/** Loads the key to sign with; creates one if there is none. */
export async function loadSigningKey(env: Env, now: number): Promise<SigningKey> {
  let { keys } = await loadKeyring(env, now);
  if (keys.length === 0) {
    await insertFirstSigningKey(env.DB, {
      kid: randomId(),
      secret: randomSecret(),
      createdAt: now,
    });
    keyrings.delete(env);
    keys = (await loadKeyring(env, now)).keys;
  }
  const newest = keys.find(({ createdAt }) => createdAt < now - KEYRING_TTL_MS);
  return newest ?? (keys.at(-1) as SigningKey);
}

/**
 * The cache of verified tokens. It is dropped together with the cached keys, so that the tokens of a
 * deleted key become invalid with it.
 */
export const loadVerifiedTokens = async <Claims>(
  env: Env,
  now: number,
): Promise<Map<string, Claims>> => (await loadKeyring(env, now)).verified as Map<string, Claims>;

/**
 * Finds the key with an id; null if there is none. Queries D1 at most once a minute, unless there are
 * no keys yet.
 */
export async function findVerificationKey(
  env: Env,
  kid: string,
  now: number,
): Promise<SigningKey | null> {
  const { keys } = await loadKeyring(env, now);
  return keys.find((key) => key.kid === kid) ?? null;
}

async function loadKeyring(env: Env, now: number): Promise<Keyring> {
  const cached = keyrings.get(env);
  if (cached && now - cached.loadedAt < KEYRING_TTL_MS) return cached;
  const secrets = settings(env).TOKEN_SECRETS;
  const rows = secrets.length > 0 ? await keysFromSecrets(secrets) : await loadSigningKeys(env.DB);
  const keys = rows.map(({ kid, secret, createdAt }) => ({
    kid,
    secret: new TextEncoder().encode(secret),
    createdAt,
  }));
  const keyring: Keyring = { keys, loadedAt: now, verified: new BoundedMap(MAX_VERIFIED_TOKENS) };
  // Without keys there are no tokens yet: nothing to cache.
  if (keys.length > 0) keyrings.set(env, keyring);
  return keyring;
}

const keysFromSecrets = (secrets: string[]) =>
  Promise.all(
    secrets.map(async (secret) => ({
      kid: (await sha256(`kid of ${secret}`)).slice(0, 8),
      secret,
      createdAt: 0,
    })),
  );

const ALGORITHM = "HS256";

/** Signs a token of a type with these claims. */
export async function signToken(
  env: Env,
  type: string,
  claims: JWTPayload,
  now: number,
): Promise<string> {
  const { kid, secret } = await loadSigningKey(env, now);
  return new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ: type, kid }).sign(secret);
}

/** The claims of a token; null if we did not sign it, it is of another type, or it has expired. */
export async function verifyToken(
  env: Env,
  type: string,
  token: string,
  now: number,
): Promise<JWTPayload | null> {
  const kid = parseKid(token);
  const key = kid === null ? null : await findVerificationKey(env, kid, now);
  if (key === null) return null;
  try {
    const options = { algorithms: [ALGORITHM], typ: type, currentDate: new Date(now) };
    return (await jwtVerify(token, key.secret, options)).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

function parseKid(token: string): string | null {
  try {
    return decodeProtectedHeader(token).kid ?? null;
  } catch {
    return null; // not a JWT
  }
}
