/** The doors under /.well-known/: "where is alice's storage?" */

import { type Context, Hono } from "hono";
import { DEVICE_GRANT_TYPE } from "../core/spec";
import { type Env, settings } from "../env";
import { appCors } from "../http/cors";
import { resolveOrigins } from "../http/hosts";
import { limitAnonymousRequests } from "../http/rate-limits";
import { findUserAndDomainOwner } from "./db";
import { buildJrd, parseResource, type WebFingerSubject } from "./webfinger";

type DiscoveryContext = Context<{ Bindings: Env }>;

export const discoveryRoutes = new Hono<{ Bindings: Env }>();

discoveryRoutes.use(appCors(["GET"]), limitAnonymousRequests);

discoveryRoutes.get("/webfinger", handleWebFinger);

/** RFC 6415: the same for clients that ask host-meta; without a resource, where to ask. */
discoveryRoutes.get("/host-meta.json", async (c) => {
  if (c.req.query("resource") !== undefined) return handleWebFinger(c);
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  return c.json({
    links: [{ rel: "lrdd", template: `${pages}/.well-known/webfinger?resource={uri}` }],
  });
});

/** RFC 7033 §4.2: 400 without a resource that is a URI, 404 for one that nobody here has. */
async function handleWebFinger(c: DiscoveryContext): Promise<Response> {
  const query = new URL(c.req.url).searchParams;
  const [resource, ...others] = query.getAll("resource");
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const isUri = resource !== undefined && /^[a-z][a-z0-9+.-]*:\S+$/i.test(resource);
  if (!isUri || others.length > 0) {
    return c.json({ error: "malformed", message: NO_RESOURCE }, 400);
  }
  const subject = parseResource(resource);
  const user = subject && (await resolveUser(c.env.DB, subject, new URL(origins.pages).host));
  if (user === null)
    return c.json({ error: "not-found", message: "Nobody here has this address." }, 404);
  return c.body(JSON.stringify(buildJrd(resource, user, origins, query.getAll("rel"))), 200, {
    "Content-Type": "application/jrd+json",
    "Cache-Control": "no-cache",
  });
}

const NO_RESOURCE = "Give one resource, such as acct:alice@example.com.";

/** The name of the account that is meant. A personal domain is its owner's alone. */
async function resolveUser(
  db: D1Database,
  subject: WebFingerSubject,
  ownHost: string,
): Promise<string | null> {
  const { user, owner } = await findUserAndDomainOwner(db, subject.user, subject.host);
  if (owner !== null) return subject.user === null || subject.user === owner ? owner : null;
  return subject.host === ownHost ? user : null;
}

/** RFC 8414, with what RFC 8628 §4 and RFC 9207 §3 add. */
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
