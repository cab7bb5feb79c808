/** The frame of the pages of administration, and what several of them are made of. */

import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { settings } from "../../env";
import type { Answer, AppContext } from "../../http/context";
import { formatBytes } from "../../ui/format";
import { PageLinks, page } from "../../ui/layout";
import { languageOf, wordsOf } from "../../ui/locale";
import { WORDS } from "../messages";

interface AdminPage {
  title: string;
  status?: ContentfulStatusCode;
  scripts?: string[];
  once?: boolean;
}

/** A page of administration. `body` comes after the way to the other ones. */
export function adminPage(c: AppContext, options: AdminPage, body: Child): Answer {
  const { nav, title } = wordsOf(c, WORDS);
  return page(
    c,
    { ...options, person: c.var.session.account },
    <>
      <nav aria-label={title} class="row">
        <PageLinks c={c} pages={Object.entries(nav)} />
      </nav>
      {body}
    </>,
  );
}

/** The field of a quota, which may be left empty. */
export const QuotaField = ({ c, value }: { c: AppContext; value: string }) => {
  const words = wordsOf(c, WORDS);
  const usual = formatBytes(languageOf(c), settings(c.env).DEFAULT_QUOTA_BYTES);
  return (
    <div class="field">
      <label for="quota">{words.quotaField}</label>
      <input id="quota" name="quota" value={value} maxlength={30} aria-describedby="quota-hint" />
      <small id="quota-hint">{words.quotaHint(usual)}</small>
    </div>
  );
};
