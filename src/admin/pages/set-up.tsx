/** The pages of the set-up link, which makes an account the first administrator. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { ADMIN_MESSAGES } from "../messages";

/** Asks for confirmation before the account becomes an administrator. */
export function confirmSetUpPage(c: HonoContext, account: Account): HandlerResponse {
  const { setUp: messages } = messagesFor(c, ADMIN_MESSAGES);
  return renderPage(
    c,
    { title: messages.title, user: account },
    <ConfirmForm
      c={c}
      title={messages.confirm(account.name)}
      text={messages.text}
      submitText={messages.button(account.name)}
      cancelHref="/"
    />,
  );
}

/** Offers to sign up or to sign in. */
export function chooseAccountPage(c: HonoContext, secret: string): HandlerResponse {
  const { setUp: messages } = messagesFor(c, ADMIN_MESSAGES);
  const signUp = new URLSearchParams({ invitation: secret, next: "/admin" });
  const signIn = new URLSearchParams({ next: `/set-up/${secret}` });
  return renderPage(
    c,
    { title: messages.title },
    <section>
      <h1>{messages.title}</h1>
      <p>{messages.chooseAccount}</p>
      <p class="row">
        <a class="button" href={`/sign-up?${signUp}`}>
          {messages.signUp}
        </a>
        <a class="button secondary" href={`/sign-in?${signIn}`}>
          {messages.signIn}
        </a>
      </p>
    </section>,
  );
}
