/** The list of the domains of all accounts, and the page that removes one. */

import type { Child } from "hono/jsx";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { messagesFor } from "../../ui/language";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { CalendarDate } from "../../ui/time";
import type { ListedDomain } from "../db/domains";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage } from "./layout";

/** Shows a page of the list of domains. */
export function allDomainsPage(
  c: HonoContext,
  { items: domains, next }: ListPage<ListedDomain>,
): HandlerResponse {
  const { domains: messages, nav } = messagesFor(c, ADMIN_MESSAGES);
  const title = nav["/admin/domains"];
  return adminPage(
    c,
    { title },
    <section>
      <h1>{title}</h1>
      <p>{messages.about}</p>
      {domains.length === 0 ? (
        <p class="muted">{messages.none}</p>
      ) : (
        <ul class="list">
          {domains.map((domain) => (
            <DomainItem c={c} domain={domain} />
          ))}
        </ul>
      )}
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

const DomainItem = ({ c, domain }: { c: HonoContext; domain: ListedDomain }) => {
  const { domains: messages } = messagesFor(c, ADMIN_MESSAGES);
  const { host, name } = domain;
  return (
    <li>
      <div>
        <span class="origin">{host}</span>
        <small>
          <a href={`/admin/accounts/${name}`}>{name}</a>, {describeState(c, domain)}
          {domain.hasHostname ? ` · ${describeHostname(c, domain)}` : null}
        </small>
      </div>
      <a
        class="button secondary"
        href={removalPath(host, name)}
        aria-label={messages.removeLabel(host, name)}
      >
        {messages.remove}
      </a>
    </li>
  );
};

function describeState(c: HonoContext, domain: ListedDomain): Child[] {
  const { states } = messagesFor(c, ADMIN_MESSAGES).domains;
  const { isActive, verifiedAt, failingSince, claimedAt } = domain;
  const day = (at: number) => <CalendarDate c={c} at={at} />;
  if (failingSince !== null) return states.failing(day(failingSince));
  if (isActive && verifiedAt !== null) return states.verified(day(verifiedAt));
  return claimedAt === null ? [states.given] : states.claimed(day(claimedAt));
}

/** In Cloudflare's own words, by which its documentation and dashboard can be searched. */
function describeHostname(c: HonoContext, domain: ListedDomain): string {
  const messages = messagesFor(c, ADMIN_MESSAGES).domains.hostname;
  const { hostnameStatus, certificateStatus, hostnameProblem } = domain;
  return [
    hostnameStatus === null ? messages.none : messages.host(hostnameStatus),
    ...(certificateStatus === null ? [] : [messages.certificate(certificateStatus)]),
    ...(hostnameProblem === null ? [] : [messages.problem(hostnameProblem)]),
  ].join(", ");
}

const removalPath = (host: string, name: string): string =>
  `/admin/domains/${encodeURIComponent(host)}/${name}/remove`;

/** Asks before a domain is taken from an account. */
export function confirmDomainRemovalPage(
  c: HonoContext,
  host: string,
  name: string,
): HandlerResponse {
  const { domains: messages } = messagesFor(c, ADMIN_MESSAGES);
  const title = messages.removeTitle(host, name);
  return adminPage(
    c,
    { title },
    <ConfirmForm
      c={c}
      title={title}
      text={messages.removeText}
      submitText={messages.remove}
      isDangerous
      cancelHref="/admin/domains"
    />,
  );
}
