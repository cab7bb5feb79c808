/** The doors of passkeys as /passkeys.js uses them. */

import { Authenticator, type Wrong } from "./authenticator";
import { uniqueClientAddress } from "./sign-in-forms";
import { ORIGIN, send, sessionCookie, type TestUser, uniqueUserName } from "./provider";

type Fields = Record<string, unknown>;

/** What /passkeys.js sends to a door. */
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

/** What a door asks the browser for. */
export async function optionsOf(
  path: string,
  fields: Fields = {},
  headers: Record<string, string> = {},
): Promise<{ challenge: string; user?: { id: string; name: string } }> {
  const response = await sendJson(path, fields, headers);
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Makes a passkey at a door. */
export async function makePasskey(
  path: string,
  fields: Fields,
  { device = new Authenticator(), wrong = {} as Wrong, cookie = "" } = {},
): Promise<{ response: Response; device: Authenticator; credential: unknown }> {
  const credential = await device.create(await optionsOf(path, fields, { cookie }), wrong);
  const response = await sendJson(path, { ...fields, credential }, { cookie });
  return { response, device, credential };
}

/** Shows a passkey at a door. */
export async function showPasskey(
  path: string,
  device: Authenticator,
  { wrong = {} as Wrong, cookie = "", fields = {} as Fields } = {},
): Promise<Response> {
  const credential = await device.get(await optionsOf(path, {}, { cookie }), wrong);
  return sendJson(path, { ...fields, credential }, { cookie });
}

/** Somebody new who has a passkey and no password. */
export async function signUpWithPasskey(
  name = uniqueUserName(),
): Promise<TestUser & { device: Authenticator }> {
  const { response, device } = await makePasskey("/sign-up/passkey", { name });
  if (response.status !== 200) throw new Error(`${name}: ${await response.text()}`);
  return { name, device, cookie: sessionCookie(response) };
}
