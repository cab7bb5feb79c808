/** What the scripts of these pages need: their texts, and where the storage is. */

import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { batchUrl, databasesUrl, quotaUrl, resolveOrigins, storageRoot } from "../../http/hosts";
import { languageOf, messagesFor } from "../../ui/language";
import { TRANSFER_MESSAGES } from "../messages";

/** The attributes of the element that a script is about, with the texts of that page. */
export function scriptData(c: HonoContext, texts: object): Record<string, string> {
  const { scripts } = messagesFor(c, TRANSFER_MESSAGES);
  return {
    "data-texts": JSON.stringify({ ...scripts, ...texts }),
    "data-language": languageOf(c),
    "data-urls": JSON.stringify(storageUrls(c)),
  };
}

/**
 * The URLs of the user's storage. On the origin of the pages they are paths: a proxy may have ended TLS, so
 * only the browser knows that origin.
 */
function storageUrls(c: HonoContext): Record<"root" | "quota" | "databases" | "batch", string> {
  const { name } = c.var.session.account;
  const { STORAGE_ORIGIN } = settings(c.env);
  const { storage } = resolveOrigins(c.req.url, settings(c.env));
  const origins = { pages: "", storage: STORAGE_ORIGIN === null ? "" : storage };
  return {
    root: storageRoot(origins, name),
    quota: quotaUrl(origins, name),
    databases: databasesUrl(origins, name),
    batch: batchUrl(origins, name),
  };
}

/** Says that the page does nothing without JavaScript. */
export const NoScript = ({ c }: { c: HonoContext }) => (
  <noscript>
    <p class="warning">{messagesFor(c, TRANSFER_MESSAGES).needsScript}</p>
  </noscript>
);
