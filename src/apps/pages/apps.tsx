/** The list of connected apps. */

import type { Account } from "../../accounts/accounts";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { AppUsageRow } from "../../oauth/app-usage";
import type { ConnectedApp } from "../../oauth/connected-apps";
import { describeScopes } from "../../oauth/scope-description";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { SentenceWithLink } from "../../ui/sentence-with-link";
import { CalendarDate, DateTime } from "../../ui/time";
import { APP_MESSAGES } from "../messages";
import { appPath, disconnectPath } from "../paths";
import { storageFirstLink } from "../suggested-apps";
import { groupUsageByGrant, summarizeUsage, type UsageSummary } from "../usage";
import { DoneMessage, describeType } from "./parts";
import { describeUsage, UsageChart } from "./usage-chart";

interface AppsPageProps {
  user: Account;
  /** The user's address, with which apps are opened. */
  address: string;
  now: number;
  page: ListPage<ConnectedApp>;
  /** How many of all apps are not used. */
  unused: number;
  /** Of the apps on the page. */
  usage: AppUsageRow[];
}

/** Lists a page of the connected apps, or says what to do without any. */
export function appsPage(
  c: HonoContext,
  { user, address, now, page, unused, usage }: AppsPageProps,
): HandlerResponse {
  const messages = messagesFor(c, APP_MESSAGES);
  const usageByGrant = groupUsageByGrant(usage);
  const apps = page.items;
  return renderPage(
    c,
    { title: messages.title, user },
    <>
      <DoneMessage c={c} />
      <section>
        <h1>{messages.title}</h1>
        {apps.length === 0 ? (
          <>
            <p>{messages.none}</p>
            <p>
              <SentenceWithLink parts={messages.noneNext} href="/" />
            </p>
          </>
        ) : (
          <>
            <p class="muted">{messages.about}</p>
            {unused === 0 ? null : (
              <p>
                {messages.unused(unused)} <a href="/apps/unused">{messages.reviewUnused}</a>
              </p>
            )}
            <ul class="list">
              {apps.map((app) => (
                <AppItem
                  c={c}
                  app={app}
                  usage={summarizeUsage(usageByGrant, app.grantIds, now)}
                  address={address}
                />
              ))}
            </ul>
            <NextPageLink c={c} next={page.next} />
          </>
        )}
        {apps.length > 1 || !page.isFirst ? (
          <p>
            <a class="button secondary" href="/apps/disconnect-all">
              {messages.disconnectAll}
            </a>
          </p>
        ) : null}
      </section>
      <section>
        <ul class="list">
          <li>
            <div>
              <a href="/device">{messages.connectDevice}</a>
              <small>{messages.connectDeviceAbout}</small>
            </div>
          </li>
          <li>
            <div>
              <a href="/apps/tokens">{messages.createToken}</a>
              <small>{messages.createTokenAbout}</small>
            </div>
          </li>
        </ul>
      </section>
    </>,
  );
}

interface AppItemProps {
  c: HonoContext;
  app: ConnectedApp;
  usage: UsageSummary;
  address: string;
}

const AppItem = ({ c, app, usage, address }: AppItemProps) => {
  const messages = messagesFor(c, APP_MESSAGES);
  const language = languageOf(c);
  return (
    <li>
      <div>
        <AppName app={app} address={address} />
        <small>
          {describeScopes(app.scopes, language)} · {describeType(c, app)}
          <br />
          {messages.connectedAt(
            <CalendarDate c={c} at={app.connectedAt} />,
            app.expiresAt === null ? null : <CalendarDate c={c} at={app.expiresAt} />,
          )}
          <br />
          {usage.lastAt === null ? (
            messages.neverUsed
          ) : (
            <>
              {messages.lastUsed(<DateTime c={c} at={usage.lastAt} />)}
              {usage.requests === 0 ? null : ` · ${describeUsage(usage, language)}`}
            </>
          )}
        </small>
        <UsageChart usage={usage} language={language} />
      </div>
      <a class="button secondary" href={appPath(app)} aria-label={messages.manageLabel(app.name)}>
        {messages.manage}
      </a>
      <a
        class="button secondary"
        href={disconnectPath(app)}
        aria-label={messages.disconnectLabel(app.name)}
      >
        {messages.disconnect}
      </a>
    </li>
  );
};

const AppName = ({ app, address }: { app: ConnectedApp; address: string }) =>
  app.url === "" ? (
    <strong>{app.name}</strong>
  ) : (
    <a class="origin" href={storageFirstLink(app.url, address)} rel="noreferrer">
      {app.name}
    </a>
  );
