/** Requests of devices, and of the users who allow them: RFC 8628. */

import { oauthError, parseTokens, postTokenRequest, type Tokens } from "./oauth";
import { send, sendForm, type TestUser } from "./provider";
import { uniqueClientAddress } from "./sign-in-forms";

export const DEVICE_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";
export const DEVICE_NAME = "Living room TV";

/** RFC 8628 §3.2. */
export interface DeviceAuthorization {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

/** Posts a device authorization request; `fields` override those of the form. */
export const postDeviceRequest = (
  fields: Record<string, string> = {},
  headers: Record<string, string> = uniqueClientAddress(),
): Promise<Response> =>
  send("/oauth/device_authorization", {
    method: "POST",
    body: new URLSearchParams({ client_id: DEVICE_NAME, scope: "notes:rw", ...fields }),
    headers: { Origin: "https://device.example", ...headers },
  });

/** Starts a device authorization. */
export async function startDevice(
  fields: Record<string, string> = {},
): Promise<DeviceAuthorization> {
  const response = await postDeviceRequest(fields);
  if (response.status !== 200) throw new Error(`No codes were issued: ${await response.text()}`);
  return response.json();
}

/** Polls the token endpoint; `fields` override those of the form. */
export const pollDevice = (
  { device_code }: Pick<DeviceAuthorization, "device_code">,
  fields: Record<string, string> = {},
): Promise<Response> =>
  postTokenRequest({
    grant_type: DEVICE_GRANT_TYPE,
    device_code,
    client_id: DEVICE_NAME,
    ...fields,
  });

/** Polls, and returns the error code. */
export const pollError = async (
  device: Pick<DeviceAuthorization, "device_code">,
  fields: Record<string, string> = {},
): Promise<string | undefined> => (await oauthError(await pollDevice(device, fields)))[1];

/** Enters a user code, from a unique address; `fields` can add a decision. */
export const enterUserCode = (
  user: TestUser,
  user_code: string,
  fields: Record<string, string> = {},
): Promise<Response> =>
  sendForm("/device", { user_code, ...fields }, { cookie: user.cookie, ...uniqueClientAddress() });

/** Has a user allow a device; `fields` override those of the form. */
export const allowDevice = (
  user: TestUser,
  { user_code }: Pick<DeviceAuthorization, "user_code">,
  fields: Record<string, string> = {},
): Promise<Response> =>
  enterUserCode(user, user_code, { decision: "allow", duration: "year", ...fields });

/** Goes through the whole device flow. */
export async function obtainDeviceTokens(user: TestUser, scope = "notes:rw"): Promise<Tokens> {
  const device = await startDevice({ scope });
  await allowDevice(user, device);
  return parseTokens(await pollDevice(device));
}
