/** What whoever opens the set-up link is asked. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { ADMIN_MESSAGES } from "../messages";

/** Asks before the account becomes one of an administrator. */
export function questionPage(c: HonoContext, account: Account): HandlerResponse {
  const { setUp: words } = messagesFor(c, ADMIN_MESSAGES);
  return renderPage(
    c,
    { title: words.title, person: account },
    <ConfirmForm
      c={c}
      title={words.question(account.name)}
      text={words.text}
      button={words.button(account.name)}
      back="/"
    />,
  );
}

/** For who is not signed in: with which account they want to go on. */
export function strangerPage(c: HonoContext, secret: string): HandlerResponse {
  const { setUp: words } = messagesFor(c, ADMIN_MESSAGES);
  const signUp = new URLSearchParams({ invitation: secret, next: "/admin" });
  const signIn = new URLSearchParams({ next: `/set-up/${secret}` });
  return renderPage(
    c,
    { title: words.title },
    <section>
      <h1>{words.title}</h1>
      <p>{words.stranger}</p>
      <p class="row">
        <a class="button" href={`/sign-up?${signUp}`}>
          {words.signUp}
        </a>
        <a class="button quiet" href={`/sign-in?${signIn}`}>
          {words.signIn}
        </a>
      </p>
    </section>,
  );
}
