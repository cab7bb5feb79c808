/** The Worker: what Cloudflare calls. */

import { eraseDeletedAccounts } from "./accounts/deletion";
import { deleteExpiredSessions } from "./accounts/sessions";
import { app } from "./app";
import type { Env } from "./env";
import { askPatiently } from "./http/patience";
import { deleteExpiredGrants } from "./oauth/grants";

export { UserObject } from "./live/user-object";

export default {
  fetch: app.fetch,

  /** Once a day: forgets what has expired, and reminds of what is to be erased. */
  async scheduled(controller, env) {
    const now = controller.scheduledTime;
    const expired = [deleteExpiredSessions(env.DB, now), ...deleteExpiredGrants(env.DB, now)];
    await askPatiently(() => env.DB.batch(expired));
    await eraseDeletedAccounts(env);
  },
} satisfies ExportedHandler<Env>;
