/** The page of a domain: its state, what proves it, what was found; and the one that removes it. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { CopyableText } from "../../ui/copy-button";
import { Facts } from "../../ui/facts";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { CalendarDate, DateTime } from "../../ui/time";
import { type HostnameRecord, isWaiting } from "../custom-hostnames";
import { DOMAINS_PATH, domainPath } from "../domain-paths";
import { endOf, stateOf } from "../domain-state";
import { CHECK_PAUSE_SECONDS, type Domain, type DomainClaim } from "../domains";
import { canFetchFiles, recordName } from "../evidence";
import { DOMAIN_MESSAGES } from "../messages";
import { PROOF_PATH } from "../proof-file";
import { Finding } from "./finding";
import { WebFingerRulesSection } from "./webfinger-rules";
import { WholeHostSection } from "./whole-host";

/** What the page of a domain shows besides the domain. */
interface DomainPageOptions {
  hostname: HostnameRecord | null;
  /** With 400: the provider can have no more custom hostnames. */
  isFull?: boolean;
}

/** Shows a domain. While it waits for its proof, or to lead here, the page checks again by itself. */
export function domainPage(
  c: HonoContext,
  domain: Domain,
  { hostname, isFull = false }: DomainPageOptions,
): HandlerResponse {
  const messages = messagesFor(c, DOMAIN_MESSAGES);
  const { host, claim } = domain;
  const isUnproved = claim !== null && stateOf(domain) !== "active";
  const checksAgain = isUnproved || (hostname !== null && isWaiting(hostname));
  return renderPage(
    c,
    {
      title: host,
      user: c.var.session.account,
      scripts: ["/copy.js", ...(checksAgain ? ["/domain.js"] : [])],
      ...(checksAgain ? { refreshSeconds: CHECK_PAUSE_SECONDS + 10 } : {}),
      ...(isFull ? { status: 400 } : {}),
    },
    <>
      <section>
        <h1>{host}</h1>
        <State c={c} domain={domain} />
        <p class="row">
          <a href={DOMAINS_PATH}>{messages.back}</a>
          <a class="button secondary" href={`${domainPath(host)}/remove`}>
            {messages.remove}
          </a>
        </p>
      </section>
      {isUnproved ? <ProofSection c={c} host={host} claim={claim} /> : null}
      {domain.isActive ? <WebFingerRulesSection c={c} host={host} /> : null}
      {domain.isActive && settings(c.env).ORIGIN !== null ? (
        <WholeHostSection c={c} domain={domain} hostname={hostname} isFull={isFull} />
      ) : null}
    </>,
  );
}

const State = ({ c, domain }: { c: HonoContext; domain: Domain }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES);
  const { host, claim, isActive } = domain;
  const state = stateOf(domain);
  const end = endOf(domain);
  const endDate = end === null ? null : <CalendarDate c={c} at={end} />;
  return (
    <div data-state={state}>
      {state === "active" ? <p class="note">{messages.active}</p> : null}
      {state === "given" ? <p class="note">{messages.states.given}</p> : null}
      {state === "failing" ? (
        <p class="warning">
          {messages.failing} {endDate}
        </p>
      ) : null}
      {state === "taken" ? <p class="warning">{messages.taken}</p> : null}
      {state === "open" ? (
        <p>
          {messages.openUntil} {endDate}
        </p>
      ) : null}
      {isActive ? (
        <>
          <h2>{messages.address}</h2>
          <CopyableText c={c} id="address" text={`${c.var.session.account.name}@${host}`} />
        </>
      ) : null}
      {state === "active" && claim?.verifiedAt ? (
        <p class="muted">
          {messages.verified}: <DateTime c={c} at={claim.verifiedAt} />. {messages.keep}
        </p>
      ) : null}
    </div>
  );
};

interface ClaimProps {
  c: HonoContext;
  host: string;
  claim: DomainClaim;
}

const ProofSection = ({ c, host, claim }: ClaimProps) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES);
  const { dns } = messages;
  const name = recordName(host);
  return (
    <section>
      <h2>{messages.prove}</h2>
      <h3>{dns.title}</h3>
      <p>{dns.about}</p>
      <Facts
        facts={[
          [dns.type, "TXT"],
          [
            dns.name,
            <>
              <CopyableText c={c} id="record-name" text={name} />
              <small>{dns.nameHint(name.slice(0, name.indexOf(".")))}</small>
            </>,
          ],
          [dns.value, <CopyableText c={c} id="record-value" text={claim.value} />],
        ]}
      />
      <Finding id="dns" text={claim.dnsFinding && messages.dnsFindings[claim.dnsFinding]} />
      {canFetchFiles(c.env) ? <FileProof c={c} host={host} claim={claim} /> : null}
      <p class="row">
        <a class="button" href={domainPath(host)}>
          {messages.checkNow}
        </a>
        <span class="muted" data-seconds={CHECK_PAUSE_SECONDS + 1} id="checked">
          {claim.checkedAt === null ? null : (
            <>
              {messages.checked}: <DateTime c={c} at={claim.checkedAt} />.{" "}
            </>
          )}
          {messages.checksAgain}
        </span>
      </p>
    </section>
  );
};

const FileProof = ({ c, host, claim }: ClaimProps) => {
  const { file, fileFindings } = messagesFor(c, DOMAIN_MESSAGES);
  return (
    <>
      <h3>{file.title}</h3>
      <p>{file.about}</p>
      <Facts
        facts={[
          [file.url, <CopyableText c={c} id="file-url" text={`https://${host}${PROOF_PATH}`} />],
          [file.content, <CopyableText c={c} id="file-content" text={claim.value} />],
        ]}
      />
      <Finding id="file" text={claim.fileFinding && fileFindings[claim.fileFinding]} />
    </>
  );
};

/** Asks before a domain is removed. */
export function confirmOwnDomainRemovalPage(c: HonoContext, host: string): HandlerResponse {
  const messages = messagesFor(c, DOMAIN_MESSAGES);
  const title = messages.removal.title(host);
  return renderPage(
    c,
    { title, user: c.var.session.account },
    <ConfirmForm
      c={c}
      title={title}
      text={messages.removal.text}
      submitText={messages.remove}
      isDangerous
      cancelHref={domainPath(host)}
    />,
  );
}
