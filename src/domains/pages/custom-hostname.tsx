/** How a domain leads here by a custom hostname: what to enter, and its state at Cloudflare. */

import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { CopyableText } from "../../ui/copy-button";
import { ErrorMessage } from "../../ui/error-message";
import { Facts } from "../../ui/facts";
import { messagesFor } from "../../ui/language";
import { DateTime } from "../../ui/time";
import { type HostnameRecord, isWaiting } from "../custom-hostnames";
import { domainPath } from "../domain-paths";
import { CHECK_PAUSE_SECONDS } from "../domains";
import { certificateStateOf, hostStateOf, isHostnameReady, isStuck } from "../hostname-state";
import { DOMAIN_MESSAGES } from "../messages";
import { Finding } from "./finding";

/** Asks for the custom hostname of a domain, or shows it, with what there is to do; null: the user has not asked for one. */
export const CustomHostnameSteps = ({
  c,
  host,
  hostname,
  isFull,
}: {
  c: HonoContext;
  host: string;
  hostname: HostnameRecord | null;
  /** Whether the provider has as many as it may have. */
  isFull: boolean;
}) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).customHostname;
  return (
    <>
      {isFull ? <ErrorMessage>{messages.problems.quota}</ErrorMessage> : null}
      {hostname === null ? (
        <>
          <p>{messages.startAbout}</p>
          <HostnameForm host={host} action="on" text={messages.start} />
        </>
      ) : (
        <div data-state={stateName(hostname)}>
          <HostnameState c={c} hostname={hostname} />
          {isWaiting(hostname) ? <NextCheck c={c} hostname={hostname} /> : null}
          {isStuck(hostname) ? (
            <HostnameForm host={host} action="on" text={messages.again} />
          ) : null}
        </div>
      )}
    </>
  );
};

/** The form that deletes the custom hostname of a domain. */
export const StopHostname = ({ c, host }: { c: HonoContext; host: string }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).customHostname;
  return (
    <>
      <p class="muted">{messages.stopAbout}</p>
      <HostnameForm host={host} action="off" text={messages.stop} isSecondary />
    </>
  );
};

/** Once it is another one, the page has to be loaded anew. */
const stateName = (hostname: HostnameRecord): string =>
  isHostnameReady(hostname) ? "ready" : isStuck(hostname) ? "stuck" : "waiting";

const HostnameState = ({ c, hostname }: { c: HonoContext; hostname: HostnameRecord }) => {
  const { customHostname: messages } = messagesFor(c, DOMAIN_MESSAGES);
  const { host, id, problem, errors, status } = hostname;
  const isMade = id !== null || status !== null;
  return (
    <>
      {isHostnameReady(hostname) ? (
        <details>
          <summary>{messages.record}</summary>
          <DnsRecord c={c} host={host} />
        </details>
      ) : (
        <>
          <p>{messages.enter}</p>
          <DnsRecord c={c} host={host} />
        </>
      )}
      <Finding id="hostname-problem" text={problem && messages.problems[problem]} />
      <Finding id="hostname" text={isMade ? messages.hostStates[hostStateOf(hostname)] : null} />
      <Finding
        id="certificate"
        text={id === null ? null : messages.certificateStates[certificateStateOf(hostname)]}
      />
      <Finding
        id="hostname-errors"
        text={errors.length === 0 ? null : messages.errors(errors.join(" · "))}
      />
    </>
  );
};

const DnsRecord = ({ c, host }: { c: HonoContext; host: string }) => {
  const { customHostname: messages, dns } = messagesFor(c, DOMAIN_MESSAGES);
  return (
    <Facts
      facts={[
        [dns.type, "CNAME"],
        [dns.name, <CopyableText c={c} id="cname-name" text={host} />],
        [
          messages.target,
          <>
            <CopyableText c={c} id="cname" text={settings(c.env).CUSTOM_HOSTNAMES_TARGET} />
            <small>{messages.nameHint}</small>
          </>,
        ],
      ]}
    />
  );
};

const NextCheck = ({ c, hostname }: { c: HonoContext; hostname: HostnameRecord }) => {
  const { checked, checksAgain } = messagesFor(c, DOMAIN_MESSAGES);
  return (
    <p class="muted" data-seconds={CHECK_PAUSE_SECONDS + 1}>
      {hostname.checkedAt === null ? null : (
        <>
          {checked}: <DateTime c={c} at={hostname.checkedAt} />.{" "}
        </>
      )}
      {checksAgain}
    </p>
  );
};

const HostnameForm = ({
  host,
  action,
  text,
  isSecondary = false,
}: {
  host: string;
  action: "on" | "off";
  text: string;
  isSecondary?: boolean;
}) => (
  <form method="post" action={`${domainPath(host)}/hostname`}>
    <p class="row">
      <button
        type="submit"
        name="hostname"
        value={action}
        {...(isSecondary ? { class: "secondary" } : {})}
      >
        {text}
      </button>
    </p>
  </form>
);
