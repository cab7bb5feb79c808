/** Routes of /admin/domains: the domains of all accounts, and removing one. */

import { Hono } from "hono";
import { requireReauthentication } from "../../accounts/middleware";
import { randomId } from "../../core/secrets";
import { releaseHostname } from "../../domains/custom-hostnames";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { errorPage } from "../../ui/error-pages";
import { messagesFor } from "../../ui/language";
import { loadPage } from "../../ui/paging";
import { findAccount } from "../accounts";
import { type DomainCursor, loadAllDomains, removeDomainOf } from "../db/domains";
import { ADMIN_MESSAGES } from "../messages";
import { allDomainsPage, confirmDomainRemovalPage } from "../pages/domains";

/** To be mounted behind `requireAdmin`. */
export const adminDomainRoutes = new Hono<{ Bindings: Env }>();

adminDomainRoutes.get("/", async (c) => {
  const domains = await loadPage(
    c,
    (after, limit) => loadAllDomains(c.env.DB, parseDomainCursor(after), limit),
    ({ host, account }) => `${host} ${account}`,
  );
  return allDomainsPage(c, domains);
});

const parseDomainCursor = (text: string): DomainCursor => {
  const [host = "", account = ""] = text.split(" ");
  return { host, account };
};

adminDomainRoutes.use("/:host/:name/remove", requireReauthentication);

adminDomainRoutes.get("/:host/:name/remove", (c) =>
  confirmDomainRemovalPage(c, c.req.param("host"), c.req.param("name")),
);

adminDomainRoutes.post("/:host/:name/remove", async (c) => {
  const host = c.req.param("host");
  const account = await findAccount(c.env.DB, c.req.param("name"));
  if (account === null) return domainNotFoundPage(c);
  const action = {
    at: Date.now(),
    id: randomId(),
    admin: c.var.session.account.id,
    target: account.id,
    action: { kind: "domain-removed" as const, host },
  };
  const isRemoved = await removeDomainOf(c.env.DB, action, host);
  if (!isRemoved) return domainNotFoundPage(c);
  await releaseHostname(c.env, host);
  return c.redirect("/admin/domains", 303);
});

const domainNotFoundPage = (c: HonoContext): HandlerResponse => {
  const { domains, nav } = messagesFor(c, ADMIN_MESSAGES);
  const link = { href: "/admin/domains", text: nav["/admin/domains"] };
  return errorPage(c, 404, domains.notFound, link);
};
