/** Sends mail as the setting MAIL says: by Cloudflare, or to a page on this computer. */

import { type Env, settings } from "../env";
import { withCallTimeout } from "../platform/retry";

/** A mail in plain text. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** How many mails the page on this computer shows at most. */
const MAX_LOCAL_MAILS = 50;

/** What was sent with MAIL = "local", newest first; kept only in the memory of this isolate. */
const localMail: (Mail & { at: number })[] = [];

/** Whether this provider can send mail. */
export const canSendMail = (env: Env): boolean => settings(env).MAIL !== "none";

/** Sends once, without a retry: a mail whose answer was lost may be on its way. */
export async function sendMail(env: Env, mail: Mail, now: number): Promise<void> {
  const { MAIL, MAIL_FROM } = settings(env);
  if (MAIL === "local") {
    localMail.unshift({ ...mail, at: now });
    localMail.length = Math.min(localMail.length, MAX_LOCAL_MAILS);
  }
  if (MAIL === "cloudflare") {
    if (!env.MAILER) throw new Error('MAIL is "cloudflare", but the binding MAILER is missing.');
    await withCallTimeout(env.MAILER.send({ from: MAIL_FROM, ...mail }));
  }
}

/** What was sent with MAIL = "local", newest first. */
export const listLocalMail = (): readonly (Mail & { at: number })[] => localMail;

/** Returns the address as entered, or null if it cannot be one. Only a mail shows if it is real. */
export function parseEmail(raw: string): string | null {
  const email = raw.trim();
  return email.length <= 254 && /^[^@\s<>(),;:"\\]+@[^@\s<>(),;:"\\]+$/.test(email) ? email : null;
}
