/**
 * What a browser sends of a passkey, as far as its shape goes. Nothing of another shape reaches what
 * decodes it: there a list that says it is long would be believed.
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

const Created = v.object({
  ...common,
  response: v.object({
    clientDataJSON: text,
    attestationObject: text,
    transports: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(10))),
  }),
});

const Shown = v.object({
  ...common,
  response: v.object({
    clientDataJSON: text,
    authenticatorData: text,
    signature: text,
    userHandle: v.optional(text),
  }),
});

/** A new passkey, or null. */
export const parseCreated = (raw: unknown): RegistrationResponseJSON | null =>
  parsed(Created, raw) as RegistrationResponseJSON | null;

/** A passkey that is shown, or null. */
export const parseShown = (raw: unknown): AuthenticationResponseJSON | null =>
  parsed(Shown, raw) as AuthenticationResponseJSON | null;

function parsed<Schema extends v.GenericSchema>(schema: Schema, raw: unknown) {
  const result = v.safeParse(schema, raw);
  return result.success ? result.output : null;
}
