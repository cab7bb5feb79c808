/** The Worker: what Cloudflare calls. */

import { deleteExpiredActivity } from "./accounts/activity";
import { resumeErasures } from "./accounts/deletion";
import { deleteExpiredOneTimeTokens } from "./accounts/links";
import { deleteExpiredSessions } from "./accounts/sessions";
import { deleteExpiredAuditLog } from "./admin/audit-log";
import { deleteExpiredInvitations } from "./admin/invitations";
import { app } from "./app";
import type { Env } from "./env";
import { rollUpOldTraffic } from "./monitoring/traffic";
import { deleteExpiredGrants } from "./oauth/grants";
import { logWarning } from "./platform/log";
import { withRetry } from "./platform/retry";

export { ModuleObject } from "./rxdb/module-object";
export type { CustomCaller } from "./rxdb/sockets/custom-requests";
export { UserObject } from "./user-object/user-object";

export default {
  fetch: app.fetch,

  /** Once a day: forgets what has had its time, and reminds of what is to be erased. */
  async scheduled(controller, env) {
    const now = controller.scheduledTime;
    // Each on its own: what takes too long does not keep the others from being done.
    const forget = [
      [deleteExpiredSessions(env.DB, now)],
      deleteExpiredOneTimeTokens(env.DB, now),
      deleteExpiredGrants(env.DB, now),
      [deleteExpiredInvitations(env.DB, now)],
      [deleteExpiredActivity(env, now)],
      [deleteExpiredAuditLog(env, now)],
    ].flat();
    const fold = rollUpOldTraffic(env.DB, now);
    const round = [
      ...forget.map((statement) => withRetry(() => statement.run())),
      withRetry(() => env.DB.batch(fold)),
      resumeErasures(env),
    ];
    for (const done of await Promise.allSettled(round)) {
      if (done.status === "rejected") logWarning("A part of the daily round failed.", done.reason);
    }
  },
} satisfies ExportedHandler<Env>;
