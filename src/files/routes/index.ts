/** Routes of the pages about files: /files/<path>, for folders and documents. */

import { Hono } from "hono";
import { requireSignIn, signInRefusalResponse } from "../../accounts/middleware";
import { type NodePath, parseNodePath } from "../../core/path";
import type { Outcome } from "../../core/refusals";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { notFoundPage } from "../../ui/error-pages";
import { downloadChosen, downloadFolder, showFolderParts } from "./archives";
import { checkFileForm, limitDocumentRequests } from "./checks";
import { downloadDocument, showDocument } from "./documents";
import { receiveText, showEditForm } from "./edit";
import { showFolderOrSearch } from "./folders";
import { watchFolder } from "./watch";

/** What a route does with a node; `now` is in milliseconds since 1970. */
type NodeHandler = (c: HonoContext, node: NodePath, now: number) => HandlerResponse;

/** The views of documents and folders, by the query's `view`; "" without one. */
const DOCUMENT_VIEWS: Record<string, NodeHandler> = {
  "": showDocument,
  text: showDocument,
  edit: showEditForm,
  download: downloadDocument,
};
const FOLDER_VIEWS: Record<string, NodeHandler> = {
  "": showFolderOrSearch,
  archive: downloadFolder,
  parts: showFolderParts,
};

/** Forms of folders, by `view`. A document has one, for its text. */
const FOLDER_FORMS: Record<string, NodeHandler> = {
  archive: downloadChosen,
  watch: watchFolder,
};

/** Routes of /files. */
export const filesRoutes = new Hono<{ Bindings: Env }>()
  .get("/files/*", requireSignIn, limitDocumentRequests, (c) =>
    dispatch(c, DOCUMENT_VIEWS, FOLDER_VIEWS),
  )
  .post("/files/*", async (c) => {
    const node = requestedNode(c);
    const isText = node.ok && node.value.kind === "document" && c.req.query("view") === "edit";
    if (isText) return receiveText(c, node.value);
    const refusal = await checkFileForm(c);
    return refusal === null ? dispatch(c, {}, FOLDER_FORMS) : signInRefusalResponse(c, refusal);
  });

function dispatch(
  c: HonoContext,
  documents: Record<string, NodeHandler>,
  folders: Record<string, NodeHandler>,
): HandlerResponse {
  if (c.req.path === "/files") return c.redirect("/files/", 308);
  const node = requestedNode(c);
  if (!node.ok) return notFoundPage(c);
  const handlers = node.value.kind === "folder" ? folders : documents;
  const view = c.req.query("view") ?? "";
  const handle = Object.hasOwn(handlers, view) ? handlers[view] : undefined;
  return handle ? handle(c, node.value, Date.now()) : notFoundPage(c);
}

/** The node of the path as it was sent: names may contain encoded slashes. */
const requestedNode = (c: HonoContext): Outcome<NodePath> =>
  parseNodePath(new URL(c.req.url).pathname.slice("/files".length));
