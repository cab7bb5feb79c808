/** A folder's page is told of changes: POST /files/<folder>/?view=watch. */

import type { NodePath } from "../../core/path";
import type { HonoContext } from "../../http/context";
import { refusalResponse } from "../../http/refusals";
import { openLiveUrl } from "../../live/open-session";

/** Then a page has to show its session again, before it is told of the next change. */
const PERMISSION_MS = 60_000;

/** Opens a one-time URL of a live socket for the page, as JSON. */
export async function watchFolder(c: HonoContext, _: NodePath, now: number): Promise<Response> {
  const { id: account, name: user } = c.var.session.account;
  const listener = { account, user, grant: null, expiresAt: now + PERMISSION_MS };
  const opened = await openLiveUrl(c, listener, null, now);
  if (!opened.ok) return refusalResponse(opened.refusal);
  return c.json({ url: opened.value.url }, 201, { "Cache-Control": "no-store" });
}
