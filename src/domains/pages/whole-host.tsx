/** The section about a domain whose host leads here as a whole, where the storage can be, too. */

import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { originsAtDomain, resolveOrigins, storageRoot } from "../../http/hosts";
import { CopyableText } from "../../ui/copy-button";
import { messagesFor } from "../../ui/language";
import { domainPath } from "../domain-paths";
import type { Domain } from "../domains";
import { DOMAIN_MESSAGES } from "../messages";

/** Says how to lead the host here, and switches the storage there on or off. */
export const WholeHostSection = ({ c, domain }: { c: HonoContext; domain: Domain }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).wholeHost;
  const { host, hasStorage } = domain;
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const root = storageRoot(originsAtDomain(origins, host), c.var.session.account.name);
  return (
    <section>
      <h2>{messages.title}</h2>
      <p>{messages.about}</p>
      {hasStorage ? (
        <p class="note">{messages.isOn}</p>
      ) : (
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
            {messages.tryIt} <a href={`${new URL(root).origin}/healthz`}>{`${host}/healthz`}</a>
          </li>
        </ol>
      )}
      <h3>{messages.root}</h3>
      <CopyableText c={c} id="root" text={root} />
      <form method="post" action={`${domainPath(host)}/storage`}>
        <p class="muted">{hasStorage ? messages.offAbout : messages.onAbout}</p>
        <button
          type="submit"
          name="storage"
          value={hasStorage ? "off" : "on"}
          {...(hasStorage ? { class: "secondary" } : {})}
        >
          {hasStorage ? messages.off : messages.on}
        </button>
      </form>
    </section>
  );
};
