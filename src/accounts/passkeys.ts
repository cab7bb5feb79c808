/**
 * Passkeys (WebAuthn Level 3): options for the browser, and verification of its responses. A passkey
 * alone signs in, so user verification is always required, and the passkey has to be discoverable:
 * the browser finds it without a user name.
 */

import { Buffer } from "node:buffer";
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/server";
import { randomSecret, sha256 } from "../core/secrets";
import { MINUTE_MS } from "../core/time";
import type { Account } from "./db/accounts";
import { type Challenge, insertChallenge, loadChallenge } from "./db/challenges";
import type { OneTimeToken } from "./db/one-time-tokens";
import { loadPasskey, type NewPasskey } from "./db/passkeys";
import { parseAssertion, parseRegistration } from "./passkey-schemas";
import { TOO_MANY_ATTEMPTS } from "./refusal-responses";
import { type AccountOutcome, type AccountRefusal, refuseWith } from "./refusals";

let webAuthn: typeof import("@simplewebauthn/server") | undefined;

/** Loaded on demand: the library is large, and few requests need it. */
async function loadWebAuthn() {
  webAuthn ??= await import("@simplewebauthn/server");
  return webAuthn;
}

/** How long a user may take to unlock their device. */
const CHALLENGE_MS = 5 * MINUTE_MS;

/** COSE algorithms: EdDSA, ES256, RS256. Every authenticator knows one of them. */
const COSE_ALGORITHMS = [-8, -7, -257];

/** The relying party of WebAuthn: this provider, as the browser sees it. */
export interface RelyingParty {
  /** The origin of the pages. */
  origin: string;
  /** The RP ID: the origin's host name. */
  rpId: string;
}

/** The relying party whose pages have this origin. */
export const relyingPartyOf = (origin: string): RelyingParty => ({
  origin,
  rpId: new URL(origin).hostname,
});

/** Whether the host can have passkeys: they are bound to a domain name, not to an IP address. */
export const canHavePasskeys = ({ rpId }: RelyingParty): boolean => !/^[\d.]+$|^\[/.test(rpId);

/** What a new passkey is for, and the account that gets it. */
interface RegistrationRequest {
  purpose: "sign-up" | "add";
  account: { id: string; name: string };
  /** The client address. */
  client: string;
}

/**
 * Options for creating a passkey. `existing`: those that the account already has. Refuses with
 * `too-many` when too many challenges wait for an answer.
 */
export async function creationOptions(
  db: D1Database,
  relyingParty: RelyingParty,
  { purpose, account, client }: RegistrationRequest,
  existing: NewPasskey[],
  now: number,
): Promise<AccountOutcome<{ options: PublicKeyCredentialCreationOptionsJSON }>> {
  const { id, name } = account;
  const challenge = await newChallenge(db, { purpose, account: id, name }, client, now);
  if (challenge === null) return refuseWith(TOO_MANY_ATTEMPTS);
  const options: PublicKeyCredentialCreationOptionsJSON = {
    challenge,
    rp: { id: relyingParty.rpId, name: "Satchel" },
    user: {
      id: userHandle(id),
      name: `${name}@${new URL(relyingParty.origin).host}`,
      displayName: name,
    },
    pubKeyCredParams: COSE_ALGORITHMS.map((alg) => ({ alg, type: "public-key" })),
    timeout: CHALLENGE_MS,
    excludeCredentials: existing.map(({ id }) => ({ id, type: "public-key" })),
    authenticatorSelection: {
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    },
    attestation: "none",
    extensions: { credProps: true },
  };
  return { ok: true, options };
}

/**
 * Options for signing in with any passkey of this site: they do not depend on a user name. `account`
 * is the account that has to sign; null: any. Refuses with `too-many` when too many challenges wait for
 * an answer, of this client address or in all.
 */
export async function requestOptions(
  db: D1Database,
  relyingParty: RelyingParty,
  account: string | null,
  client: string,
  now: number,
): Promise<AccountOutcome<{ options: PublicKeyCredentialRequestOptionsJSON }>> {
  const request = { purpose: "sign-in", account, name: null } as const;
  const challenge = await newChallenge(db, request, client, now);
  if (challenge === null) return refuseWith(TOO_MANY_ATTEMPTS);
  const options: PublicKeyCredentialRequestOptionsJSON = {
    challenge,
    rpId: relyingParty.rpId,
    timeout: CHALLENGE_MS,
    allowCredentials: [],
    userVerification: "required",
  };
  return { ok: true, options };
}

/**
 * Verifies the response that creates a passkey. Refuses with `late-passkey` if the challenge is not
 * ours, is for another purpose, was used or has expired, and with `bad-passkey` if anything else is
 * wrong. The returned token is the challenge's, to be consumed by what follows.
 */
export async function verifyRegistration(
  db: D1Database,
  relyingParty: RelyingParty,
  purpose: "sign-up" | "add",
  raw: unknown,
  name: string,
  now: number,
): Promise<AccountOutcome<{ challenge: Challenge; token: OneTimeToken; passkey: NewPasskey }>> {
  const response = parseRegistration(raw);
  const signed = claimedChallenge(response);
  const challenge = signed && (await loadChallenge(db, await sha256(signed), purpose, now));
  if (!response || !signed || !challenge || challenge.account === null) return LATE_PASSKEY;
  const { verifyRegistrationResponse } = await loadWebAuthn();
  const verified = await nullIfThrown(() =>
    verifyRegistrationResponse({
      response,
      expectedChallenge: signed,
      expectedOrigin: relyingParty.origin,
      expectedRPID: relyingParty.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: COSE_ALGORITHMS,
    }),
  );
  if (!verified?.verified) return BAD_PASSKEY;
  const { id, publicKey, counter, transports = [] } = verified.registrationInfo.credential;
  const passkey = {
    id,
    publicKey: Buffer.from(publicKey).toString("base64url"),
    counter,
    transports,
    name,
  };
  const { hash, account } = challenge;
  return { ok: true, challenge, token: { table: "challenges", hash, account }, passkey };
}

/** A user who has signed with their passkey. */
export interface VerifiedAssertion {
  account: Account;
  /** The challenge, to be consumed by what follows. */
  token: OneTimeToken;
  /** To be recorded in the same batch. */
  use: { id: string; counter: number };
}

/**
 * Verifies a signature and finds the account of its passkey. `expected` is the account that has to
 * sign; null: any. Refuses like `verifyRegistration`, with `bad-passkey` also if no account has the
 * passkey or its counter has gone back (as that of a cloned one would), and with `suspended`.
 */
export async function verifyAssertion(
  db: D1Database,
  relyingParty: RelyingParty,
  expected: string | null,
  raw: unknown,
  now: number,
): Promise<AccountOutcome<VerifiedAssertion>> {
  const response = parseAssertion(raw);
  const signed = claimedChallenge(response);
  if (response === null || signed === null) return LATE_PASSKEY;
  const { id, response: assertion } = response;
  const [challenge, found] = await Promise.all([
    loadChallenge(db, await sha256(signed), "sign-in", now),
    loadPasskey(db, id),
  ]);
  if (challenge === null || challenge.account !== expected) return LATE_PASSKEY;
  if (found === null || (expected !== null && found.account.id !== expected)) return BAD_PASSKEY;
  const { passkey, account, isSuspended } = found;
  // WebAuthn (7.2): without a user name, the user handle is required, and has to be this account's.
  if (assertion.userHandle !== userHandle(account.id)) return BAD_PASSKEY;
  const { verifyAuthenticationResponse } = await loadWebAuthn();
  const verified = await nullIfThrown(() =>
    verifyAuthenticationResponse({
      response,
      expectedChallenge: signed,
      expectedOrigin: relyingParty.origin,
      expectedRPID: relyingParty.rpId,
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, "base64url")),
        counter: passkey.counter,
      },
    }),
  );
  if (!verified?.verified) return BAD_PASSKEY;
  if (isSuspended) return refuseWith({ code: "suspended" });
  const token: OneTimeToken = { table: "challenges", hash: challenge.hash, account: account.id };
  return {
    ok: true,
    account,
    token,
    use: { id, counter: verified.authenticationInfo.newCounter },
  };
}

const LATE_PASSKEY = refuseWith({ code: "late-passkey" } satisfies AccountRefusal);
const BAD_PASSKEY = refuseWith({ code: "bad-passkey" } satisfies AccountRefusal);

/** Returns null if there are too many. */
async function newChallenge(
  db: D1Database,
  challenge: Omit<Challenge, "hash">,
  client: string,
  now: number,
): Promise<string | null> {
  const secret = randomSecret();
  const row = { ...challenge, hash: await sha256(secret) };
  return (await insertChallenge(db, row, client, now + CHALLENGE_MS, now)) ? secret : null;
}

/** The account's id, which says nothing about the user. */
const userHandle = (account: string): string => Buffer.from(account).toString("base64url");

/** The challenge that a response claims to have signed; nothing is verified yet. */
function claimedChallenge(
  response: { response: { clientDataJSON: string } } | null,
): string | null {
  if (response === null) return null;
  try {
    const clientData = Buffer.from(response.response.clientDataJSON, "base64url").toString();
    const { challenge } = JSON.parse(clientData);
    return typeof challenge === "string" ? challenge : null;
  } catch {
    return null;
  }
}

/** The library throws if anything is wrong. It calls no service, so no outage is hidden here. */
async function nullIfThrown<T>(verify: () => Promise<T>): Promise<T | null> {
  try {
    return await verify();
  } catch {
    return null;
  }
}
