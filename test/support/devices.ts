/** A device without a browser that asks for access: RFC 8628. */

import { askForTokens, oauthError, type Tokens, tokensIn } from "./oauth";
import { uniqueClientAddress } from "./sign-in-forms";
import { send, sendForm, type TestUser } from "./provider";

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
export const TV = "Living room TV";

export interface DeviceCode {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

/** Asks for codes; `fields` change the form. */
export const askAsDevice = (
  fields: Record<string, string> = {},
  headers: Record<string, string> = uniqueClientAddress(),
): Promise<Response> =>
  send("/oauth/device_authorization", {
    method: "POST",
    body: new URLSearchParams({ client_id: TV, scope: "notes:rw", ...fields }),
    headers: { Origin: "https://device.example", ...headers },
  });

export async function startDevice(fields: Record<string, string> = {}): Promise<DeviceCode> {
  const response = await askAsDevice(fields);
  if (response.status !== 200) throw new Error(`No codes: ${await response.text()}`);
  return response.json();
}

export const poll = (
  { device_code }: Pick<DeviceCode, "device_code">,
  fields: Record<string, string> = {},
): Promise<Response> =>
  askForTokens({ grant_type: DEVICE_GRANT, device_code, client_id: TV, ...fields });

export const pollError = async (
  device: Pick<DeviceCode, "device_code">,
  fields: Record<string, string> = {},
): Promise<string | undefined> => (await oauthError(await poll(device, fields)))[1];

/** Types the code on the page, from an address of its own; `fields` add an answer. */
export const typeCode = (
  person: TestUser,
  user_code: string,
  fields: Record<string, string> = {},
): Promise<Response> =>
  sendForm(
    "/device",
    { user_code, ...fields },
    { cookie: person.cookie, ...uniqueClientAddress() },
  );

/** Says yes to a device. */
export const allowDevice = (
  person: TestUser,
  { user_code }: Pick<DeviceCode, "user_code">,
  fields: Record<string, string> = {},
): Promise<Response> =>
  typeCode(person, user_code, { decision: "allow", duration: "year", ...fields });

/** A device's tokens, by the whole flow. */
export async function deviceTokens(person: TestUser, scope = "notes:rw"): Promise<Tokens> {
  const device = await startDevice({ scope });
  await allowDevice(person, device);
  return tokensIn(await poll(device));
}
