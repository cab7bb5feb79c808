/** Sends email as the setting MAIL says: by Cloudflare, or to a page on this computer. */

import { type Env, settings } from "../env";
import { withCallTimeout } from "../platform/retry";

/** An email in plain text. */
export interface Email {
  to: string;
  subject: string;
  text: string;
}

/** The most emails that the page on this computer shows. */
const MAX_LOCAL_EMAILS = 50;

/** The emails sent with MAIL = "local", newest first; kept only in the memory of this isolate. */
const localEmails: (Email & { at: number })[] = [];

/** Whether this provider can send email. */
export const canSendEmail = (env: Env): boolean => settings(env).MAIL !== "none";

/** Sends once, without a retry: an email may have been sent although the answer was lost. */
export async function sendEmail(env: Env, email: Email, now: number): Promise<void> {
  const { MAIL, MAIL_FROM } = settings(env);
  if (MAIL === "local") {
    localEmails.unshift({ ...email, at: now });
    localEmails.length = Math.min(localEmails.length, MAX_LOCAL_EMAILS);
  }
  if (MAIL === "cloudflare") {
    if (!env.MAILER) throw new Error('MAIL is "cloudflare", but the binding MAILER is missing.');
    await withCallTimeout(env.MAILER.send({ from: MAIL_FROM, ...email }));
  }
}

/** The emails sent with MAIL = "local", newest first. */
export const listLocalEmails = (): readonly (Email & { at: number })[] => localEmails;

/**
 * Returns the address as entered, or null if it cannot be one. Whether it exists, only an email to it
 * can show.
 */
export function parseEmail(raw: string): string | null {
  const email = raw.trim();
  const isAddress = /^[^@\s\p{C}<>(),;:"\\]+@[^@\s\p{C}<>(),;:"\\]+$/u.test(email);
  return isAddress && email.length <= 254 ? email : null;
}
