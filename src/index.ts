/** The Worker: what Cloudflare calls. */

import { deleteExpiredSessions } from "./accounts/sessions";
import { app } from "./app";
import type { Env } from "./env";
import { deleteExpiredGrants } from "./oauth/grants";

export { UserObject } from "./live/user-object";

export default {
  fetch: app.fetch,

  /** Once a day: forgets what has expired. */
  async scheduled(controller, env) {
    const now = controller.scheduledTime;
    await env.DB.batch([deleteExpiredSessions(env.DB, now), ...deleteExpiredGrants(env.DB, now)]);
  },
} satisfies ExportedHandler<Env>;
