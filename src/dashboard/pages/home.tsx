/** The home page of a signed-in user: address, lockout warning, apps, usage. */

import { encode } from "uqr";
import type { Account, SignInMethods } from "../../accounts/accounts";
import { APP_MESSAGES } from "../../apps/messages";
import { disconnectPath } from "../../apps/paths";
import { SUGGESTED_APPS, storageFirstLink } from "../../apps/suggested-apps";
import { settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import type { ConnectedApp, CountedApps } from "../../oauth/connected-apps";
import { describeScopes } from "../../oauth/scope-description";
import type { Usage } from "../../storage/usage";
import { CopyableText } from "../../ui/copy-button";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { CalendarDate } from "../../ui/time";
import { DASHBOARD_MESSAGES } from "../messages";

/** Only the latest apps are listed; a link leads to all of them. */
export const MAX_LISTED_APPS = 6;

interface HomePageProps {
  /** The latest apps, and the number of all. */
  latest: CountedApps;
  signInMethods: SignInMethods;
  usage: Usage;
}

/** Shows the user's address, a warning if there is one, and the apps. */
export function homePage(
  c: HonoContext,
  account: Account,
  { latest: { apps, count }, signInMethods, usage }: HomePageProps,
): HandlerResponse {
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  const messages = messagesFor(c, DASHBOARD_MESSAGES).home;
  return renderPage(
    c,
    { title: messages.title, user: account, scripts: ["/copy.js"] },
    <>
      <LockoutWarning c={c} signInMethods={signInMethods} />
      <section>
        <h1>{messages.address}</h1>
        <p>{messages.addressUse}</p>
        <CopyableText c={c} id="address" text={address} />
        <details>
          <summary>{messages.showQrCode}</summary>
          <QrCode text={address} title={messages.qrCode(address)} />
        </details>
      </section>
      <section>
        <h2>{messages.connected}</h2>
        {apps.length === 0 ? (
          <p class="muted">{messages.noApps}</p>
        ) : (
          <ul class="list">
            {apps.map((app) => (
              <AppItem c={c} app={app} address={address} />
            ))}
          </ul>
        )}
        <p>
          <a href="/apps">
            {count > MAX_LISTED_APPS
              ? messages.manageAllApps(formatCount(languageOf(c), count))
              : messages.manageApps}
          </a>
        </p>
      </section>
      <section>
        <h2>{messages.suggested}</h2>
        <ul class="list">
          {SUGGESTED_APPS.map(({ name, url, about }) => (
            <li>
              <a href={storageFirstLink(url, address)} rel="noreferrer">
                {name}
              </a>
              <span class="muted">{messages.about[about]}</span>
            </li>
          ))}
        </ul>
      </section>
      <UsageLine c={c} usage={usage} />
    </>,
  );
}

/** Warns a user who could get locked out; renders nothing for others. */
const LockoutWarning = ({ c, signInMethods }: { c: HonoContext; signInMethods: SignInMethods }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).home;
  const count = signInMethods.passkeys + (signInMethods.hasPassword ? 1 : 0);
  if (signInMethods.recoveryCodes > 0 && count > 1) return null;
  const [text, linkText] =
    count === 0
      ? [messages.noMethod, messages.addMethod]
      : signInMethods.recoveryCodes === 0
        ? [messages.noRecoveryCodes, messages.createRecoveryCodes]
        : [messages.onlyOneMethod, messages.addMethod];
  return (
    <p class="warning">
      {text} <a href="/security">{linkText}</a>
    </p>
  );
};

/** Always black on white: many readers cannot read inverted codes. */
const QrCode = ({ text, title }: { text: string; title: string }) => {
  const { size, data } = encode(text, { border: 4 });
  const darkModules = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return (
    <svg role="img" aria-label={title} viewBox={`0 0 ${size} ${size}`} width="220" height="220">
      <rect width={size} height={size} fill="white" />
      <path d={darkModules.join("")} fill="black" shape-rendering="crispEdges" />
    </svg>
  );
};

const AppItem = ({ c, app, address }: { c: HonoContext; app: ConnectedApp; address: string }) => {
  const { home } = messagesFor(c, DASHBOARD_MESSAGES);
  const appMessages = messagesFor(c, APP_MESSAGES);
  return (
    <li>
      <div>
        {app.url === "" ? (
          <strong>{app.name}</strong>
        ) : (
          <a href={storageFirstLink(app.url, address)} rel="noreferrer">
            {app.name}
          </a>
        )}
        <small>
          {describeScopes(app.scopes, languageOf(c))}
          <br />
          {home.connectedAt(
            <CalendarDate c={c} at={app.connectedAt} />,
            app.expiresAt === null ? null : <CalendarDate c={c} at={app.expiresAt} />,
          )}
        </small>
      </div>
      <a
        class="button secondary"
        href={disconnectPath(app)}
        aria-label={appMessages.disconnectLabel(app.name)}
      >
        {appMessages.disconnect}
      </a>
    </li>
  );
};

const UsageLine = ({ c, usage }: { c: HonoContext; usage: Usage }) => {
  const messages = messagesFor(c, DASHBOARD_MESSAGES).home;
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  return (
    <p class="muted">
      {messages.usage(bytes(usage.usedBytes), bytes(usage.quotaBytes))}{" "}
      <a href="/data">{messages.showData}</a>
    </p>
  );
};
