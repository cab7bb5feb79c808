/** The pages about connected apps: all of them, one of them, and the questions before the end. */

import type { Context } from "hono";
import type { Account } from "../../accounts/accounts";
import type { AppUsageRow } from "../../oauth/app-usage";
import { DURATIONS, type Duration, expiryOf } from "../../oauth/consent-answer";
import { type ConnectedApp, describeScopes } from "../../oauth/grants";
import { OAUTH_MESSAGES as OAUTH_WORDS } from "../../oauth/messages";
import { ScopeList } from "../../oauth/pages/consent-fields";
import { formatDate, formatDateTime } from "../../ui/format";
import { type Language, languageOf, messagesFor } from "../../ui/language";
import { ErrorMessage, renderPage, SentenceWithLink } from "../../ui/layout";
import { APP_MESSAGES } from "../messages";
import { storageFirstLink } from "../suggested-apps";
import { describeUse, groupUse, sumUse, type UseByGrant, UsePicture } from "./usage";

type Words = (typeof APP_MESSAGES)["en"];

/** Whose apps they are, and when it is. */
export interface Viewer {
  person: Account;
  address: string;
  now: number;
}

/** With hundreds of apps the others have theirs on their own page. */
const MAX_PICTURES = 50;

/** All connected apps, or what to do without any. */
export function appsPage(
  c: Context,
  viewer: Viewer,
  apps: ConnectedApp[],
  use: AppUsageRow[],
): Response | Promise<Response> {
  const words = messagesFor(c, APP_MESSAGES);
  const useByGrant = groupUse(use);
  return renderPage(
    c,
    { title: words.title, person: viewer.person },
    <>
      <Done c={c} />
      <section>
        <h1>{words.title}</h1>
        {apps.length === 0 ? (
          <>
            <p>{words.none}</p>
            <p>
              <SentenceWithLink words={words.noneNext} href="/" />
            </p>
          </>
        ) : (
          <>
            <p class="faint">{words.intro}</p>
            <ul class="list">
              {apps.map((app, at) => (
                <AppItem
                  app={app}
                  use={useByGrant}
                  viewer={viewer}
                  language={languageOf(c)}
                  hasPicture={at < MAX_PICTURES}
                />
              ))}
            </ul>
          </>
        )}
        {apps.length > 1 ? (
          <p>
            <a class="button quiet" href="/apps/disconnect-all">
              {words.disconnectAll}
            </a>
          </p>
        ) : null}
      </section>
      <section>
        <ul class="list">
          <li>
            <div>
              <a href="/device">{words.device}</a>
              <small>{words.deviceAbout}</small>
            </div>
          </li>
          <li>
            <div>
              <a href="/apps/tokens">{words.token}</a>
              <small>{words.tokenAbout}</small>
            </div>
          </li>
        </ul>
      </section>
    </>,
  );
}

interface AppProps {
  app: ConnectedApp;
  use: UseByGrant;
  viewer: Viewer;
  language: Language;
  hasPicture: boolean;
}

const AppItem = ({ app, use, viewer, language, hasPicture }: AppProps) => {
  const words = APP_MESSAGES[language];
  const used = sumUse(use, app.grantIds, viewer.now);
  return (
    <li>
      <div>
        <AppName app={app} address={viewer.address} />
        <small>
          {describeScopes(app.scopes, language)}
          <br />
          {words.since(formatDate(language, app.connectedAt))}, {untilOf(app, language)},{" "}
          {app.flows.map((flow) => words.flows[flow]).join("; ")}
          <br />
          {used.lastAt === null ? (
            words.neverUsed
          ) : (
            <>
              {words.lastUsed(formatDateTime(language, used.lastAt))}; {describeUse(used, language)}
            </>
          )}
        </small>
        {hasPicture ? <UsePicture use={used} language={language} /> : null}
      </div>
      <a class="button quiet" href={pathOf("app", app)} aria-label={words.detailsOf(app.name)}>
        {words.details}
      </a>
      <a
        class="button quiet"
        href={pathOf("disconnect", app)}
        aria-label={words.disconnectIt(app.name)}
      >
        {words.disconnect}
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

/** Where the page about an app is, or the question whether to disconnect it. */
/** Says what was done, after the form of another page. */
const Done = ({ c }: { c: Context }) => {
  const { done } = messagesFor(c, APP_MESSAGES);
  const after = c.req.query("after") ?? "";
  return Object.hasOwn(done, after) ? (
    <p class="note" role="status">
      {done[after as keyof typeof done]}
    </p>
  ) : null;
};

export const pathOf = (page: "app" | "disconnect", { id }: Pick<ConnectedApp, "id">): string =>
  `/apps/${page}?${new URLSearchParams(page === "app" ? { id } : { app: id })}`;

const untilOf = ({ expiresAt: until }: ConnectedApp, language: Language): string => {
  const words = APP_MESSAGES[language];
  return until === null ? words.untilDisconnected : words.until(formatDate(language, until));
};

/** What was wrong with a change. */
export type ChangeProblem = keyof Words["problems"];

/** One app, with a form that takes something away from it. */
export function appPage(
  c: Context,
  viewer: Viewer,
  app: ConnectedApp,
  use: AppUsageRow[],
  problem?: ChangeProblem,
): Response | Promise<Response> {
  const words = messagesFor(c, APP_MESSAGES);
  const language = languageOf(c);
  const used = sumUse(groupUse(use), app.grantIds, viewer.now);
  const status = problem === "changed" ? 409 : 400;
  return renderPage(
    c,
    { title: app.name, person: viewer.person, ...(problem ? { status } : {}) },
    <>
      <Done c={c} />
      <section>
        <h1 class="origin">{app.name}</h1>
        <dl class="pairs">
          <dt>{words.facts.may}</dt>
          <dd>{describeScopes(app.scopes, language)}</dd>
          <dt>{words.facts.how}</dt>
          <dd>{app.flows.map((flow) => words.flows[flow]).join("; ")}</dd>
          <dt>{words.facts.since}</dt>
          <dd>{formatDate(language, app.connectedAt)}</dd>
          <dt>{words.facts.until}</dt>
          <dd>
            {app.expiresAt === null ? words.disconnected : formatDate(language, app.expiresAt)}
          </dd>
          <dt>{words.facts.last}</dt>
          <dd>{used.lastAt === null ? words.neverUsed : formatDateTime(language, used.lastAt)}</dd>
          <dt>{words.facts.use}</dt>
          <dd>{describeUse(used, language)}</dd>
        </dl>
        {used.requests === 0 ? null : (
          <>
            <UsePicture use={used} language={language} />
            <p class="faint">{words.legend}</p>
          </>
        )}
        <p class="row">
          {app.url === "" ? null : (
            <a class="button" href={storageFirstLink(app.url, viewer.address)} rel="noreferrer">
              {words.open}
            </a>
          )}
          <a class="button danger" href={pathOf("disconnect", app)}>
            {words.disconnect}
          </a>
        </p>
      </section>
      <form method="post" action={pathOf("app", app)} class="card">
        <h2>{words.change}</h2>
        {problem ? <ErrorMessage>{words.problems[problem]}</ErrorMessage> : null}
        <p>{words.changeAbout}</p>
        <ScopeList scopes={app.scopes} words={OAUTH_WORDS[language]} />
        <div class="field">
          <label for="end">{words.end}</label>
          <select id="end" name="end">
            <option value="keep">{words.ends.keep(untilOf(app, language))}</option>
            {endsOf(app, viewer.now).map((end) => (
              <option value={end}>{words.ends[end]}</option>
            ))}
          </select>
        </div>
        <p>
          <button type="submit">{words.save}</button>
        </p>
      </form>
    </>,
  );
}

type End = Exclude<Duration, "always">;

/** The ends that are earlier than the one that the app has. */
const endsOf = ({ expiresAt: until }: ConnectedApp, now: number): End[] =>
  (Object.keys(DURATIONS) as Duration[]).filter(
    (end): end is End =>
      end !== "always" && (expiryOf(end, now) ?? 0) < (until ?? Number.POSITIVE_INFINITY),
  );

/** Asks once, before one app or all of them (null) lose their access. */
export function disconnectPage(
  c: Context,
  person: Account,
  app: ConnectedApp | null,
): Response | Promise<Response> {
  const words = messagesFor(c, APP_MESSAGES);
  const title = app === null ? words.questionAll : words.question(app.name);
  return renderPage(
    c,
    { title, person },
    <form
      method="post"
      action={app === null ? "/apps/disconnect-all" : pathOf("disconnect", app)}
      class="card"
    >
      <h1>{title}</h1>
      <p>{app === null ? words.consequenceAll : words.consequence}</p>
      <p class="row">
        <button type="submit" class="danger">
          {app === null ? words.yesAll : words.yes}
        </button>
        <a class="button quiet" href="/apps">
          {words.no}
        </a>
      </p>
    </form>,
  );
}
