/** The section that says how the web site of a domain sends WebFinger requests here. */

import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { CopyButton } from "../../ui/copy-button";
import { messagesFor } from "../../ui/language";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { domainPath } from "../domain-paths";
import { DOMAIN_MESSAGES } from "../messages";
import { type WebFingerRule, webFingerRules } from "../webfinger-rules";

/** Lists what to configure or upload, by the program or host of the web site. */
export const WebFingerRulesSection = ({ c, host }: { c: HonoContext; host: string }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).webFingerRules;
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  return (
    <section>
      <h2>{messages.title}</h2>
      <p>{messages.about(host)}</p>
      {webFingerRules(pages).map((rule, index) => (
        <details>
          <summary>{rule.program}</summary>
          <RuleText c={c} host={host} rule={rule} id={`rule-${index}`} />
        </details>
      ))}
      <p>
        <SentenceWithLink parts={messages.anywhere} href={jrdPath(host)} />
      </p>
    </section>
  );
};

const jrdPath = (host: string): string => `${domainPath(host)}/webfinger`;

const RuleText = ({
  c,
  host,
  rule,
  id,
}: {
  c: HonoContext;
  host: string;
  rule: WebFingerRule;
  id: string;
}) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).webFingerRules;
  return (
    <>
      {rule.kind === "file" ? (
        <p>
          <SentenceWithLink parts={messages.upload} href={jrdPath(host)} />
        </p>
      ) : null}
      <p>
        {rule.text === ""
          ? messages.emptyFile(rule.fileName ?? "")
          : rule.fileName === null
            ? messages.site(host)
            : messages.file(rule.fileName)}
      </p>
      {rule.text === "" ? null : (
        <>
          <pre class="address" id={id}>
            {rule.text}
          </pre>
          <CopyButton c={c} id={id} />
        </>
      )}
    </>
  );
};
