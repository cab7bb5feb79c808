/**
 * Validates the shape of what a browser sends about a passkey. Everything else is rejected before it
 * reaches the CBOR decoder, which would believe the length that an array claims to have.
 */

import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import * as v from "valibot";

const text = v.pipe(v.string(), v.maxLength(20_000));

const common = {
  id: text,
  rawId: text,
  type: v.literal("public-key"),
  clientExtensionResults: v.optional(v.object({}), {}),
};

const Registration = v.object({
  ...common,
  response: v.object({
    clientDataJSON: text,
    attestationObject: text,
    transports: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(10))),
  }),
});

const Assertion = v.object({
  ...common,
  response: v.object({
    clientDataJSON: text,
    authenticatorData: text,
    signature: text,
    userHandle: v.optional(text),
  }),
});

/** Parses the response to a request for a new passkey. Returns null if it is malformed. */
export const parseRegistration = (raw: unknown): RegistrationResponseJSON | null =>
  parseWith(Registration, raw) as RegistrationResponseJSON | null;

/** Parses the response to a request for a signature. Returns null if it is malformed. */
export const parseAssertion = (raw: unknown): AuthenticationResponseJSON | null =>
  parseWith(Assertion, raw) as AuthenticationResponseJSON | null;

function parseWith<Schema extends v.GenericSchema>(schema: Schema, raw: unknown) {
  const result = v.safeParse(schema, raw);
  return result.success ? result.output : null;
}
