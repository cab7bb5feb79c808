/** The frame of the pages of administration, and what several of them are made of. */

import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { formatBytes } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { NavLinks, renderPage } from "../../ui/layout";
import { ADMIN_MESSAGES } from "../messages";

interface AdminPage {
  title: string;
  status?: ContentfulStatusCode;
  scripts?: string[];
  once?: boolean;
}

/** A page of administration. `body` comes after the way to the other ones. */
export function adminPage(c: HonoContext, options: AdminPage, body: Child): HandlerResponse {
  const { nav, title } = messagesFor(c, ADMIN_MESSAGES);
  return renderPage(
    c,
    { ...options, person: c.var.session.account },
    <>
      <nav aria-label={title} class="row">
        <NavLinks c={c} pages={Object.entries(nav)} />
      </nav>
      {body}
    </>,
  );
}

/** The field of a quota, which may be left empty. */
export const QuotaField = ({ c, value }: { c: HonoContext; value: string }) => {
  const words = messagesFor(c, ADMIN_MESSAGES);
  const usual = formatBytes(languageOf(c), settings(c.env).DEFAULT_QUOTA_BYTES);
  return (
    <div class="field">
      <label for="quota">{words.quotaField}</label>
      <input id="quota" name="quota" value={value} maxlength={30} aria-describedby="quota-hint" />
      <small id="quota-hint">{words.quotaHint(usual)}</small>
    </div>
  );
};
