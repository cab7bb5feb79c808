/** What whoever opens the set-up link is asked. */

import type { Account } from "../../accounts/accounts";
import type { Answer, AppContext } from "../../http/context";
import { QuestionForm } from "../../ui/confirm-form";
import { page } from "../../ui/layout";
import { wordsOf } from "../../ui/locale";
import { WORDS } from "../messages";

/** Asks before the account becomes one of an administrator. */
export function questionPage(c: AppContext, account: Account): Answer {
  const { setUp: words } = wordsOf(c, WORDS);
  return page(
    c,
    { title: words.title, person: account },
    <QuestionForm
      c={c}
      title={words.question(account.name)}
      text={words.text}
      button={words.button(account.name)}
      back="/"
    />,
  );
}

/** For who is not signed in: with which account they want to go on. */
export function strangerPage(c: AppContext, secret: string): Answer {
  const { setUp: words } = wordsOf(c, WORDS);
  const signUp = new URLSearchParams({ invitation: secret, next: "/admin" });
  const signIn = new URLSearchParams({ next: `/set-up/${secret}` });
  return page(
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
