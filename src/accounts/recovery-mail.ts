/** Mail by which somebody gets in again, or says where such mail may go. */

import { parseUserName } from "../core/names";
import type { Env } from "../env";
import { type Origins, userAddress } from "../http/hosts";
import { loadEmailOf } from "./db/email";
import { MAIL_LINK_HOURS, makeMailLink } from "./links";
import { sendMail } from "./mail";
import type { ACCOUNT_MESSAGES } from "./messages";

type Words = (typeof ACCOUNT_MESSAGES)["en"]["mail"];

/** Sends a link that lets in to whoever has this name, if they have confirmed an address. */
export async function mailRecovery(
  env: Env,
  origins: Origins,
  words: Words,
  rawName: string,
  now: number,
): Promise<void> {
  const name = parseUserName(rawName);
  const account = name === null ? null : await loadEmailOf(env.DB, name);
  if (name === null || account === null) return;
  const path = await makeMailLink(env, "recover", account, now);
  if (path !== null)
    await send(env, origins, words.recover, { name, to: account.email, path }, now);
}

/** Sends the link that confirms an address to it. */
export async function mailConfirmation(
  env: Env,
  origins: Origins,
  words: Words,
  { id, name, email }: { id: string; name: string; email: string },
  now: number,
): Promise<void> {
  const path = await makeMailLink(env, "email", { id, email }, now);
  if (path !== null) await send(env, origins, words.email, { name, to: email, path }, now);
}

function send(
  env: Env,
  origins: Origins,
  { subject, text }: Words["recover"],
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
