/** The forms by which people come and go. */

import { mainText } from "./html";
import { PASSWORD, send, sendForm } from "./provider";

let addresses = 0;

/** From an address of its own, as tries are limited by address. */
export const uniqueClientAddress = (): Record<string, string> => ({
  "CF-Connecting-IP": `2001:db8:1:${(++addresses).toString(16)}::1`,
});

export const submitSignUp = (name: string, password = PASSWORD): Promise<Response> =>
  sendForm("/sign-up", { name, password }, uniqueClientAddress());

export const submitSignIn = (
  name: string,
  password = PASSWORD,
  headers: Record<string, string> = {},
): Promise<Response> =>
  sendForm("/sign-in", { name, password }, { ...uniqueClientAddress(), ...headers });

/** Who a browser with this cookie is signed in as, as the home page says; "" for nobody. */
export async function signedInUser(cookie: string): Promise<string> {
  const html = await (await send("/", { headers: { Cookie: cookie } })).text();
  return /([\w-]+)@satchel\.example/.exec(mainText(html))?.[1] ?? "";
}
