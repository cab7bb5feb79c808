/** The layout of the administration pages, and the quota field that two of them share. */

import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { formatBytes } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { SectionMenu } from "../../ui/navigation";
import { ADMIN_MESSAGES } from "../messages";

interface AdminPageOptions {
  title: string;
  status?: ContentfulStatusCode;
  scripts?: string[];
  /** Whether the page shows a secret, and so cannot be loaded anew. */
  isShownOnce?: boolean;
}

/** Renders an administration page: links to the others, then `body`. */
export function adminPage(c: HonoContext, options: AdminPageOptions, body: Child): HandlerResponse {
  const { nav, title } = messagesFor(c, ADMIN_MESSAGES);
  return renderPage(
    c,
    { ...options, user: c.var.session.account },
    <>
      <SectionMenu c={c} title={title} pages={nav} />
      {body}
    </>,
  );
}

/** The form field for a quota, empty for the default. */
export const QuotaField = ({ c, value }: { c: HonoContext; value: string }) => {
  const messages = messagesFor(c, ADMIN_MESSAGES);
  const defaultQuota = formatBytes(languageOf(c), settings(c.env).DEFAULT_QUOTA_BYTES);
  return (
    <div class="field">
      <label for="quota">{messages.quotaField}</label>
      <input id="quota" name="quota" value={value} maxlength={30} aria-describedby="quota-hint" />
      <small id="quota-hint">{messages.quotaHint(defaultQuota)}</small>
    </div>
  );
};
