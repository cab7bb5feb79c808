/** GET of documents: their pages, and downloads. */

import type { NodePath } from "../../core/path";
import type { HonoContext } from "../../http/context";
import { refusalResponse } from "../../http/refusals";
import { bodyKey, readOriginalTime } from "../../storage/bodies";
import { serveBody } from "../../storage/body-response";
import { loadOwnDocument } from "../../storage/browse";
import type { DocumentRow } from "../../storage/documents";
import { retryWhileReplaced } from "../../storage/retry-replaced";
import { attachment } from "../attachment";
import { loadContent } from "../content";
import { documentNotFoundPage, documentPage } from "../pages/document";

/**
 * Reads a document with `read`, which returns null if the version is gone: then there is another one, or
 * none. Returns null if there is no document.
 */
export function readCurrent<T>(
  c: HonoContext,
  node: NodePath,
  read: (row: DocumentRow) => Promise<T | null>,
): Promise<{ row: DocumentRow; value: T } | null> {
  return retryWhileReplaced(async () => {
    const row = await loadOwnDocument(c.env, c.var.session.account.id, node);
    if (row === null) return null;
    const value = await read(row);
    return value === null ? undefined : { row, value };
  });
}

/** Shows a document; with the view "text" as text, even if it could be formatted. */
export async function showDocument(c: HonoContext, node: NodePath, now: number): Promise<Response> {
  const asText = c.req.query("view") === "text";
  const user = c.var.session.account.name;
  const read = async (row: DocumentRow) => {
    const [content, originalTime] = await Promise.all([
      loadContent(c.env, row, node, { asText, user, now }),
      readOriginalTime(c.env.BODIES, await bodyKey(row.account, node, row.version)),
    ]);
    return content && { content, originalTime };
  };
  const found = await readCurrent(c, node, read);
  if (found === null) return documentNotFoundPage(c, node);
  const isSaved = c.req.query("saved") !== undefined;
  return documentPage({ c, node, row: found.row, ...found.value, asText, isSaved });
}

/**
 * Sends a document, or a range of it, as a file. With a type that no browser opens: on this origin it
 * must be nothing but a file.
 */
export async function downloadDocument(c: HonoContext, node: NodePath): Promise<Response> {
  const read = async (row: DocumentRow) => {
    const headers = new Headers({
      "Content-Type": "application/octet-stream",
      "Content-Disposition": attachment(node.name),
      "Content-Security-Policy": "sandbox; default-src 'none'",
    });
    const key = await bodyKey(row.account, node, row.version);
    const response = await serveBody(c.env, c.req.raw, { key, length: row.length }, headers);
    if (response.ok) return response.value;
    return response.refusal.code === "not-found" ? null : refusalResponse(response.refusal);
  };
  const found = await readCurrent(c, node, read);
  return found ? found.value : documentNotFoundPage(c, node);
}
