/** The page with the domains of a user, and the form that adds one. */

import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ErrorMessage } from "../../ui/error-message";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { CalendarDate } from "../../ui/time";
import type { NameProblem } from "../domain-name";
import { DOMAINS_PATH, domainPath } from "../domain-paths";
import { endOf, stateOf } from "../domain-state";
import { type Domain, MAX_DOMAINS } from "../domains";
import { DOMAIN_MESSAGES } from "../messages";

/** A name as it was typed, and why it was refused. */
export interface RefusedName {
  typed: string;
  problem: NameProblem | "too-many";
}

/** Shows the domains of the signed-in user; with 400 if the name that was typed is refused. */
export function domainsPage(
  c: HonoContext,
  domains: Domain[],
  refused?: RefusedName,
): HandlerResponse {
  const messages = messagesFor(c, DOMAIN_MESSAGES);
  return renderPage(
    c,
    { title: messages.title, user: c.var.session.account, ...(refused ? { status: 400 } : {}) },
    <>
      <section>
        <h1>{messages.title}</h1>
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
      </section>
      <section>
        <h2>{messages.add}</h2>
        {settings(c.env).DNS_RESOLVERS.length === 0 ? (
          <p>{messages.unavailable}</p>
        ) : (
          <AddForm c={c} refused={refused} />
        )}
      </section>
    </>,
  );
}

const DomainItem = ({ c, domain }: { c: HonoContext; domain: Domain }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES);
  const end = endOf(domain);
  return (
    <li>
      <div>
        <span class="origin">{domain.host}</span>
        <span class="muted">
          {messages.states[stateOf(domain)]}
          {end === null ? null : (
            <>
              {" · "}
              <CalendarDate c={c} at={end} />
            </>
          )}
        </span>
      </div>
      <a
        class="button secondary"
        href={domainPath(domain.host)}
        aria-label={messages.detailsOf(domain.host)}
      >
        {messages.details}
      </a>
    </li>
  );
};

const AddForm = ({ c, refused }: { c: HonoContext; refused: RefusedName | undefined }) => {
  const messages = messagesFor(c, DOMAIN_MESSAGES);
  return (
    <form method="post" action={DOMAINS_PATH}>
      {refused === undefined ? null : (
        <ErrorMessage>
          {refused.problem === "too-many"
            ? messages.tooMany(MAX_DOMAINS)
            : messages.nameProblems[refused.problem]}
        </ErrorMessage>
      )}
      <div class="field">
        <label for="domain">{messages.domain}</label>
        <input
          id="domain"
          name="domain"
          value={refused?.typed ?? ""}
          maxlength={300}
          required
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          aria-describedby="domain-hint"
        />
        <small id="domain-hint">{messages.domainHint}</small>
      </div>
      <button type="submit">{messages.submit}</button>
    </form>
  );
};
