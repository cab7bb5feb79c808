/** The layout of the pages below /security: a form and a link back. */

import type { Child } from "hono/jsx";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { ACCOUNT_MESSAGES } from "../messages";
import { refusalOptions } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { RefusalMessage } from "./fields";

interface SecurityFormOptions {
  title: string;
  refusal?: AccountRefusal | undefined;
  scripts?: string[];
}

/** A page with one form, and a link back to /security. */
export function securityFormPage(
  c: HonoContext,
  { title, refusal, scripts }: SecurityFormOptions,
  body: Child,
): HandlerResponse {
  return renderPage(
    c,
    {
      title,
      user: c.var.session.account,
      ...(scripts ? { scripts } : {}),
      ...refusalOptions(refusal),
    },
    <form method="post" class="card">
      <h1>{title}</h1>
      <RefusalMessage c={c} refusal={refusal} />
      {body}
      <p class="muted">
        <a href="/security">{messagesFor(c, ACCOUNT_MESSAGES).back}</a>
      </p>
    </form>,
  );
}

/** A page that asks before a sign-in method is removed. */
export function confirmRemovalPage(
  c: HonoContext,
  { title, text, button }: { title: string; text: string; button: string },
  refusal?: AccountRefusal,
): HandlerResponse {
  return securityFormPage(
    c,
    { title, refusal },
    <>
      <p>{text}</p>
      <p>
        <button type="submit" class="danger">
          {button}
        </button>
      </p>
    </>,
  );
}
