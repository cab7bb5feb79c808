/** The settings page: language, account data, public profile, versions, domains; links to security, export and deletion. */

import type { Account, Profile } from "../../accounts/accounts";
import type { ProfileProblem } from "../../accounts/public-profile";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { Facts } from "../../ui/facts";
import { LANGUAGES, languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { CalendarDate } from "../../ui/time";
import type { HistorySize } from "../../user-object/version-sweep";
import { HistorySection } from "../../versions/pages/history-section";
import { DASHBOARD_MESSAGES } from "../messages";
import { PublicProfileSection } from "./public-profile";

/** A public profile as it was typed, and what is wrong with it. */
export interface RefusedProfile {
  typed: { displayName: string; picture: string };
  problem: ProfileProblem;
}

/**
 * Shows the settings and the stored data of an account; with 400 if the public profile that was typed is
 * refused.
 */
export function settingsPage(
  c: HonoContext,
  account: Account,
  profile: Profile,
  history: { size: HistorySize | null; modules: string[] },
  refused?: RefusedProfile,
): HandlerResponse {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).settings;
  return renderPage(
    c,
    { title: messages.title, user: account, ...(refused ? { status: 400 } : {}) },
    <>
      <section>
        <h1>{messages.title}</h1>
        <h2>{messages.language}</h2>
        <p>{messages.languageAbout}</p>
        <LanguageForm c={c} />
      </section>
      <section>
        <h2>{messages.account}</h2>
        <p>{messages.accountAbout}</p>
        <AccountFacts c={c} account={account} profile={profile} />
      </section>
      <PublicProfileSection
        c={c}
        values={
          refused?.typed ?? {
            displayName: profile.displayName ?? "",
            picture: profile.picture ?? "",
          }
        }
        problem={refused?.problem}
      />
      <HistorySection c={c} {...history} />
      <section>
        <h2>{messages.domains}</h2>
        <p>{profile.domains.length === 0 ? messages.noDomains : messages.domainsAbout}</p>
        {profile.domains.length === 0 ? null : (
          <ul class="list">
            {profile.domains.map((host) => (
              <li>
                <span class="origin">{host}</span>
              </li>
            ))}
          </ul>
        )}
        <p>
          <a class="button secondary" href="/settings/domains">
            {messages.manageDomains}
          </a>
        </p>
      </section>
      <section>
        <h2>{messages.signInMethods}</h2>
        <p>
          <SentenceWithLink parts={messages.signInMethodsAbout} href="/security" />
        </p>
      </section>
      <section>
        <h2>{messages.leave}</h2>
        <p>{messages.leaveAbout}</p>
        <p class="row">
          <a class="button secondary" href="/data">
            {messages.export}
          </a>
          <a class="button danger" href="/settings/delete">
            {messages.delete}
          </a>
        </p>
      </section>
    </>,
  );
}

const LanguageForm = ({ c }: { c: HonoContext }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).settings;
  const current = languageOf(c);
  return (
    <form method="post" action="/language">
      <p>{messages.currentLanguage(LANGUAGES[current])}</p>
      <p class="row">
        {Object.entries(LANGUAGES)
          .filter(([language]) => language !== current)
          .map(([language, name]) => (
            <button
              type="submit"
              name="language"
              value={language}
              class="secondary"
              lang={language}
            >
              {name}
            </button>
          ))}
      </p>
    </form>
  );
};

interface AccountFactsProps {
  c: HonoContext;
  account: Account;
  profile: Profile;
}

const AccountFacts = ({ c, account, profile }: AccountFactsProps) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).settings;
  const { createdAt, seenAt, email } = profile;
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  return (
    <Facts
      facts={[
        [messages.name, account.name],
        [messages.address, address],
        [messages.created, <CalendarDate c={c} at={createdAt} />],
        seenAt === null ? null : [messages.seen, <CalendarDate c={c} at={seenAt} />],
        [messages.email, email ?? messages.noEmail],
      ]}
    />
  );
};
