/** Routes of the bin: /bin. */

import { Hono } from "hono";
import { requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { startUserTask } from "../../tasks/start-task";
import { readForm } from "../../ui/form";
import { decodeCursor, encodeCursor, loadPage } from "../../ui/paging";
import { loadBinModules, loadBinPage } from "../bin";
import { type BinPageProps, binModulesPage, binPage } from "../pages/bin";
import { OUTSIDE_MODULES } from "../paths";

export const binRoutes = new Hono<{ Bindings: Env }>();

binRoutes.get("/bin", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const modules = await loadBinModules(c.env, account);
  const load = async (after: string, limit: number) =>
    modules.filter(({ module }) => after === "" || module > after).slice(0, limit);
  return binModulesPage(c, account, await loadPage(c, load, ({ module }) => module));
});

binRoutes.get("/bin/:module/", requireSignIn, async (c) =>
  binPage(c, c.var.session.account, await loadRequested(c)),
);

/** Restores all deleted documents of the module or folder, or those of the page that were selected. */
binRoutes.post("/bin/:module/", requireSignIn, async (c): Promise<HandlerResponse> => {
  const form = await readForm(c);
  const now = Date.now();
  if (form.get("restore") === "all") {
    const { module, folder } = requestedBin(c);
    const paths = folder === null ? null : [folder];
    return startUserTask(c, { kind: "restore", module, paths }, now);
  }
  const requested = await loadRequested(c);
  const selected = new Set(form.getAll("version"));
  const paths = requested.page.items
    .filter(({ version }) => selected.has(version))
    .map(({ path }) => path);
  if (paths.length === 0) return binPage(c, c.var.session.account, requested, "nothing-selected");
  return startUserTask(c, { kind: "restore", module: requested.module, paths }, now);
});

function requestedBin(c: HonoContext): Pick<BinPageProps, "module" | "folder"> {
  const module = c.req.param("module") ?? "";
  const folder = c.req.query("folder") ?? "";
  return {
    module: module === OUTSIDE_MODULES ? "" : module,
    folder: folder.startsWith("/") && folder.endsWith("/") ? folder : null,
  };
}

async function loadRequested(c: HonoContext): Promise<BinPageProps> {
  const { module, folder } = requestedBin(c);
  const after = decodeCursor(c.req.query("after") ?? "");
  const { documents, next } = await loadBinPage(c.env, c.var.session.account, {
    module,
    prefix: folder ?? "/",
    after,
  });
  const { pathname, searchParams } = new URL(c.req.url);
  if (next !== null) searchParams.set("after", encodeCursor(next));
  const nextPath = next === null ? null : `${pathname}?${searchParams}`;
  return { module, folder, page: { items: documents, next: nextPath, isFirst: after === null } };
}
