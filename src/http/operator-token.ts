/** Routes for the operator alone, protected by a bearer token that is a setting. */

import { equalInConstantTime } from "../core/secrets";
import { settings } from "../env";
import type { HonoContext } from "./context";

/** The realm of each token: RFC 9110 §11.5. */
const REALMS = { METRICS_TOKEN: "metrics", BACKUP_TOKEN: "backup" };

/**
 * Refuses a request without the operator's token: 404 if the setting is empty, otherwise 401. Returns null if the token
 * is right.
 */
export function refuseOperator(c: HonoContext, name: keyof typeof REALMS): Response | null {
  const token = settings(c.env)[name];
  if (token === "") return c.text("Not found.", 404);
  const presented = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
  if (equalInConstantTime(presented, token)) return null;
  return c.text(`Send the ${name}: Authorization: Bearer <token>.`, 401, {
    "WWW-Authenticate": `Bearer realm="${REALMS[name]}"`,
    "Cache-Control": "no-store",
  });
}
