/** The section that says how to lead a domain here. */

import { settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { CopyButton } from "../../ui/copy-button";
import { messagesFor } from "../../ui/language";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { domainPath } from "../domain-paths";
import { type LeadHere, leadHere } from "../lead-here";
import { DOMAIN_MESSAGES } from "../messages";

/** For a web site of the user's, wherever it is. */
export const LeadHereSection = ({ c, host }: { c: HonoContext; host: string }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).leadHere;
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  return (
    <section>
      <h2>{messages.title}</h2>
      <p>{messages.about(host)}</p>
      {leadHere(pages).map((way, index) => (
        <details>
          <summary>{way.program}</summary>
          <Way c={c} host={host} way={way} id={`rule-${index}`} />
        </details>
      ))}
      <p>
        <SentenceWithLink parts={messages.anywhere} href={jrdPath(host)} />
      </p>
    </section>
  );
};

const jrdPath = (host: string): string => `${domainPath(host)}/webfinger`;

const Way = ({ c, host, way, id }: { c: HonoContext; host: string; way: LeadHere; id: string }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES).leadHere;
  return (
    <>
      {way.kind === "file" ? (
        <p>
          <SentenceWithLink parts={messages.upload} href={jrdPath(host)} />
        </p>
      ) : null}
      <p>
        {way.text === ""
          ? messages.emptyFile(way.fileName ?? "")
          : way.fileName === null
            ? messages.site(host)
            : messages.file(way.fileName)}
      </p>
      {way.text === "" ? null : (
        <>
          <pre class="address" id={id}>
            {way.text}
          </pre>
          <CopyButton c={c} id={id} />
        </>
      )}
    </>
  );
};
