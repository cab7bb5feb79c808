/** Routes of a document's versions: /versions/<path>. */

import { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { recordDailyActivity } from "../../accounts/activity";
import { requireSignIn } from "../../accounts/middleware";
import { formatPath, type NodePath, parseNodePath } from "../../core/path";
import type { Refusal } from "../../core/refusals";
import { moduleOf } from "../../core/scope";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { limitOwnDocuments } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { errorPage, notFoundPage, rateLimitedPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { loadPage } from "../../ui/paging";
import { type DocumentHistory, loadDocumentHistory } from "../document-versions";
import { VERSION_MESSAGES } from "../messages";
import { type VersionsNote, versionsPage } from "../pages/versions";
import { versionsPath } from "../paths";
import { restoreVersion } from "../restore-version";
import { compareVersions, downloadVersion, showVersion } from "./version";

export const documentVersionsRoutes = new Hono<{ Bindings: Env }>();

/** Without a query the list; with one version that version; with two, their comparison. */
documentVersionsRoutes.get("/versions/*", requireSignIn, async (c): Promise<HandlerResponse> => {
  const { account } = c.var.session;
  const node = requestedDocument(c);
  if (node === null) return notFoundPage(c);
  const limited = rateLimitedPage(c, limitOwnDocuments(c.env, account.id, Date.now()));
  if (limited) return limited;
  const history = await loadDocumentHistory(c.env, account, node);
  if (history.current === null && history.versions.length === 0) {
    return errorPage(c, 404, messagesFor(c, VERSION_MESSAGES).versions.notFound);
  }
  const chosen = c.req.queries("version") ?? [];
  const isComparison = c.req.query("compare") !== undefined || chosen.length > 1;
  if (chosen.length === 0 && !isComparison) return listVersions(c, history);
  if (isComparison && chosen.length !== 2) return listVersions(c, history, "choose-two");
  const versions = chosen.flatMap((id) => history.versions.filter(({ version }) => version === id));
  const [first, second] = versions;
  if (first === undefined || versions.length < chosen.length) return versionGone(c, history);
  const response =
    second !== undefined
      ? await compareVersions(c, node, history, [first, second])
      : c.req.query("download") === undefined
        ? await showVersion(c, node, history, first)
        : await downloadVersion(c, node, first);
  return response ?? versionGone(c, history);
});

/** Restores a version, if the current one is still the one that the user has seen. */
documentVersionsRoutes.post("/versions/*", requireSignIn, async (c): Promise<HandlerResponse> => {
  const { account } = c.var.session;
  const node = requestedDocument(c);
  if (node === null) return notFoundPage(c);
  const form = await readForm(c);
  const request = { version: form.get("version") ?? "", expected: form.get("expected") || null };
  const outcome = await restoreVersion(c.env, account, node, request, () => Date.now());
  if (!outcome.ok) return restoreRefused(c, versionsPath(formatPath(node)), outcome.refusal);
  const event = { kind: "files-edited", module: moduleOf(node) ?? "/" } as const;
  await recordDailyActivity(c.env.DB, account.id, event, Date.now());
  return c.redirect(`${versionsPath(formatPath(node))}?restored`, 303);
});

function requestedDocument(c: HonoContext): NodePath | null {
  const { pathname } = new URL(c.req.url);
  const parsed = parseNodePath(pathname.slice("/versions".length));
  return parsed.ok && parsed.value.kind === "document" ? parsed.value : null;
}

async function listVersions(
  c: HonoContext,
  history: DocumentHistory,
  note: VersionsNote = null,
): Promise<HandlerResponse> {
  const load = async (after: string, limit: number) => {
    const start = history.versions.findIndex(({ version }) => version === after) + 1;
    return history.versions.slice(start, start + limit);
  };
  const page = await loadPage(c, load, ({ version }) => version);
  const isRestored = note === null && c.req.query("restored") !== undefined;
  return versionsPage(c, c.var.session.account, history, page, isRestored ? "restored" : note);
}

function versionGone(c: HonoContext, { path }: DocumentHistory): HandlerResponse {
  const { versionGone: message, backToVersions } = messagesFor(c, VERSION_MESSAGES).versions;
  return errorPage(c, 404, message, { href: versionsPath(path), text: backToVersions });
}

function restoreRefused(c: HonoContext, href: string, refusal: Refusal): HandlerResponse {
  const { refusals, versions } = messagesFor(c, VERSION_MESSAGES);
  const { title, ...sentences } = refusals;
  const sentence = (sentences as Record<string, string>)[refusal.code] ?? refusal.message;
  const status = refusalResponse(refusal).status as ContentfulStatusCode;
  return errorPage(c, status, { title, sentence }, { href, text: versions.backToVersions });
}
