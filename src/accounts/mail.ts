/** Sending mail, as MAIL says: by Cloudflare, or onto a page of this computer. */

import { type Env, settings } from "../env";
import { withCallTimeout } from "../platform/retry";

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Mail that the page of this computer keeps. */
const MAX_KEPT = 50;

/** With MAIL = "local", the newest first: only in the memory of this isolate. */
const kept: (Mail & { at: number })[] = [];

/** Whether this provider sends mail. */
export const sendsMail = (env: Env): boolean => settings(env).MAIL !== "none";

/** Sends once: nobody knows of a mail whose answer got lost whether it is on its way. */
export async function sendMail(env: Env, mail: Mail, now: number): Promise<void> {
  const { MAIL, MAIL_FROM } = settings(env);
  if (MAIL === "local") {
    kept.unshift({ ...mail, at: now });
    kept.length = Math.min(kept.length, MAX_KEPT);
  }
  if (MAIL === "cloudflare") {
    if (!env.MAILER) throw new Error("MAIL is cloudflare, but there is no binding MAILER.");
    await withCallTimeout(env.MAILER.send({ from: MAIL_FROM, ...mail }));
  }
}

/** What was sent with MAIL = "local", the newest first. */
export const sentMail = (): readonly (Mail & { at: number })[] => kept;

/** The address as it was typed, or null if it cannot be one; deliverable or not, mail will tell. */
export function parseEmail(raw: string): string | null {
  const email = raw.trim();
  return email.length <= 254 && /^[^@\s<>(),;:"\\]+@[^@\s<>(),;:"\\]+$/.test(email) ? email : null;
}
