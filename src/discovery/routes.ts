/** Endpoints under /.well-known/: WebFinger, host-meta, OAuth metadata. */

import { Hono } from "hono";
import { DEVICE_GRANT_TYPE } from "../core/spec";
import { type Env, settings } from "../env";
import type { HonoContext } from "../http/context";
import { appCors } from "../http/cors";
import { isOwnHost, originsAtDomain, resolveOrigins } from "../http/hosts";
import { limitAnonymousRequests } from "../http/rate-limits";
import { type FoundUser, findUserAndDomainOwner } from "./db";
import { buildJrd, parseResource, type WebFingerSubject } from "./webfinger";

export const discoveryRoutes = new Hono<{ Bindings: Env }>();

discoveryRoutes.use(appCors(["GET"]), limitAnonymousRequests);

discoveryRoutes.get("/webfinger", handleWebFinger);

/** RFC 6415: WebFinger for clients that use host-meta; without a resource, a template of its URL. */
discoveryRoutes.get("/host-meta.json", async (c) => {
  if (c.req.query("resource") !== undefined) return handleWebFinger(c);
  return c.json({ links: [{ rel: "lrdd", template: webFingerTemplate(c) }] });
});

/** The same as XRD; with a resource it is JSON, because clients that add one cannot read anything else. */
discoveryRoutes.get("/host-meta", async (c) => {
  if (c.req.query("resource") !== undefined) return handleWebFinger(c);
  return c.body(
    `<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="lrdd" template="${webFingerTemplate(c)}"/>
</XRD>
`,
    200,
    { "Content-Type": "application/xrd+xml" },
  );
});

/** Of the URL, with the URI of a resource in place of "{uri}". */
const webFingerTemplate = (c: HonoContext): string =>
  `${resolveOrigins(c.req.url, settings(c.env)).pages}/.well-known/webfinger?resource={uri}`;

/**
 * RFC 7033 §4.2: 400 unless there is one resource that is a URI, 404 if it is not a user here. Spaces
 * around an address are left out, because users paste them.
 */
async function handleWebFinger(c: HonoContext): Promise<Response> {
  const query = new URL(c.req.url).searchParams;
  const [resource, ...others] = query.getAll("resource").map(trimResource);
  const isUri = resource !== undefined && /^[a-z][a-z0-9+.-]*:\S+$/i.test(resource);
  if (!isUri || others.length > 0) {
    return c.json({ error: "malformed", message: INVALID_RESOURCE }, 400);
  }
  const subject = parseResource(resource);
  const user = subject && (await resolveUser(c, subject));
  if (!subject || !user) return c.json({ error: "not-found", message: "No such user." }, 404);
  const provider = resolveOrigins(c.req.url, settings(c.env));
  // Without an ORIGIN, which was there when it was switched on, nothing is served at domains (`findDomainHost`).
  const isThere = user.hasStorageThere && settings(c.env).ORIGIN !== null;
  const origins = isThere ? originsAtDomain(provider, subject.host) : provider;
  return c.body(JSON.stringify(buildJrd(resource, user, origins, query.getAll("rel"))), 200, {
    "Content-Type": "application/jrd+json",
    "Cache-Control": "no-cache",
  });
}

const trimResource = (text: string): string => text.trim().replace(/^acct:\s+/i, "acct:");

const INVALID_RESOURCE = "Send one resource parameter, such as acct:alice@example.com.";

/** The user that the subject refers to. A personal domain only has its owner. */
async function resolveUser(c: HonoContext, subject: WebFingerSubject): Promise<FoundUser | null> {
  const { user, owner } = await findUserAndDomainOwner(c.env.DB, subject.user, subject.host);
  if (owner !== null) return subject.user === null || subject.user === owner.name ? owner : null;
  return isProviderHost(c, subject.host) ? user : null;
}

/** Whether the host of an address is the provider's. */
function isProviderHost(c: HonoContext, host: string): boolean {
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  // RFC 7565 §7: the host of an acct URI has no port, so strict clients leave out that of a local server.
  return isOwnHost(host, c.req.url, settings(c.env)) || host === new URL(pages).hostname;
}

/** OAuth metadata: RFC 8414, with the additions of RFC 8628 §4 and RFC 9207 §3. */
discoveryRoutes.get("/oauth-authorization-server", (c) => {
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  return c.json({
    issuer: pages,
    authorization_endpoint: `${pages}/oauth/authorize`,
    token_endpoint: `${pages}/oauth/token`,
    device_authorization_endpoint: `${pages}/oauth/device_authorization`,
    revocation_endpoint: `${pages}/oauth/revoke`,
    response_types_supported: ["token", "code"],
    response_modes_supported: ["query", "fragment"],
    grant_types_supported: ["implicit", "authorization_code", "refresh_token", DEVICE_GRANT_TYPE],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    revocation_endpoint_auth_methods_supported: ["none"],
    authorization_response_iss_parameter_supported: true,
    bearer_methods_supported: ["header", "query"],
  });
});

/** For password managers: https://w3c.github.io/webappsec-change-password-url/ */
discoveryRoutes.get("/change-password", (c) => c.redirect("/security/password"));
