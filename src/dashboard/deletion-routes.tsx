/** Deleting one's account: the question, the deed, and the good-bye. */

import { type Context, Hono } from "hono";
import type { Account } from "../accounts/accounts";
import { deleteAccount } from "../accounts/deletion";
import { requireProof, requireSignIn } from "../accounts/gates";
import { endSession } from "../accounts/sessions";
import type { Env } from "../env";
import { readForm } from "../http/form";
import { formatBytes, formatCount } from "../http/format";
import { languageOf, wordsOf } from "../http/language";
import { logFault } from "../http/log";
import { Problem, page } from "../http/page";
import { readUsage, type Usage } from "../storage/usage";
import { WORDS } from "./words";

type DeletionContext = Context<{ Bindings: Env }>;

export const deletionRoutes = new Hono<{ Bindings: Env }>();

deletionRoutes.get("/settings/delete", requireSignIn, requireProof, (c) =>
  answerQuestion(c, false),
);

deletionRoutes.post("/settings/delete", requireSignIn, requireProof, async (c) => {
  const { account } = c.var.session;
  const typed = (await readForm(c)).get("name") ?? "";
  if (typed.trim().toLowerCase() !== account.name) return answerQuestion(c, true);
  await deleteAccount(c.env, account, Date.now());
  // The session is gone already; a cookie that stays opens nothing.
  await endSession(c).catch((error) => logFault("A cookie was left.", error));
  return c.redirect("/deleted", 303);
});

deletionRoutes.get("/deleted", (c) => {
  const { title, sentence } = wordsOf(c, WORDS).deletion.done;
  return page(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p class="note">{sentence}</p>
    </section>,
  );
});

async function answerQuestion(c: DeletionContext, isWrong: boolean): Promise<Response> {
  const { account } = c.var.session;
  return questionPage(c, account, await readUsage(c.env, account.id), isWrong);
}

function questionPage(
  c: DeletionContext,
  account: Account,
  usage: Usage,
  isWrong: boolean,
): Response | Promise<Response> {
  const words = wordsOf(c, WORDS).deletion;
  const language = languageOf(c);
  const documents = formatCount(language, usage.documents);
  return page(
    c,
    { title: words.title, person: account, status: isWrong ? 400 : 200 },
    <form method="post" class="card">
      <h1>{words.title}</h1>
      {isWrong ? <Problem>{words.wrongName(account.name)}</Problem> : null}
      <p>{words.question}</p>
      <ul>
        {words.goes(documents, formatBytes(language, usage.usedBytes)).map((what) => (
          <li>{what}</li>
        ))}
      </ul>
      <p>{words.stays}</p>
      <p>
        {words.exportFirst} <a href="/data#export">{words.export}</a>
      </p>
      <div class="field">
        <label for="name">{words.typeName(account.name)}</label>
        <input id="name" name="name" autocomplete="off" autocapitalize="none" required />
      </div>
      <p class="row">
        <button type="submit" class="danger">
          {words.delete}
        </button>
        <a class="button quiet" href="/settings">
          {words.cancel}
        </a>
      </p>
    </form>,
  );
}
