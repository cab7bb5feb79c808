/** Records uploads in the activity log: once a day for each module, however many files there are. */

import { recordDailyActivity } from "../accounts/activity";
import type { NodePath } from "../core/path";
import { moduleOf } from "../core/scope";
import { DAY_MS } from "../core/time";
import type { HonoContext } from "../http/context";
import { BoundedMap } from "../platform/bounded-map";
import { logWarning } from "../platform/log";

/** Modules that an isolate remembers; the oldest is forgotten first. D1 is asked about others. */
const MAX_REMEMBERED_MODULES = 10_000;

/** When an upload was recorded, by account id and module. */
const recordedAt = new BoundedMap<string, number>(MAX_REMEMBERED_MODULES);

/** Records an upload after the response, which does not depend on it. */
export function recordUpload(c: HonoContext, node: NodePath, now: number): void {
  const { id } = c.var.session.account;
  const module = moduleOf(node) ?? "/";
  const key = `${id} ${module}`;
  const last = recordedAt.get(key) ?? 0;
  if (last <= now && now - last < DAY_MS) return;
  recordedAt.delete(key);
  recordedAt.set(key, now);
  const recorded = recordDailyActivity(c.env.DB, id, { kind: "files-uploaded", module }, now);
  c.executionCtx.waitUntil(
    recorded.catch((error) => logWarning("An upload could not be recorded.", error)),
  );
}
