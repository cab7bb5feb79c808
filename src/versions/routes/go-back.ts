/** Routes that take a folder back in time: /go-back/<folder>/. */

import { Hono } from "hono";
import { requireSignIn } from "../../accounts/middleware";
import { formatPath, type NodePath, parseNodePath } from "../../core/path";
import { moduleOf } from "../../core/scope";
import { DAY_MS } from "../../core/time";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { withRetry } from "../../platform/retry";
import { startUserTask } from "../../tasks/start-task";
import { notFoundPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { type MomentProblem, parseMoment } from "../moment";
import { goBackPage } from "../pages/go-back";

/** Times of changes that are offered. */
const MAX_CHANGES = 60;

export const goBackRoutes = new Hono<{ Bindings: Env }>();

goBackRoutes.get("/go-back/*", requireSignIn, async (c): Promise<HandlerResponse> => {
  const folder = requestedFolder(c);
  return folder === null ? notFoundPage(c) : showMoments(c, folder, Date.now());
});

/** Starts the preview. Its page has the button that starts the task itself. */
goBackRoutes.post("/go-back/*", requireSignIn, async (c): Promise<HandlerResponse> => {
  const folder = requestedFolder(c);
  if (folder === null) return notFoundPage(c);
  const now = Date.now();
  const moment = parseMoment(await readForm(c), now, earliestMoment(c, now));
  if ("problem" in moment) return showMoments(c, folder, now, moment.problem);
  const spec = { kind: "go-back", folder: formatPath(folder), at: moment.at } as const;
  return startUserTask(c, spec, now, { isPreview: true });
});

function requestedFolder(c: HonoContext): NodePath | null {
  const { pathname } = new URL(c.req.url);
  const parsed = parseNodePath(pathname.slice("/go-back".length));
  return parsed.ok && parsed.value.kind === "folder" ? parsed.value : null;
}

const earliestMoment = (c: HonoContext, now: number): number =>
  now - settings(c.env).HISTORY_DAYS * DAY_MS;

async function showMoments(
  c: HonoContext,
  folder: NodePath,
  now: number,
  problem: MomentProblem | null = null,
): Promise<HandlerResponse> {
  const { account } = c.var.session;
  const module = moduleOf(folder);
  const user = c.env.USERS.getByName(account.name);
  const times = await withRetry(() => user.changeTimes(module, MAX_CHANGES));
  const earliest = earliestMoment(c, now);
  const changes = times.filter((at) => at > earliest);
  return goBackPage(c, account, folder, { now, earliest, changes }, problem);
}
