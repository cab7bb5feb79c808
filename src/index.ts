/** The Worker's entry point: requests, the daily job, the Durable Object classes. */

import { deleteExpiredActivity } from "./accounts/activity";
import { resumeErasures } from "./accounts/deletion";
import { deleteExpiredOneTimeTokens } from "./accounts/links";
import { deleteExpiredSessions } from "./accounts/sessions";
import { deleteExpiredAuditLog } from "./admin/audit-log";
import { deleteExpiredInvitations } from "./admin/invitations";
import { app } from "./app";
import { randomId } from "./core/secrets";
import { checkDomains } from "./domains/daily-checks";
import { deleteExpiredClaims } from "./domains/domains";
import type { Env } from "./env";
import { rollUpOldTraffic } from "./monitoring/traffic";
import { deleteExpiredGrants } from "./oauth/grants";
import { logWarning } from "./platform/log";
import { runWithRequestContext } from "./platform/request-context";
import { withRetry } from "./platform/retry";

export { PasswordObject } from "./accounts/passwords/password-object";
export { ModuleObject } from "./rxdb/module-object";
export type { CustomCaller } from "./rxdb/sockets/custom-requests";
export { UserObject } from "./user-object/user-object";

export default {
  fetch: app.fetch,

  /** The daily job: deletes expired rows, resumes erasures of deleted accounts, and checks domains. */
  scheduled({ scheduledTime }, env) {
    const context = { id: randomId(), calls: 0 };
    return runWithRequestContext(context, () => runDailyJob(env, scheduledTime));
  },
} satisfies ExportedHandler<Env>;

async function runDailyJob(env: Env, now: number): Promise<void> {
  // Each statement runs by itself: one that fails or takes too long does not stop the others.
  const deletions = [
    deleteExpiredSessions(env.DB, now),
    ...deleteExpiredOneTimeTokens(env.DB, now),
    ...deleteExpiredGrants(env.DB, now),
    deleteExpiredInvitations(env.DB, now),
    deleteExpiredActivity(env, now),
    deleteExpiredAuditLog(env, now),
    deleteExpiredClaims(env.DB, now),
  ];
  const tasks = [
    ...deletions.map((statement) => withRetry(() => statement.run())),
    withRetry(() => env.DB.batch(rollUpOldTraffic(env.DB, now))),
    resumeErasures(env),
  ];
  const results = await Promise.allSettled(tasks);
  // Last, with the calls that the plan has left.
  const [checks] = await Promise.allSettled([checkDomains(env, now)]);
  for (const result of [...results, checks]) {
    if (result.status === "rejected") logWarning("A daily task failed.", result.reason);
  }
}
