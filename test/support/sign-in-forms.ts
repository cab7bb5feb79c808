/** The forms for sign-up and sign-in. */

import { mainText } from "./html";
import { PASSWORD, send, sendForm } from "./provider";

/** Files share a runtime, and so what it has counted for an address. */
const FILE = crypto.randomUUID().slice(0, 4);

let usedAddresses = 0;

/** Headers with a client address of its own, because attempts are limited by address. */
export const uniqueClientAddress = (): Record<string, string> => ({
  "CF-Connecting-IP": `2001:db8:${FILE}:${(++usedAddresses).toString(16)}::1`,
});

/** Submits the sign-up form. */
export const submitSignUp = (name: string, password = PASSWORD): Promise<Response> =>
  sendForm("/sign-up", { name, password }, uniqueClientAddress());

/** Submits the sign-in form. */
export const submitSignIn = (
  name: string,
  password = PASSWORD,
  headers: Record<string, string> = {},
): Promise<Response> =>
  sendForm("/sign-in", { name, password }, { ...uniqueClientAddress(), ...headers });

/** The user that a browser with this cookie is signed in as, from the home page; "" if none. */
export async function signedInUser(cookie: string): Promise<string> {
  const html = await (await send("/", { headers: { Cookie: cookie } })).text();
  return /([\w-]+)@satchel\.example/.exec(mainText(html))?.[1] ?? "";
}
