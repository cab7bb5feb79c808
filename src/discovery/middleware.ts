/** Middleware that keeps pages off the domains of users. */

import type { Next } from "hono";
import { settings } from "../env";
import type { HonoContext } from "../http/context";
import { isServedOn, isStorageHostOf } from "../http/hosts";
import { findDomainHost } from "./storage-hosts";

/** Middleware: 404 on a domain of a user, which serves WebFinger and perhaps the storage, but no pages. */
export async function refusePersonalHosts(
  c: HonoContext,
  next: Next,
): Promise<Response | undefined> {
  const isOther = isStorageHostOf("", c.req.url, settings(c.env)) === null;
  if (isOther && isServedOn("pages", c.req.url, settings(c.env))) {
    const domain = await findDomainHost(c.env, c.req.url, Date.now());
    if (domain !== null) return c.text("Not found.", 404);
  }
  await next();
}
