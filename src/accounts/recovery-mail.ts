/** Sends the mails with links: to sign in again, and to confirm an address. */

import { parseUserName } from "../core/names";
import type { Env } from "../env";
import { type Origins, userAddress } from "../http/hosts";
import { loadConfirmedEmail } from "./db/email";
import { createMailLink, MAIL_LINK_HOURS } from "./links";
import { sendMail } from "./mail";
import type { ACCOUNT_MESSAGES } from "./messages";

type MailMessages = (typeof ACCOUNT_MESSAGES)["en"]["mail"];

/** Sends a link to sign in with to the user of this name, if they have confirmed an address. */
export async function sendRecoveryMail(
  env: Env,
  origins: Origins,
  messages: MailMessages,
  rawName: string,
  now: number,
): Promise<void> {
  const name = parseUserName(rawName);
  const account = name === null ? null : await loadConfirmedEmail(env.DB, name);
  if (name === null || account === null) return;
  const path = await createMailLink(env, "recover", account, now);
  if (path === null) return;
  await sendLinkMail(env, origins, messages.recover, { name, to: account.email, path }, now);
}

/** Sends the link that confirms an address to that address. */
export async function sendConfirmationMail(
  env: Env,
  origins: Origins,
  messages: MailMessages,
  { id, name, email }: { id: string; name: string; email: string },
  now: number,
): Promise<void> {
  const path = await createMailLink(env, "email", { id, email }, now);
  if (path !== null)
    await sendLinkMail(env, origins, messages.email, { name, to: email, path }, now);
}

function sendLinkMail(
  env: Env,
  origins: Origins,
  { subject, text }: MailMessages["recover"],
  { name, to, path }: { name: string; to: string; path: string },
  now: number,
): Promise<void> {
  const mail = {
    to,
    subject: subject(new URL(origins.pages).host),
    text: text(userAddress(origins, name), origins.pages + path, MAIL_LINK_HOURS),
  };
  return sendMail(env, mail, now);
}
