/** The section about a domain whose host leads here as a whole, where the storage can be, too. */

import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { originsAtDomain, resolveOrigins, storageRoot } from "../../http/hosts";
import { CopyableText } from "../../ui/copy-button";
import { messagesFor } from "../../ui/language";
import type { HostnameRecord } from "../custom-hostnames";
import { hasCustomHostnames } from "../custom-hostnames-api";
import { domainPath } from "../domain-paths";
import type { Domain } from "../domains";
import { isHostnameReady } from "../hostname-state";
import { DOMAIN_MESSAGES } from "../messages";
import { CustomHostnameSteps, StopHostname } from "./custom-hostname";

interface WholeHostProps {
  c: HonoContext;
  domain: Domain;
  hostname: HostnameRecord | null;
  isFull: boolean;
}

/** Leads the host here, or says how to; and switches the storage there on or off. */
export const WholeHostSection = ({ c, domain, hostname, isFull }: WholeHostProps) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).wholeHost;
  const { host, hasStorage } = domain;
  const byHostname = hasCustomHostnames(c.env);
  // WebFinger must not name a host that has no certificate yet.
  const canServe = !byHostname || (hostname !== null && isHostnameReady(hostname));
  return (
    <section>
      <h2>{messages.title}</h2>
      <p>{messages.about}</p>
      {hasStorage ? <p class="note">{messages.isOn}</p> : null}
      {byHostname ? (
        <CustomHostnameSteps c={c} host={host} hostname={hostname} isFull={isFull} />
      ) : hasStorage ? null : (
        <RouteSteps c={c} host={host} />
      )}
      {hasStorage || canServe ? <StorageSwitch c={c} domain={domain} /> : null}
      {hostname !== null && !hasStorage ? <StopHostname c={c} host={host} /> : null}
    </section>
  );
};

/** By a route, which only the operator can add. */
const RouteSteps = ({ c, host }: { c: HonoContext; host: string }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).wholeHost;
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const { origin } = new URL(originsAtDomain(origins, host).storage);
  return (
    <ol>
      <li>
        {messages.cname(host)}
        <CopyableText c={c} id="cname" text={new URL(origins.pages).host} />
      </li>
      <li>
        {messages.route}
        <CopyableText c={c} id="route" text={`${host}/*`} />
      </li>
      <li>
        {messages.tryIt} <a href={`${origin}/healthz`}>{`${host}/healthz`}</a>
      </li>
    </ol>
  );
};

const StorageSwitch = ({ c, domain }: { c: HonoContext; domain: Domain }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).wholeHost;
  const { host, hasStorage } = domain;
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const root = storageRoot(originsAtDomain(origins, host), c.var.session.account.name);
  return (
    <>
      <h3>{messages.root}</h3>
      <CopyableText c={c} id="root" text={root} />
      <form method="post" action={`${domainPath(host)}/storage`}>
        <p class="muted">{hasStorage ? messages.offAbout : messages.onAbout}</p>
        <p class="row">
          <button
            type="submit"
            name="storage"
            value={hasStorage ? "off" : "on"}
            {...(hasStorage ? { class: "secondary" } : {})}
          >
            {hasStorage ? messages.off : messages.on}
          </button>
        </p>
      </form>
    </>
  );
};
