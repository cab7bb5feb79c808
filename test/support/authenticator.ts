/** An authenticator with a passkey (ES256) that can be told to get something wrong. */

import { ORIGIN } from "./origin";

/** The WebAuthn options of a page, as far as they are used here. */
interface PasskeyOptions {
  challenge: string;
  user?: { id: string; name: string };
}

/** What the authenticator or the browser gets wrong. */
export interface AuthenticatorFaults {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  counter?: number;
  userHandle?: string | undefined;
  id?: string;
  isUserUnverified?: boolean;
  isUserAbsent?: boolean;
  isForged?: boolean;
}

type CredentialJson = Record<string, unknown>;

const encode = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new TextEncoder().encode(text));
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const concatenate = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(parts.flatMap((part) => [...part]));

/** CBOR (RFC 8949), as far as an authenticator needs it. */
function cbor(value: unknown): Uint8Array {
  const head = (major: number, count: number): Uint8Array =>
    new Uint8Array(
      count < 24
        ? [(major << 5) | count]
        : count < 256
          ? [(major << 5) | 24, count]
          : [(major << 5) | 25, count >> 8, count & 255],
    );
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return concatenate(head(3, encode(value).length), encode(value));
  if (value instanceof Uint8Array) return concatenate(head(2, value.length), value);
  const entries = [...(value as Map<unknown, unknown>)];
  return concatenate(head(5, entries.length), ...entries.flatMap(([k, v]) => [cbor(k), cbor(v)]));
}

/** Creates a passkey and signs with it. */
export class Authenticator {
  /** The signature counter; 0: this authenticator has none. */
  counter = 0;
  id = "";
  #userHandle = "";
  #keys: CryptoKeyPair | undefined;

  /** Creates a passkey. */
  async create(
    { challenge, user }: PasskeyOptions,
    faults: AuthenticatorFaults = {},
  ): Promise<CredentialJson> {
    const raw = crypto.getRandomValues(new Uint8Array(32));
    this.id = faults.id ?? base64url(raw);
    this.#userHandle = user?.id ?? "";
    this.#keys = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    const jwk = (await crypto.subtle.exportKey("jwk", this.#keys.publicKey)) as JsonWebKey;
    const decode = (text = ""): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
    const coseKey = new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, decode(jwk.x)],
      [-3, decode(jwk.y)],
    ]);
    const idBytes = decode(this.id);
    const attestedCredentialData = concatenate(
      new Uint8Array(16),
      new Uint8Array([idBytes.length >> 8, idBytes.length & 255]),
      idBytes,
      cbor(coseKey),
    );
    const authData = concatenate(
      await this.#authenticatorData(faults, 0x40),
      attestedCredentialData,
    );
    const attestation = new Map<string, unknown>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ]);
    return this.#credential({
      clientDataJSON: clientData("webauthn.create", challenge, faults),
      attestationObject: base64url(cbor(attestation)),
      transports: ["internal"],
    });
  }

  /** Signs a challenge with the passkey. */
  async get(
    { challenge }: PasskeyOptions,
    faults: AuthenticatorFaults = {},
  ): Promise<CredentialJson> {
    const authData = await this.#authenticatorData(faults, 0);
    const clientDataJSON = clientData("webauthn.get", challenge, faults);
    const hash = await sha256(new Uint8Array(Buffer.from(clientDataJSON, "base64url")));
    const signed = faults.isForged
      ? concatenate(authData, hash, hash)
      : concatenate(authData, hash);
    const keys = this.#keys as CryptoKeyPair;
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    const signature = new Uint8Array(await crypto.subtle.sign(algorithm, keys.privateKey, signed));
    return this.#credential({
      clientDataJSON,
      authenticatorData: base64url(authData),
      signature: base64url(toDer(signature)),
      ...("userHandle" in faults
        ? { userHandle: faults.userHandle }
        : { userHandle: this.#userHandle }),
    });
  }

  #credential(response: Record<string, unknown>): CredentialJson {
    const { id } = this;
    return { id, rawId: id, type: "public-key", clientExtensionResults: {}, response };
  }

  async #authenticatorData(faults: AuthenticatorFaults, flags: number): Promise<Uint8Array> {
    const rpIdHash = await sha256(encode(faults.rpId ?? new URL(ORIGIN).hostname));
    const counter = faults.counter ?? this.counter;
    const userFlags = (faults.isUserAbsent ? 0 : 1) | (faults.isUserUnverified ? 0 : 4);
    return concatenate(
      rpIdHash,
      new Uint8Array([flags | userFlags]),
      new Uint8Array([counter >> 24, counter >> 16, counter >> 8, counter].map((n) => n & 255)),
    );
  }
}

const clientData = (type: string, challenge: string, faults: AuthenticatorFaults): string =>
  base64url(
    encode(
      JSON.stringify({
        type: faults.type ?? type,
        challenge: faults.challenge ?? challenge,
        origin: faults.origin ?? ORIGIN,
        crossOrigin: false,
      }),
    ),
  );

/** WebCrypto returns the two numbers of a signature as they are; authenticators encode them in DER. */
function toDer(signature: Uint8Array): Uint8Array {
  const number = (bytes: Uint8Array): number[] => {
    const trimmed = [...bytes.slice(bytes.findIndex((byte) => byte !== 0))];
    const value = (trimmed[0] ?? 0) & 128 ? [0, ...trimmed] : trimmed;
    return [2, value.length, ...value];
  };
  const body = [...number(signature.slice(0, 32)), ...number(signature.slice(32))];
  return new Uint8Array([0x30, body.length, ...body]);
}
