/** The password: its section on /security, and the pages that set and remove it. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import type { SignInMethods } from "../accounts";
import { ACCOUNT_MESSAGES } from "../messages";
import type { AccountRefusal } from "../refusals";
import { HiddenUsernameField, PasswordField } from "./fields";
import { confirmRemovalPage, securityFormPage } from "./security-form";

interface PasswordSectionProps {
  c: HonoContext;
  methods: SignInMethods;
}

/** Says whether there is a password, with links to set, change or remove it. */
export const PasswordSection = ({ c, methods }: PasswordSectionProps) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security.password;
  const { hasPassword } = methods;
  const hasPasskey = methods.passkeys > 0;
  const withoutPassword = hasPasskey ? messages.notNeeded : messages.none;
  return (
    <section>
      <h2>{messages.title}</h2>
      <p>{hasPassword ? messages.isSet : withoutPassword}</p>
      <p class="row">
        <a class="button secondary" href="/security/password">
          {hasPassword ? messages.change : messages.set}
        </a>
        {hasPassword && hasPasskey ? (
          <a class="button secondary" href="/security/password/remove">
            {messages.remove}
          </a>
        ) : null}
      </p>
    </section>
  );
};

/** Asks for a new password, or the first one. */
export function passwordPage(
  c: HonoContext,
  { hasPassword }: SignInMethods,
  refusal?: AccountRefusal,
): HandlerResponse {
  const { newPassword, passwordRule } = messagesFor(c, ACCOUNT_MESSAGES);
  return securityFormPage(
    c,
    { title: hasPassword ? newPassword.change : newPassword.set, refusal },
    <>
      <HiddenUsernameField name={c.var.session.account.name} />
      <PasswordField label={newPassword.label} autocomplete="new-password" rule={passwordRule} />
      <p>
        <button type="submit">{newPassword.button}</button>
      </p>
      <p class="muted">{newPassword.effect}</p>
    </>,
  );
}

/** Asks before the password is removed. */
export const removePasswordPage = (c: HonoContext, refusal?: AccountRefusal): HandlerResponse =>
  confirmRemovalPage(c, messagesFor(c, ACCOUNT_MESSAGES).newPassword.remove, refusal);
