/**
 * Passkeys (WebAuthn Level 3): what a browser is asked for, and whether what it answers is right. A
 * passkey alone is the whole sign-in, so the person has to be verified by their device each time,
 * and the passkey has to be one that is found without a name.
 */

import { Buffer } from "node:buffer";
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/server";
import { randomSecret, sha256 } from "../core/secrets";
import type { Account } from "./db/accounts";
import { type Challenge, insertChallenge, loadChallenge, type Ticket } from "./db/one-time-tokens";
import { loadPasskey, type NewPasskey } from "./db/passkeys";
import { parseCreated, parseShown } from "./passkey-schemas";
import { type AccountRefusal, type Refused, refuse } from "./refusals";

/** Large, and needed by few requests. */
const webauthn = () => import("@simplewebauthn/server");

/** So long may somebody take to unlock their device. */
const CHALLENGE_MS = 5 * 60 * 1000;

/** Ed25519, ECDSA with P-256, RSA: what all authenticators know. */
const ALGORITHMS = [-8, -7, -257];

/** What the browser has signed for. */
export interface Site {
  /** Of the pages. */
  origin: string;
  /** The relying party: the origin's host name. */
  rpId: string;
}

export const siteOf = (origin: string): Site => ({ origin, rpId: new URL(origin).hostname });

/** Passkeys are bound to a name: no browser makes one for an address of digits. */
export const canHavePasskeys = ({ rpId }: Site): boolean => !/^[\d.]+$|^\[/.test(rpId);

/** What a new passkey is for. */
type NewFor = { purpose: "sign-up" | "add"; account: { id: string; name: string } };

/** Asks a browser for a new passkey. `known`: those that the account has already. */
export async function creationOptions(
  db: D1Database,
  site: Site,
  { purpose, account }: NewFor,
  known: NewPasskey[],
  now: number,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { id, name } = account;
  return {
    challenge: await newChallenge(db, { purpose, account: id, name }, now),
    rp: { id: site.rpId, name: "Satchel" },
    user: { id: userHandle(id), name: `${name}@${new URL(site.origin).host}`, displayName: name },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ alg, type: "public-key" })),
    timeout: CHALLENGE_MS,
    excludeCredentials: known.map(({ id }) => ({ id, type: "public-key" })),
    authenticatorSelection: {
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    },
    attestation: "none",
    extensions: { credProps: true },
  };
}

/**
 * Asks a browser for any passkey of this site: what is asked depends on nobody's name. `account` is
 * who has to answer; null: anybody.
 */
export async function requestOptions(
  db: D1Database,
  site: Site,
  account: string | null,
  now: number,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return {
    challenge: await newChallenge(db, { purpose: "sign-in", account, name: null }, now),
    rpId: site.rpId,
    timeout: CHALLENGE_MS,
    allowCredentials: [],
    userVerification: "required",
  };
}

/**
 * Weighs a new passkey. Refuses with `late-passkey` where the challenge is none of ours, for
 * something else, used or too old, and with `bad-passkey` whatever else is wrong with it.
 */
export async function verifyCreation(
  db: D1Database,
  site: Site,
  purpose: "sign-up" | "add",
  raw: unknown,
  name: string,
  now: number,
): Promise<{ ok: true; challenge: Challenge; ticket: Ticket; passkey: NewPasskey } | Refused> {
  const response = parseCreated(raw);
  const signed = signedChallenge(response);
  const challenge = signed && (await loadChallenge(db, await sha256(signed), purpose, now));
  if (!response || !signed || !challenge || challenge.account === null) return late;
  const { verifyRegistrationResponse } = await webauthn();
  const verified = await orNull(() =>
    verifyRegistrationResponse({
      response,
      expectedChallenge: signed,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  );
  if (!verified?.verified) return bad;
  const { id, publicKey, counter, transports = [] } = verified.registrationInfo.credential;
  const passkey = {
    id,
    publicKey: Buffer.from(publicKey).toString("base64url"),
    counter,
    transports,
    name,
  };
  const { hash, account } = challenge;
  return { ok: true, challenge, ticket: { table: "challenges", hash, account }, passkey };
}

/** Somebody who has shown a passkey. */
export interface Shown {
  ok: true;
  account: Account;
  /** The challenge, which is to be used up by what comes of it. */
  ticket: Ticket;
  /** To be noted with it. */
  use: { id: string; counter: number };
}

/**
 * Finds out whose passkey this is. `expected` is who has to show one; null: anybody. Refuses as
 * `verifyCreation` does, with `bad-passkey` also where nobody has it or its counter has gone back, as
 * that of a copy would, and with `suspended`.
 */
export async function verifyAssertion(
  db: D1Database,
  site: Site,
  expected: string | null,
  raw: unknown,
  now: number,
): Promise<Shown | Refused> {
  const response = parseShown(raw);
  const signed = signedChallenge(response);
  if (response === null || signed === null) return late;
  const { id, response: assertion } = response;
  const [challenge, found] = await Promise.all([
    loadChallenge(db, await sha256(signed), "sign-in", now),
    loadPasskey(db, id),
  ]);
  if (challenge === null || challenge.account !== expected) return late;
  if (found === null || (expected !== null && found.account.id !== expected)) return bad;
  const { passkey, account, isSuspended } = found;
  // WebAuthn (7.2): where no name was given, the user handle has to be there, and of this account.
  if (assertion.userHandle !== userHandle(account.id)) return bad;
  const { verifyAuthenticationResponse } = await webauthn();
  const verified = await orNull(() =>
    verifyAuthenticationResponse({
      response,
      expectedChallenge: signed,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, "base64url")),
        counter: passkey.counter,
      },
    }),
  );
  if (!verified?.verified) return bad;
  if (isSuspended) return refuse({ code: "suspended" });
  const ticket: Ticket = { table: "challenges", hash: challenge.hash, account: account.id };
  return {
    ok: true,
    account,
    ticket,
    use: { id, counter: verified.authenticationInfo.newCounter },
  };
}

const late = refuse({ code: "late-passkey" } satisfies AccountRefusal);
const bad = refuse({ code: "bad-passkey" } satisfies AccountRefusal);

async function newChallenge(
  db: D1Database,
  challenge: Omit<Challenge, "hash">,
  now: number,
): Promise<string> {
  const secret = randomSecret();
  await insertChallenge(db, { ...challenge, hash: await sha256(secret) }, now + CHALLENGE_MS);
  return secret;
}

/** The account's id: it says nothing about the person. */
const userHandle = (account: string): string => Buffer.from(account).toString("base64url");

/** The challenge that a browser says it has signed, before anything of it was weighed. */
function signedChallenge(shown: { response: { clientDataJSON: string } } | null): string | null {
  if (shown === null) return null;
  try {
    const clientData = Buffer.from(shown.response.clientDataJSON, "base64url").toString();
    const { challenge } = JSON.parse(clientData);
    return typeof challenge === "string" ? challenge : null;
  } catch {
    return null;
  }
}

/** The library throws at whatever is not right. It asks nobody, so no fault of the platform is lost. */
async function orNull<T>(verify: () => Promise<T>): Promise<T | null> {
  try {
    return await verify();
  } catch {
    return null;
  }
}
