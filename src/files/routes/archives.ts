/** Downloads of folders and of chosen items as ZIP archives. */

import { recordActivity } from "../../accounts/activity";
import { formatPath, type NodePath } from "../../core/path";
import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import type { DocumentListing } from "../../storage/browse";
import { maxPartDocuments, streamArchive } from "../../storage/export/export";
import {
  listChosenDocuments,
  listPartDocuments,
  listSubtreeParts,
} from "../../storage/export/subtree-export";
import { readPaths } from "../../tasks/task-form";
import { filePagePath } from "../../tasks/task-paths";
import { errorPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { attachment } from "../attachment";
import { FILES_MESSAGES } from "../messages";
import { folderPartsPage } from "../pages/parts";
import { parseRowPosition } from "../queries";

/** Lists the parts in which a folder can be downloaded, some at a time. */
export async function showFolderParts(c: HonoContext, node: NodePath): Promise<Response> {
  const after = parseRowPosition(c.req.query("after"));
  const list = await listSubtreeParts(c.env, c.var.session.account.id, node, after);
  const [before = "0"] = /^\d{1,6}$/.exec(c.req.query("before") ?? "") ?? [];
  return folderPartsPage({ c, node, list, before: Number(before) });
}

/** Sends a folder, or a part of it, as an archive. */
export async function downloadFolder(
  c: HonoContext,
  node: NodePath,
  now: number,
): Promise<Response> {
  const part = {
    after: parseRowPosition(c.req.query("after")),
    until: parseRowPosition(c.req.query("until")),
  };
  if (c.req.method === "HEAD") return archiveResponse(c, node, null, now);
  const documents = await listPartDocuments(c.env, c.var.session.account.id, node, part);
  if (documents !== null) return archiveResponse(c, node, documents, now);
  const messages = messagesFor(c, FILES_MESSAGES).archive;
  return errorPage(c, 409, messages.changed, { href: "?view=parts", text: messages.listAgain });
}

/** Sends the chosen items of a folder as an archive: the fields `path` of the form. */
export async function downloadChosen(
  c: HonoContext,
  node: NodePath,
  now: number,
): Promise<Response> {
  const messages = messagesFor(c, FILES_MESSAGES).archive;
  const back = { href: filePagePath(formatPath(node)), text: messages.back };
  const chosen = readPaths(await readForm(c));
  if ("problem" in chosen) return errorPage(c, 422, messages.nothing, back);
  const documents = await listChosenDocuments(c.env, c.var.session.account.id, chosen.value);
  if (documents !== null) return archiveResponse(c, node, documents, now);
  const { title, sentence } = messages.tooMany;
  const limit = formatCount(languageOf(c), maxPartDocuments(c.env));
  return errorPage(c, 422, { title, sentence: sentence(limit) }, back);
}

/** The archive of the documents; without a body if they are null. Records the download. */
async function archiveResponse(
  c: HonoContext,
  node: NodePath,
  documents: DocumentListing[] | null,
  now: number,
): Promise<Response> {
  const { account } = c.var.session;
  const headers = {
    "Content-Type": "application/zip",
    "Content-Disposition": attachment(archiveFilename(c, node, now)),
  };
  if (documents === null) return c.body(null, 200, headers);
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  const archive = streamArchive(c.env, account.id, documents, { address, exportedAt: now });
  await recordActivity(c.env.DB, account.id, { kind: "export" }, now);
  return c.body(archive, 200, headers);
}

/** Contains the number of the part, if there is one, so that parts do not overwrite each other. */
function archiveFilename(c: HonoContext, node: NodePath, now: number): string {
  const name = formatPath(node) === "/" ? `satchel-${c.var.session.account.name}` : node.name;
  const day = new Date(now).toISOString().slice(0, 10);
  const [part] = /^\d{1,6}$/.exec(c.req.query("part") ?? "") ?? [];
  return `${name.replace(/\/$/, "")}-${day}${part === undefined ? "" : `-part-${part}`}.zip`;
}
