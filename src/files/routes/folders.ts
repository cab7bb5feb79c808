/** GET of folders, and of a search below them. */

import type { NodePath } from "../../core/path";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { findDocumentsByName, loadFolderTotals, loadItemPage } from "../../storage/browse";
import { folderPage } from "../pages/folder";
import { MAX_SEARCH_CHARACTERS, searchPage } from "../pages/search";
import { parseItemOrder, parseItemPosition, parseRowPosition } from "../queries";

/** Items, or matches, on one page. */
const PAGE_ITEMS = 100;

/** The two kinds of pages of a folder: its items, or the matches of a search. */
export const showFolderOrSearch = (c: HonoContext, node: NodePath): HandlerResponse =>
  c.req.query("q") === undefined ? showFolder(c, node) : searchFolder(c, node);

/** Shows a page of a folder's items. Every folder can be shown: those that do not exist are empty. */
async function showFolder(c: HonoContext, node: NodePath): Promise<Response> {
  const { account } = c.var.session;
  const wanted = parseItemOrder(c.req.query("sort"));
  const after = parseItemPosition(wanted, c.req.query());
  const request = { order: wanted, after, limit: PAGE_ITEMS };
  const page = await loadItemPage(c.env, account.id, node, request);
  return folderPage({ c, node, page, wanted, isFirst: after === null });
}

/** Shows documents below a folder whose names contain the text `q`. */
async function searchFolder(c: HonoContext, node: NodePath): Promise<Response> {
  const { account } = c.var.session;
  const text = (c.req.query("q") ?? "").slice(0, MAX_SEARCH_CHARACTERS).toWellFormed();
  const after = parseRowPosition(c.req.query("after"));
  const search = { text, after, limit: PAGE_ITEMS };
  const [folder, matches] = await Promise.all([
    loadFolderTotals(c.env, account.id, node),
    findDocumentsByName(c.env, account.id, node, search),
  ]);
  const [before = "0"] = /^\d{1,9}$/.exec(c.req.query("looked") ?? "") ?? [];
  const looked = (after === null ? 0 : Number(before)) + matches.looked;
  const documents = folder?.documents ?? 0;
  return searchPage({ c, node, text, matches, looked, documents });
}
