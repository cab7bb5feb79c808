/** Editing a text: the form, and saving it with If-Match. */

import { recordDailyActivity } from "../../accounts/activity";
import { type SignInRefusal, signInRefusalResponse } from "../../accounts/middleware";
import type { Precondition } from "../../core/etag";
import { countAncestors, formatPath, type NodePath } from "../../core/path";
import type { Outcome, Refusal } from "../../core/refusals";
import { moduleOf } from "../../core/scope";
import type { HonoContext } from "../../http/context";
import { limitAnonymous, limitOwnFolders } from "../../http/rate-limits";
import { logWarning } from "../../platform/log";
import { loadOwnDocument } from "../../storage/browse";
import type { CommitResult } from "../../storage/commit";
import { type DocumentRow, putDocument } from "../../storage/documents";
import { filePagePath } from "../../tasks/task-paths";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { UI_MESSAGES } from "../../ui/messages";
import { platformFailure } from "../../ui/platform-failure";
import { contentKind, isTextType } from "../content-kind";
import { FILES_MESSAGES } from "../messages";
import { documentNotFoundPage } from "../pages/document";
import { type EditedText, editPage, notEditablePage } from "../pages/edit";
import { formatEditedText, parseLineBreakName, readTextContent } from "../text-content";
import { checkFileForm } from "./checks";
import { readCurrent } from "./documents";

/** Of a document that is created anew, as its type was not that of a text. */
const PLAIN_TEXT = "text/plain; charset=utf-8";

/** Shows the form with a document's text. */
export async function showEditForm(c: HonoContext, node: NodePath): Promise<Response> {
  const found = await readCurrent(c, node, (row) => readTextContent(c.env, row, node));
  if (found === null) return documentNotFoundPage(c, node);
  const { row, value } = found;
  if (value.editable === null) return notEditablePage(c, node);
  return editPage({ c, node, edited: { ...value.editable, version: row.version, type: row.type } });
}

/**
 * Saves the text of the form if the document still has the version that the form was made from. Otherwise
 * shows what has been saved meanwhile. Whatever refuses the text, the page that says so has it in its form.
 */
async function saveText(c: HonoContext, node: NodePath, now: number): Promise<Response> {
  const { account } = c.var.session;
  const edited = parseEditedText(await readForm(c));
  const row = await loadOwnDocument(c.env, account.id, node);
  if ((row?.version ?? null) !== edited.version) return showConflict(c, node, edited);
  const type = row?.type ?? edited.type;
  if (!isTextType(type)) return notEditablePage(c, node);
  const messages = messagesFor(c, FILES_MESSAGES).edit;
  const problem = contentKind(type) === "json" ? jsonProblem(edited.text) : null;
  if (problem !== null) {
    return editPage({ c, node, edited, error: messages.invalidJson(problem), status: 422 });
  }
  const limited = limitOwnFolders(account.id, countAncestors(node), now);
  if (limited) return showRefusal(c, node, edited, limited);
  const saved = await putText(c, node, { ...edited, type });
  if (saved.ok) {
    recordEdit(c, node, now);
    return c.redirect(`${filePagePath(formatPath(node))}?saved`, 303);
  }
  if (saved.refusal.code === "precondition-failed") return showConflict(c, node, edited);
  return showRefusal(c, node, edited, saved.refusal);
}

/**
 * Handles the form: checks the sign-in, and saves the text. If the platform fails, the page that says so has the text in
 * its form, too.
 */
export async function receiveText(c: HonoContext, node: NodePath): Promise<Response> {
  try {
    const refusal = await checkFileForm(c);
    return await (refusal === null
      ? saveText(c, node, Date.now())
      : showRefusedText(c, node, refusal));
  } catch (error) {
    const failure = platformFailure(c, error, Date.now());
    if (failure === null || limitSignedOut(c)) throw error;
    const edited = parseEditedText(await readForm(c));
    return showRefusal(c, node, edited, failure.refusal, failure.sentence);
  }
}

/**
 * Shows the form with the text, which was not saved because the session has ended or a limit is exceeded. A client that
 * is not signed in is told so without the text, if it sends too many.
 */
async function showRefusedText(
  c: HonoContext,
  node: NodePath,
  refusal: SignInRefusal,
): Promise<Response> {
  const isSignedOut = refusal.code === "signed-out";
  if (limitSignedOut(c)) return signInRefusalResponse(c, refusal);
  const edited = parseEditedText(await readForm(c));
  return isSignedOut
    ? editPage({ c, node, edited, isSignedOut, status: 403 })
    : showRefusal(c, node, edited, refusal);
}

/** Whether the client has no session, as far as is known, and sends too many. */
const limitSignedOut = (c: HonoContext): boolean =>
  c.get("session") === undefined && limitAnonymous(c, Date.now()) !== null;

function parseEditedText(form: URLSearchParams): EditedText {
  const type = form.get("type") ?? "";
  return {
    text: (form.get("text") ?? "").replace(/\r\n|\r/g, "\n"),
    version: form.get("version") || null,
    type: isTextType(type) && /^[\x20-\x7e]{1,255}$/.test(type) ? type : PLAIN_TEXT,
    lineBreak: parseLineBreakName(form.get("line-break")),
  };
}

/** What is wrong with a text as JSON; null: nothing. */
function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function putText(
  c: HonoContext,
  node: NodePath,
  { text, version, type, lineBreak }: EditedText,
): Promise<Outcome<CommitResult>> {
  const { account } = c.var.session;
  const bytes = new TextEncoder().encode(formatEditedText(text, lineBreak));
  const body = new Response(bytes).body;
  const writer = { account: account.id, user: account.name, grant: null };
  const precondition: Precondition =
    version === null
      ? { noneMatch: { any: true, versions: [] } }
      : { match: { any: false, versions: [version] } };
  const put = { node, precondition, body, length: bytes.byteLength, type };
  return putDocument(c.env, writer, put, () => Date.now());
}

/** Records the edit in the activity log, which must not fail what has been saved. */
function recordEdit(c: HonoContext, node: NodePath, now: number): void {
  const event = { kind: "files-edited", module: moduleOf(node) ?? "" } as const;
  const recorded = recordDailyActivity(c.env.DB, c.var.session.account.id, event, now);
  c.executionCtx.waitUntil(
    recorded.catch((error) => logWarning("An edit was not recorded in the activity log.", error)),
  );
}

/** Shows the form with the current version to replace, and how that one differs from the text. */
async function showConflict(c: HonoContext, node: NodePath, edited: EditedText): Promise<Response> {
  const read = (row: DocumentRow) => readTextContent(c.env, row, node);
  const current = await readCurrent(c, node, read);
  const text = current?.value.editable?.text ?? null;
  const { conflict: error } = messagesFor(c, FILES_MESSAGES).edit;
  return editPage({
    c,
    node,
    edited: { ...edited, version: current?.row.version ?? null },
    error,
    conflict: { text },
    status: 409,
  });
}

/** Shows the form with the text and the reason; without a sentence for it, one by the refusal's code. */
function showRefusal(
  c: HonoContext,
  node: NodePath,
  edited: EditedText,
  refusal: Refusal,
  sentence?: string,
): Response | Promise<Response> {
  if ("retryAfterSeconds" in refusal) c.header("Retry-After", String(refusal.retryAfterSeconds));
  const error = sentence ?? refusalSentence(c, refusal);
  return editPage({ c, node, edited, error, status: statusOf(refusal) });
}

function refusalSentence(c: HonoContext, refusal: Refusal): string {
  if (refusal.code === "too-many-requests") {
    return messagesFor(c, UI_MESSAGES).rateLimited.sentence(refusal.retryAfterSeconds);
  }
  const { code } = refusal;
  const { refusals } = messagesFor(c, FILES_MESSAGES).edit;
  return code in refusals ? refusals[code as keyof typeof refusals] : refusals.other;
}

function statusOf({ code }: Refusal): 422 | 429 | 503 | 507 {
  switch (code) {
    case "too-many-requests":
      return 429;
    case "unavailable":
    case "unknown-outcome":
      return 503;
    case "over-quota":
      return 507;
    default:
      return 422;
  }
}
