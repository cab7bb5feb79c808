/** A device that keeps passkeys (ES256), and can be told to get something wrong. */

import { ORIGIN } from "./provider";

/** What a page asks a browser for, as far as it is looked at here. */
interface Options {
  challenge: string;
  user?: { id: string; name: string };
}

/** What the device or the browser gets wrong. */
export interface Wrong {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  counter?: number;
  userHandle?: string | undefined;
  id?: string;
  isUnverified?: boolean;
  isAbsent?: boolean;
  isForged?: boolean;
}

type Credential = Record<string, unknown>;

const encode = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new TextEncoder().encode(text));
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const join = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(parts.flatMap((part) => [...part]));

/** RFC 8949, as far as an authenticator needs it. */
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
  if (typeof value === "string") return join(head(3, encode(value).length), encode(value));
  if (value instanceof Uint8Array) return join(head(2, value.length), value);
  const entries = [...(value as Map<unknown, unknown>)];
  return join(head(5, entries.length), ...entries.flatMap(([k, v]) => [cbor(k), cbor(v)]));
}

export class Authenticator {
  /** Of its signatures; those that stay at 0 do not count. */
  counter = 0;
  id = "";
  #userHandle = "";
  #keys: CryptoKeyPair | undefined;

  /** Makes a passkey. */
  async create({ challenge, user }: Options, wrong: Wrong = {}): Promise<Credential> {
    const raw = crypto.getRandomValues(new Uint8Array(32));
    this.id = wrong.id ?? base64url(raw);
    this.#userHandle = user?.id ?? "";
    this.#keys = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    const jwk = (await crypto.subtle.exportKey("jwk", this.#keys.publicKey)) as JsonWebKey;
    const part = (text = ""): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
    const key = new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, part(jwk.x)],
      [-3, part(jwk.y)],
    ]);
    const idBytes = part(this.id);
    const attested = join(
      new Uint8Array(16),
      new Uint8Array([idBytes.length >> 8, idBytes.length & 255]),
      idBytes,
      cbor(key),
    );
    const authData = join(await this.#head(wrong, 0x40), attested);
    const attestation = new Map<string, unknown>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ]);
    return this.#credential({
      clientDataJSON: clientData("webauthn.create", challenge, wrong),
      attestationObject: base64url(cbor(attestation)),
      transports: ["internal"],
    });
  }

  /** Shows the passkey. */
  async get({ challenge }: Options, wrong: Wrong = {}): Promise<Credential> {
    const authData = await this.#head(wrong, 0);
    const clientDataJSON = clientData("webauthn.get", challenge, wrong);
    const hash = await sha256(new Uint8Array(Buffer.from(clientDataJSON, "base64url")));
    const signed = wrong.isForged ? join(authData, hash, hash) : join(authData, hash);
    const keys = this.#keys as CryptoKeyPair;
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    const signature = new Uint8Array(await crypto.subtle.sign(algorithm, keys.privateKey, signed));
    return this.#credential({
      clientDataJSON,
      authenticatorData: base64url(authData),
      signature: base64url(der(signature)),
      ...("userHandle" in wrong
        ? { userHandle: wrong.userHandle }
        : { userHandle: this.#userHandle }),
    });
  }

  #credential(response: Record<string, unknown>): Credential {
    const { id } = this;
    return { id, rawId: id, type: "public-key", clientExtensionResults: {}, response };
  }

  async #head(wrong: Wrong, flags: number): Promise<Uint8Array> {
    const rpIdHash = await sha256(encode(wrong.rpId ?? new URL(ORIGIN).hostname));
    const counter = wrong.counter ?? this.counter;
    const seen = (wrong.isAbsent ? 0 : 1) | (wrong.isUnverified ? 0 : 4);
    return join(
      rpIdHash,
      new Uint8Array([flags | seen]),
      new Uint8Array([counter >> 24, counter >> 16, counter >> 8, counter].map((n) => n & 255)),
    );
  }
}

const clientData = (type: string, challenge: string, wrong: Wrong): string =>
  base64url(
    encode(
      JSON.stringify({
        type: wrong.type ?? type,
        challenge: wrong.challenge ?? challenge,
        origin: wrong.origin ?? ORIGIN,
        crossOrigin: false,
      }),
    ),
  );

/** WebCrypto gives the two numbers of a signature as they are, authenticators in DER. */
function der(signature: Uint8Array): Uint8Array {
  const number = (bytes: Uint8Array): number[] => {
    const trimmed = [...bytes.slice(bytes.findIndex((byte) => byte !== 0))];
    const value = (trimmed[0] ?? 0) & 128 ? [0, ...trimmed] : trimmed;
    return [2, value.length, ...value];
  };
  const body = [...number(signature.slice(0, 32)), ...number(signature.slice(32))];
  return new Uint8Array([0x30, body.length, ...body]);
}
