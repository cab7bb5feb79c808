/** What somebody can set, and what is kept about them. */

import type { Account } from "../../accounts/accounts";
import type { Profile } from "../../accounts/profile";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { formatDate } from "../../ui/format";
import { LANGUAGES, languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

/** The language, what is kept, and the ways to leave. */
export function settingsPage(c: HonoContext, account: Account, profile: Profile): HandlerResponse {
  const words = messagesFor(c, DASHBOARD_MESSAGES).settings;
  return renderPage(
    c,
    { title: words.title, person: account },
    <>
      <section>
        <h1>{words.title}</h1>
        <h2>{words.language}</h2>
        <p>{words.languageWhat}</p>
        <LanguageForm c={c} />
      </section>
      <section>
        <h2>{words.about}</h2>
        <p>{words.aboutWhat}</p>
        <Person c={c} account={account} profile={profile} />
      </section>
      <section>
        <h2>{words.domains}</h2>
        <p>{profile.domains.length === 0 ? words.noDomains : words.domainsWhat}</p>
        {profile.domains.length === 0 ? null : (
          <ul class="list">
            {profile.domains.map((host) => (
              <li>
                <span class="origin">{host}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section>
        <h2>{words.security}</h2>
        <p>
          {words.securityWhat} <a href="/security">{words.toSecurity}</a>
        </p>
      </section>
      <section>
        <h2>{words.leave}</h2>
        <p>{words.leaveWhat}</p>
        <p class="row">
          <a class="button quiet" href="/data">
            {words.export}
          </a>
          <a class="button danger" href="/settings/delete">
            {words.delete}
          </a>
        </p>
      </section>
    </>,
  );
}

const LanguageForm = ({ c }: { c: HonoContext }) => {
  const now = languageOf(c);
  return (
    <form method="post" action="/language">
      <p>{messagesFor(c, DASHBOARD_MESSAGES).settings.languageNow(LANGUAGES[now])}</p>
      <p class="row">
        {Object.entries(LANGUAGES)
          .filter(([language]) => language !== now)
          .map(([language, name]) => (
            <button type="submit" name="language" value={language} class="quiet" lang={language}>
              {name}
            </button>
          ))}
      </p>
    </form>
  );
};

interface PersonProps {
  c: HonoContext;
  account: Account;
  profile: Profile;
}

const Person = ({ c, account, profile }: PersonProps) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).settings;
  return (
    <dl class="pairs">
      <dt>{words.name}</dt>
      <dd>{account.name}</dd>
      <dt>{words.address}</dt>
      <dd>{userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name)}</dd>
      <dt>{words.since}</dt>
      <dd>{formatDate(languageOf(c), profile.createdAt)}</dd>
      {profile.seenAt === null ? null : (
        <>
          <dt>{words.seen}</dt>
          <dd>{formatDate(languageOf(c), profile.seenAt)}</dd>
        </>
      )}
      <dt>{words.email}</dt>
      <dd>{profile.email ?? words.noEmail}</dd>
    </dl>
  );
};
