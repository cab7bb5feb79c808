/** The Worker: what Cloudflare calls. */

import { deleteForgottenActivity } from "./accounts/activity";
import { eraseDeletedAccounts } from "./accounts/deletion";
import { deleteExpiredTickets } from "./accounts/links";
import { deleteExpiredSessions } from "./accounts/sessions";
import { deleteExpiredInvitations } from "./admin/invitations";
import { deleteForgottenActs } from "./admin/log";
import { app } from "./app";
import type { Env } from "./env";
import { askPatiently } from "./http/patience";
import { foldOldTraffic } from "./http/traffic";
import { deleteExpiredGrants } from "./oauth/grants";

export { UserObject } from "./live/user-object";

export default {
  fetch: app.fetch,

  /** Once a day: forgets what has had its time, and reminds of what is to be erased. */
  async scheduled(controller, env) {
    const now = controller.scheduledTime;
    const expired = [
      deleteExpiredSessions(env.DB, now),
      ...deleteExpiredGrants(env.DB, now),
      deleteExpiredInvitations(env.DB, now),
      deleteForgottenActivity(env, now),
      deleteForgottenActs(env, now),
      ...foldOldTraffic(env.DB, now),
      ...deleteExpiredTickets(env.DB, now),
    ];
    await Promise.all([askPatiently(() => env.DB.batch(expired)), eraseDeletedAccounts(env)]);
  },
} satisfies ExportedHandler<Env>;
