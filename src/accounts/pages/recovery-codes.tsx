/** Recovery codes: their section on /security, and the pages that create and show them. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { CopyButton } from "../../ui/copy-button";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { UI_MESSAGES } from "../../ui/messages";
import type { SignInMethods } from "../accounts";
import { ACCOUNT_MESSAGES } from "../messages";
import { RECOVERY_CODE_COUNT } from "../recovery-codes";
import type { AccountRefusal } from "../refusals";
import { securityFormPage } from "./security-form";

/** Says how many codes are left, with a link to create new ones. */
export const RecoveryCodesSection = ({ c, count }: { c: HonoContext; count: number }) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security.codes;
  return (
    <section>
      <h2>{messages.title}</h2>
      <p class="muted">{messages.about}</p>
      <p>{messages.left(count)}</p>
      <p>
        <a class="button secondary" href="/security/recovery-codes">
          {messages.create}
        </a>
      </p>
    </section>
  );
};

/** Explains recovery codes, with the button that creates them. */
export function createRecoveryCodesPage(
  c: HonoContext,
  { recoveryCodes }: SignInMethods,
  refusal?: AccountRefusal,
): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).codes;
  return securityFormPage(
    c,
    { title: messages.title, refusal },
    <>
      <p>{messages.about(RECOVERY_CODE_COUNT)}</p>
      {recoveryCodes > 0 ? <p class="warning">{messages.replaces}</p> : null}
      <p>
        <button type="submit">{messages.button(RECOVERY_CODE_COUNT)}</button>
      </p>
    </>,
  );
}

/** Shows new codes, once. */
export function recoveryCodesPage(c: HonoContext, codes: string[]): HandlerResponse {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).codes;
  const { account } = c.var.session;
  const origins = resolveOrigins(c.req.url, settings(c.env));
  return renderPage(
    c,
    {
      title: messages.created,
      user: account,
      scripts: ["/copy.js", "/print.js"],
      isShownOnce: true,
    },
    <section>
      <h1>{messages.created}</h1>
      <p>{messages.for(userAddress(origins, account.name), `${origins.pages}/recover`)}</p>
      <ul class="codes" id="codes">
        {codes.map((code) => (
          <li>
            {code}
            {"\n"}
          </li>
        ))}
      </ul>
      <p class="warning">{messages.once}</p>
      <p class="row no-print">
        <button type="button" class="secondary" data-print hidden>
          {messagesFor(c, UI_MESSAGES).print}
        </button>
        <CopyButton c={c} id="codes" />
        <a class="button" href="/security">
          {messages.done}
        </a>
      </p>
    </section>,
  );
}
