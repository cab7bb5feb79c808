/** Routes of the pages about domains: /settings/domains. */

import { Hono } from "hono";
import { requireReauthentication, requireSignIn } from "../accounts/middleware";
import { buildJrd } from "../discovery/webfinger";
import { type Env, settings } from "../env";
import type { HandlerResponse, HonoContext } from "../http/context";
import { originsAtDomain, providerHosts, resolveOrigins, userAddress } from "../http/hosts";
import { errorPage } from "../ui/error-pages";
import { readForm } from "../ui/form";
import { messagesFor } from "../ui/language";
import { askForHostname, checkHostname, releaseHostname, stopHostname } from "./custom-hostnames";
import { hasCustomHostnames } from "./custom-hostnames-api";
import { parseDomainName } from "./domain-name";
import { DOMAINS_PATH, domainPath } from "./domain-paths";
import {
  addDomain,
  checkOpenClaim,
  type Domain,
  loadDomain,
  loadDomains,
  removeDomain,
  updateDomainStorage,
} from "./domains";
import { DOMAIN_MESSAGES } from "./messages";
import { confirmOwnDomainRemovalPage, domainPage } from "./pages/domain";
import { domainsPage, type RefusedName } from "./pages/domains";

export const domainRoutes = new Hono<{ Bindings: Env }>();

domainRoutes.use(`${DOMAINS_PATH}/*`, requireSignIn);

domainRoutes.get(DOMAINS_PATH, (c) => showDomains(c));

/** Claims a domain. */
domainRoutes.post(DOMAINS_PATH, async (c) => {
  const { account } = c.var.session;
  const typed = (await readForm(c)).get("domain") ?? "";
  if (settings(c.env).DNS_RESOLVERS.length === 0) return showDomains(c);
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const parsed = await parseDomainName(typed, providerHosts(c.req.url, settings(c.env)));
  if ("problem" in parsed) return showDomains(c, { typed, problem: parsed.problem });
  const claimant = { id: account.id, address: userAddress(origins, account.name) };
  const isAdded = await addDomain(c.env, claimant, parsed.host, Date.now());
  return isAdded
    ? c.redirect(domainPath(parsed.host), 303)
    : showDomains(c, { typed, problem: "too-many" });
});

/** Shows a domain; checked first if it waits for its proof, or to lead here. */
domainRoutes.get(`${DOMAINS_PATH}/:host`, async (c) => {
  const { account } = c.var.session;
  const host = c.req.param("host");
  const before = await loadDomain(c.env, account.id, host);
  if (before === null) return notFound(c);
  const isChecked =
    before.claim !== null && (await checkOpenClaim(c.env, account.id, before.claim, Date.now()));
  const domain = isChecked ? await loadDomain(c.env, account.id, host) : before;
  return domain === null ? notFound(c) : showDomain(c, domain);
});

async function showDomain(
  c: HonoContext,
  domain: Domain,
  isFull = false,
): Promise<HandlerResponse> {
  const { account } = c.var.session;
  const hostname = domain.isActive
    ? await checkHostname(c.env, account.id, domain.host, Date.now())
    : null;
  return domainPage(c, domain, { hostname, isFull });
}

/** What WebFinger says about the address with a domain, as a file to upload to its web site. */
domainRoutes.get(`${DOMAINS_PATH}/:host/webfinger`, async (c) => {
  const { account } = c.var.session;
  const domain = await loadDomain(c.env, account.id, c.req.param("host"));
  if (!domain?.isActive) return notFound(c);
  const user = { name: account.name, displayName: null, picture: null };
  const provider = resolveOrigins(c.req.url, settings(c.env));
  const origins = domain.hasStorage ? originsAtDomain(provider, domain.host) : provider;
  const jrd = buildJrd(`acct:${account.name}@${domain.host}`, user, origins, []);
  return c.body(`${JSON.stringify(jrd, null, 2)}\n`, 200, {
    "Content-Type": "application/jrd+json",
    "Content-Disposition": 'attachment; filename="webfinger"',
  });
});

/** Serves the storage at a domain that leads here as a whole, or stops to. */
domainRoutes.post(`${DOMAINS_PATH}/:host/storage`, async (c) => {
  const { account } = c.var.session;
  const host = c.req.param("host");
  const isOn = (await readForm(c)).get("storage") === "on";
  // Without an ORIGIN any host could be that of the pages.
  if (isOn && settings(c.env).ORIGIN === null) return notFound(c);
  await updateDomainStorage(c.env.DB, account.id, host, isOn);
  return c.redirect(domainPath(host), 303);
});

/** Leads the whole host of a domain here by a custom hostname, tries that again, or ends it. */
domainRoutes.post(`${DOMAINS_PATH}/:host/hostname`, async (c) => {
  const { account } = c.var.session;
  const host = c.req.param("host");
  const isOn = (await readForm(c)).get("hostname") === "on";
  const domain = hasCustomHostnames(c.env) ? await loadDomain(c.env, account.id, host) : null;
  if (!domain?.isActive) return notFound(c);
  if (!isOn) await stopHostname(c.env, account.id, host);
  else if ((await askForHostname(c.env, account.id, host, Date.now())) === "too-many") {
    return showDomain(c, domain, true);
  }
  return c.redirect(domainPath(host), 303);
});

domainRoutes.use(`${DOMAINS_PATH}/:host/remove`, requireReauthentication);

domainRoutes.get(`${DOMAINS_PATH}/:host/remove`, async (c) => {
  const domain = await loadDomain(c.env, c.var.session.account.id, c.req.param("host"));
  return domain === null ? notFound(c) : confirmOwnDomainRemovalPage(c, domain.host);
});

domainRoutes.post(`${DOMAINS_PATH}/:host/remove`, async (c) => {
  const host = c.req.param("host");
  await removeDomain(c.env, c.var.session.account.id, host, Date.now());
  await releaseHostname(c.env, host);
  return c.redirect(DOMAINS_PATH, 303);
});

async function showDomains(c: HonoContext, refused?: RefusedName): Promise<HandlerResponse> {
  return domainsPage(c, await loadDomains(c.env.DB, c.var.session.account.id), refused);
}

function notFound(c: HonoContext): HandlerResponse {
  const { notFound: message, back } = messagesFor(c, DOMAIN_MESSAGES);
  return errorPage(c, 404, message, { href: DOMAINS_PATH, text: back });
}
