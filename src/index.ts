/** The Worker's entry point: requests, the daily job, the Durable Object classes. */

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

export { PasswordObject } from "./accounts/passwords/password-object";
export { ModuleObject } from "./rxdb/module-object";
export type { CustomCaller } from "./rxdb/sockets/custom-requests";
export { UserObject } from "./user-object/user-object";

export default {
  fetch: app.fetch,

  /** The daily job: deletes expired rows, and resumes erasures of deleted accounts. */
  async scheduled(controller, env) {
    const now = controller.scheduledTime;
    // Each statement runs by itself: one that fails or takes too long does not stop the others.
    const deletions = [
      [deleteExpiredSessions(env.DB, now)],
      deleteExpiredOneTimeTokens(env.DB, now),
      deleteExpiredGrants(env.DB, now),
      [deleteExpiredInvitations(env.DB, now)],
      [deleteExpiredActivity(env, now)],
      [deleteExpiredAuditLog(env, now)],
    ].flat();
    const tasks = [
      ...deletions.map((statement) => withRetry(() => statement.run())),
      withRetry(() => env.DB.batch(rollUpOldTraffic(env.DB, now))),
      resumeErasures(env),
    ];
    for (const result of await Promise.allSettled(tasks)) {
      if (result.status === "rejected") logWarning("A daily task failed.", result.reason);
    }
  },
} satisfies ExportedHandler<Env>;
