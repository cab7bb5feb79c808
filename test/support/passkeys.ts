/** Uses the passkey endpoints as /passkeys.js does. */

import { Authenticator, type AuthenticatorFaults } from "./authenticator";
import { ORIGIN, send, sessionCookie, type TestUser, uniqueUserName } from "./provider";
import { uniqueClientAddress } from "./sign-in-forms";

type Fields = Record<string, unknown>;

/** Sends JSON to a passkey endpoint. */
export const sendJson = (
  path: string,
  fields: Fields,
  { cookie, ...headers }: Record<string, string> = {},
): Promise<Response> =>
  send(path, {
    method: "POST",
    body: JSON.stringify(fields),
    headers: {
      Origin: ORIGIN,
      Accept: "application/json",
      "Content-Type": "application/json",
      ...(cookie ? { Cookie: cookie } : {}),
      ...uniqueClientAddress(),
      ...headers,
    },
  });

/** The WebAuthn options that an endpoint returns. */
export async function fetchPasskeyOptions(
  path: string,
  fields: Fields = {},
  headers: Record<string, string> = {},
): Promise<{ challenge: string; user?: { id: string; name: string } }> {
  const response = await sendJson(path, fields, headers);
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Creates a passkey at an endpoint. */
export async function createPasskey(
  path: string,
  fields: Fields,
  { device = new Authenticator(), faults = {} as AuthenticatorFaults, cookie = "" } = {},
): Promise<{ response: Response; device: Authenticator; credential: unknown }> {
  const credential = await device.create(
    await fetchPasskeyOptions(path, fields, { cookie }),
    faults,
  );
  const response = await sendJson(path, { ...fields, credential }, { cookie });
  return { response, device, credential };
}

/** Signs with a passkey at an endpoint. */
export async function signWithPasskey(
  path: string,
  device: Authenticator,
  { faults = {} as AuthenticatorFaults, cookie = "", fields = {} as Fields } = {},
): Promise<Response> {
  const credential = await device.get(await fetchPasskeyOptions(path, {}, { cookie }), faults);
  return sendJson(path, { ...fields, credential }, { cookie });
}

/** A new user with a passkey and no password. */
export async function signUpWithPasskey(
  name = uniqueUserName(),
): Promise<TestUser & { device: Authenticator }> {
  const { response, device } = await createPasskey("/sign-up/passkey", { name });
  if (response.status !== 200) throw new Error(`${name}: ${await response.text()}`);
  return { name, device, cookie: sessionCookie(response) };
}
