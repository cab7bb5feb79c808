/** The keys that sign access tokens. */

import { randomId, randomSecret, sha256 } from "../core/secrets";
import { type Env, settings } from "../env";
import { insertFirstSigningKey, loadSigningKeys } from "./db/signing-keys";

interface SigningKey {
  kid: string;
  secret: Uint8Array;
}

interface Keyring {
  /** The newest first. */
  keys: (SigningKey & { createdAt: number })[];
  loadedAt: number;
  /** What was verified with these keys, by the token. Goes with them. */
  verified: Map<string, unknown>;
}

/**
 * How long an isolate believes in the keys it has read. A new key signs only when it is older than
 * that, so that whoever verifies has read it by then.
 */
const KEYRING_TTL_MS = 60_000;

const keyrings = new WeakMap<Env, Keyring>();

/** The key to sign with; made now if there is none. */
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
  const known = keys.find(({ createdAt }) => createdAt < now - KEYRING_TTL_MS);
  return known ?? (keys.at(-1) as SigningKey);
}

/**
 * Where to remember what was verified with the keys of now: for as long as they are believed in, so
 * that a key that was deleted takes its tokens along.
 */
export const loadVerifiedTokens = async <Verified>(
  env: Env,
  now: number,
): Promise<Map<string, Verified>> =>
  (await loadKeyring(env, now)).verified as Map<string, Verified>;

/** The key of this id, or null. Asks D1 at most once a minute, whatever ids are asked for, unless there are no keys yet. */
export async function findVerificationKey(
  env: Env,
  kid: string,
  now: number,
): Promise<SigningKey | null> {
  const { keys } = await loadKeyring(env, now);
  return keys.find((key) => key.kid === kid) ?? null;
}

async function loadKeyring(env: Env, now: number): Promise<Keyring> {
  const known = keyrings.get(env);
  if (known && now - known.loadedAt < KEYRING_TTL_MS) return known;
  const secrets = settings(env).TOKEN_SECRETS;
  const rows = secrets.length > 0 ? await keysFromSecrets(secrets) : await loadSigningKeys(env.DB);
  const keys = rows.map(({ kid, secret, createdAt }) => ({
    kid,
    secret: new TextEncoder().encode(secret),
    createdAt,
  }));
  // No keys yet means no tokens yet: nothing to believe in for a minute.
  const ring: Keyring = { keys, loadedAt: now, verified: new Map() };
  if (keys.length > 0) keyrings.set(env, ring);
  return ring;
}

const keysFromSecrets = (secrets: string[]) =>
  Promise.all(
    secrets.map(async (secret) => ({
      kid: (await sha256(`kid of ${secret}`)).slice(0, 8),
      secret,
      createdAt: 0,
    })),
  );
