/** Routes of the pages about files: /files/<path>, for folders and documents. */

import { Hono, type Next } from "hono";
import { requireSignIn } from "../../accounts/middleware";
import { type NodePath, parseNodePath } from "../../core/path";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { limitOwnDocuments } from "../../http/rate-limits";
import { notFoundPage, rateLimitedPage } from "../../ui/error-pages";
import { downloadChosen, downloadFolder, showFolderParts } from "./archives";
import { downloadDocument, showDocument } from "./documents";
import { saveText, showEditForm } from "./edit";
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

/** Forms of documents and folders, by `view`. */
const DOCUMENT_FORMS: Record<string, NodeHandler> = { edit: saveText };
const FOLDER_FORMS: Record<string, NodeHandler> = {
  archive: downloadChosen,
  watch: watchFolder,
};

/** Routes of /files. */
export const filesRoutes = new Hono<{ Bindings: Env }>()
  .get("/files/*", requireSignIn, limitDocumentRequests, (c) =>
    dispatch(c, DOCUMENT_VIEWS, FOLDER_VIEWS),
  )
  .post("/files/*", requireSignIn, limitDocumentRequests, (c) =>
    dispatch(c, DOCUMENT_FORMS, FOLDER_FORMS),
  );

/** The user's requests for documents are limited like those of an app. */
async function limitDocumentRequests(c: HonoContext, next: Next): Promise<Response | undefined> {
  const refusal = limitOwnDocuments(c.env, c.var.session.account.id, Date.now());
  const page = rateLimitedPage(c, refusal);
  if (page) return page;
  await next();
}

function dispatch(
  c: HonoContext,
  documents: Record<string, NodeHandler>,
  folders: Record<string, NodeHandler>,
): HandlerResponse {
  // The path as it was sent: names may contain encoded slashes.
  const path = new URL(c.req.url).pathname.slice("/files".length);
  if (path === "") return c.redirect("/files/", 308);
  const node = parseNodePath(path);
  if (!node.ok) return notFoundPage(c);
  const handlers = node.value.kind === "folder" ? folders : documents;
  const view = c.req.query("view") ?? "";
  const handle = Object.hasOwn(handlers, view) ? handlers[view] : undefined;
  return handle ? handle(c, node.value, Date.now()) : notFoundPage(c);
}
