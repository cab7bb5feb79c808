/** The home page of somebody who is signed in. */

import type { Context } from "hono";
import { encode } from "uqr";
import type { Account } from "../../accounts/accounts";
import type { waysIn } from "../../accounts/sign-in-methods";
import { APP_MESSAGES as APPS_WORDS } from "../../apps/messages";
import { pathOf } from "../../apps/pages/apps";
import { SUGGESTED_APPS, storageFirstLink } from "../../apps/suggested-apps";
import { type Env, settings } from "../../env";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { type ConnectedApp, describeScopes } from "../../oauth/grants";
import type { Usage } from "../../storage/usage";
import { formatBytes, formatCount, formatDate } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { Copyable, renderPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";

type HomeContext = Context<{ Bindings: Env }>;

/** Of more apps these are the latest; a link leads to all of them. */
const MAX_APPS = 6;

/** How many ways in somebody has. */
type Ways = Awaited<ReturnType<typeof waysIn>>;

/** What the page tells beside the address. */
interface Home {
  apps: ConnectedApp[];
  ways: Ways;
  usage: Usage;
}

/** The address, what to do next, and the apps. */
export function homePage(
  c: HomeContext,
  account: Account,
  { apps, ways, usage }: Home,
): Response | Promise<Response> {
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  const words = messagesFor(c, DASHBOARD_MESSAGES).home;
  return renderPage(
    c,
    { title: words.title, person: account, scripts: ["/copy.js"] },
    <>
      <Notice c={c} ways={ways} />
      <section>
        <h1>{words.address}</h1>
        <p>{words.addressUse}</p>
        <Copyable c={c} id="address" text={address} />
        <details>
          <summary>{words.qrUse}</summary>
          <QrCode text={address} title={words.qr(address)} />
        </details>
      </section>
      <section>
        <h2>{words.connected}</h2>
        {apps.length === 0 ? (
          <p class="faint">{words.noApps}</p>
        ) : (
          <ul class="list">
            {apps.slice(-MAX_APPS).map((app) => (
              <AppItem c={c} app={app} address={address} />
            ))}
          </ul>
        )}
        <p>
          <a href="/apps">
            {apps.length > MAX_APPS
              ? words.moreApps(formatCount(languageOf(c), apps.length))
              : words.allApps}
          </a>
        </p>
      </section>
      <section>
        <h2>{words.open}</h2>
        <ul class="list">
          {SUGGESTED_APPS.map(({ name, url, about }) => (
            <li>
              <a href={storageFirstLink(url, address)} rel="noreferrer">
                {name}
              </a>
              <span class="faint">{words.about[about]}</span>
            </li>
          ))}
        </ul>
      </section>
      <UsageLine c={c} usage={usage} />
    </>,
  );
}

/** The one thing to do next for who could be locked out; nothing for others. */
const Notice = ({ c, ways }: { c: HomeContext; ways: Ways }) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).home;
  const count = ways.passkeys + (ways.hasPassword ? 1 : 0);
  if (ways.recoveryCodes > 0 && count > 1) return null;
  const [text, link] =
    count === 0
      ? [words.noWayIn, words.addWayIn]
      : ways.recoveryCodes === 0
        ? [words.noRecoveryCodes, words.makeRecoveryCodes]
        : [words.onlyOneWayIn, words.addWayIn];
  return (
    <p class="warning">
      {text} <a href="/security">{link}</a>
    </p>
  );
};

/** Always black on white: many readers know no other. */
const QrCode = ({ text, title }: { text: string; title: string }) => {
  const { size, data } = encode(text, { border: 4 });
  const dark = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return (
    <svg role="img" aria-label={title} viewBox={`0 0 ${size} ${size}`} width="220" height="220">
      <rect width={size} height={size} fill="white" />
      <path d={dark.join("")} fill="black" shape-rendering="crispEdges" />
    </svg>
  );
};

const AppItem = ({ c, app, address }: { c: HomeContext; app: ConnectedApp; address: string }) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES);
  const appsWords = messagesFor(c, APPS_WORDS);
  const day = (milliseconds: number) => formatDate(languageOf(c), milliseconds);
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
          {app.expiresAt === null
            ? words.home.since(day(app.connectedAt))
            : words.home.sinceUntil(day(app.connectedAt), day(app.expiresAt))}
        </small>
      </div>
      <a
        class="button quiet"
        href={pathOf("disconnect", app)}
        aria-label={appsWords.disconnectIt(app.name)}
      >
        {appsWords.disconnect}
      </a>
    </li>
  );
};

const UsageLine = ({ c, usage }: { c: HomeContext; usage: Usage }) => {
  const words = messagesFor(c, DASHBOARD_MESSAGES).home;
  const bytes = (count: number) => formatBytes(languageOf(c), count);
  return (
    <p class="faint">
      {words.usage(bytes(usage.usedBytes), bytes(usage.quotaBytes))}{" "}
      <a href="/data">{words.showData}</a>
    </p>
  );
};
