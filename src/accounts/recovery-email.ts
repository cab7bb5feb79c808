/** Sends the emails with one-time links: to recover a sign-in, and to confirm an address. */

import { parseUserName } from "../core/names";
import { HOUR_MS } from "../core/time";
import type { Env } from "../env";
import { type Origins, userAddress } from "../http/hosts";
import { loadConfirmedEmail } from "./db/email";
import { createEmailLink, EMAIL_LINK_HOURS } from "./links";
import type { ACCOUNT_MESSAGES } from "./messages";
import { type AccountOutcome, refuseWith } from "./refusals";
import { sendEmail } from "./send-email";

type EmailMessages = (typeof ACCOUNT_MESSAGES)["en"]["mail"];

/** Sends a sign-in link to the user with this name, if they have confirmed an address. */
export async function sendRecoveryEmail(
  env: Env,
  origins: Origins,
  messages: EmailMessages,
  rawName: string,
  now: number,
): Promise<void> {
  const name = parseUserName(rawName);
  const account = name === null ? null : await loadConfirmedEmail(env.DB, name);
  if (name === null || account === null) return;
  const path = await createEmailLink(env, "recover", account, now);
  if (path === null) return;
  await sendLinkEmail(env, origins, messages.recover, { name, to: account.email, path }, now);
}

/**
 * Sends the link that confirms an address to that address. Refuses with `too-many-emails` if the user has been
 * sent as many as there may be at a time.
 */
export async function sendConfirmationEmail(
  env: Env,
  origins: Origins,
  messages: EmailMessages,
  { id, name, email }: { id: string; name: string; email: string },
  now: number,
): Promise<AccountOutcome> {
  const path = await createEmailLink(env, "email", { id, email }, now);
  if (path === null) {
    const retryAfterSeconds = (EMAIL_LINK_HOURS * HOUR_MS) / 1000;
    return refuseWith({ code: "too-many-emails", retryAfterSeconds });
  }
  await sendLinkEmail(env, origins, messages.email, { name, to: email, path }, now);
  return { ok: true };
}

function sendLinkEmail(
  env: Env,
  origins: Origins,
  { subject, text }: EmailMessages["recover"],
  { name, to, path }: { name: string; to: string; path: string },
  now: number,
): Promise<void> {
  const email = {
    to,
    subject: subject(new URL(origins.pages).host),
    text: text(userAddress(origins, name), origins.pages + path, EMAIL_LINK_HOURS),
  };
  return sendEmail(env, email, now);
}
