/** The security page: all sign-in methods and the active sessions. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import type { SignInMethods } from "../accounts";
import type { Passkey } from "../db/passkeys";
import type { BrowserSessionRow } from "../db/sessions";
import { ACCOUNT_MESSAGES } from "../messages";
import { rememberedNext } from "../next-cookie";
import { canSendEmail } from "../send-email";
import { EmailSection } from "./email";
import { PasskeysSection } from "./passkeys";
import { PasswordSection } from "./password";
import { RecoveryCodesSection } from "./recovery-codes";
import { SessionsSection } from "./sessions";

interface SecurityPageProps {
  methods: SignInMethods;
  passkeys: Passkey[];
  sessions: BrowserSessionRow[];
}

/** Shows a section for each sign-in method, and one for the sessions. */
export function securityPage(
  c: HonoContext,
  { methods, passkeys, sessions }: SecurityPageProps,
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security;
  return renderPage(
    c,
    { title: messages.title, user: c.var.session.account },
    <>
      <section>
        <h1>{messages.title}</h1>
        <StatusMessage c={c} />
        {rememberedNext(c) === null ? null : (
          <p>
            <a class="button secondary" href="/recover/continue">
              {messages.continue}
            </a>
          </p>
        )}
        <PasskeysSection c={c} passkeys={passkeys} />
      </section>
      <PasswordSection c={c} methods={methods} />
      <RecoveryCodesSection c={c} count={methods.recoveryCodes} />
      {canSendEmail(c.env) ? <EmailSection c={c} email={methods.email} /> : null}
      <SessionsSection c={c} sessions={sessions} />
    </>,
  );
}

/** Says what to do after signing in with a recovery code or a link; or what was done, after a form. */
const StatusMessage = ({ c }: { c: HonoContext }) => {
  const { recovered, reviewApps, done } = messagesFor(c, ACCOUNT_MESSAGES).security;
  const after = c.req.query("after") ?? "";
  if (Object.hasOwn(recovered, after)) {
    return (
      <p class="warning" role="status">
        {recovered[after]}
        {after === "reset" ? (
          <>
            {" "}
            <SentenceWithLink parts={reviewApps} href="/apps" />
          </>
        ) : null}
      </p>
    );
  }
  return Object.hasOwn(done, after) ? (
    <p class="note" role="status">
      {done[after as keyof typeof done]}
    </p>
  ) : null;
};
