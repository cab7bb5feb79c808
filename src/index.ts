/** The Worker: what Cloudflare calls. */

import { deleteExpiredTickets } from "./accounts/links";
import { deleteExpiredSessions } from "./accounts/sessions";
import { app } from "./app";
import type { Env } from "./env";
import { askPatiently } from "./http/patience";
import { deleteExpiredGrants } from "./oauth/grants";

export { UserObject } from "./live/user-object";

export default {
  fetch: app.fetch,

  /** Once a day: forgets what has expired. */
  async scheduled(controller, env) {
    const now = controller.scheduledTime;
    const expired = [
      deleteExpiredSessions(env.DB, now),
      ...deleteExpiredTickets(env.DB, now),
      ...deleteExpiredGrants(env.DB, now),
    ];
    await askPatiently(() => env.DB.batch(expired));
  },
} satisfies ExportedHandler<Env>;
