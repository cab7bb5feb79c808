/** The page of one connected app: its permissions and usage, and a form that reduces its access. */

import type { Account } from "../../accounts/accounts";
import { MAX_SCOPES, type Scope } from "../../core/scope";
import type { HandlerResponse, HonoContext } from "../../http/context";
import type { AppUsageRow } from "../../oauth/app-usage";
import type { ConnectedApp } from "../../oauth/connected-apps";
import { DURATIONS, type Duration, expiryOf } from "../../oauth/consent-form";
import { OAUTH_MESSAGES } from "../../oauth/messages";
import { ScopeList } from "../../oauth/pages/consent-fields";
import { describeScopes } from "../../oauth/scope-description";
import { ErrorMessage } from "../../ui/error-message";
import { formatDate } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { CalendarDate, DateTime } from "../../ui/time";
import { APP_MESSAGES } from "../messages";
import { appPath, disconnectPath } from "../paths";
import { storageFirstLink } from "../suggested-apps";
import { groupUsageByGrant, summarizeUsage, type UsageSummary } from "../usage";
import { DoneMessage, describeType } from "./parts";
import { describeUsage, UsageChart } from "./usage-chart";

/** Why the permissions were not changed. */
export type ChangeProblem = keyof (typeof APP_MESSAGES)["en"]["problems"];

interface AppPageProps {
  user: Account;
  /** The user's address, with which the app is opened. */
  address: string;
  now: number;
  app: ConnectedApp;
  usage: AppUsageRow[];
  problem?: ChangeProblem | undefined;
}

/** Shows one app; with 400 or 409 if the form has a problem. */
export function appPage(
  c: HonoContext,
  { user, address, now, app, usage, problem }: AppPageProps,
): HandlerResponse {
  const messages = messagesFor(c, APP_MESSAGES);
  const language = languageOf(c);
  const summary = summarizeUsage(groupUsageByGrant(usage), app.grantIds, now);
  const status = problem === "changed" ? 409 : 400;
  return renderPage(
    c,
    { title: app.name, user, ...(problem ? { status } : {}) },
    <>
      <DoneMessage c={c} />
      <section>
        <h1 class="origin">{app.name}</h1>
        <AppFacts c={c} app={app} usage={summary} />
        {summary.requests === 0 ? null : (
          <>
            <UsageChart usage={summary} language={language} />
            <p class="muted">{messages.legend}</p>
          </>
        )}
        <p class="row">
          {app.url === "" ? null : (
            <a class="button" href={storageFirstLink(app.url, address)} rel="noreferrer">
              {messages.open}
            </a>
          )}
          <a class="button danger" href={disconnectPath(app)}>
            {messages.disconnect}
          </a>
        </p>
      </section>
      <PermissionsForm c={c} app={app} now={now} problem={problem} />
    </>,
  );
}

interface AppFactsProps {
  c: HonoContext;
  app: ConnectedApp;
  usage: UsageSummary;
}

const AppFacts = ({ c, app, usage }: AppFactsProps) => {
  const messages = messagesFor(c, APP_MESSAGES);
  const language = languageOf(c);
  return (
    <dl class="facts">
      <dt>{messages.facts.permissions}</dt>
      <dd>{describeScopes(app.scopes, language)}</dd>
      <dt>{messages.facts.type}</dt>
      <dd>{describeType(c, app)}</dd>
      <dt>{messages.facts.since}</dt>
      <dd>
        <CalendarDate c={c} at={app.connectedAt} />
      </dd>
      <dt>{messages.facts.end}</dt>
      <dd>{app.expiresAt === null ? messages.noEnd : <CalendarDate c={c} at={app.expiresAt} />}</dd>
      <dt>{messages.facts.lastUsed}</dt>
      <dd>{usage.lastAt === null ? messages.neverUsed : <DateTime c={c} at={usage.lastAt} />}</dd>
      <dt>{messages.facts.usage}</dt>
      <dd>{describeUsage(usage, language)}</dd>
    </dl>
  );
};

interface PermissionsFormProps {
  c: HonoContext;
  app: ConnectedApp;
  now: number;
  problem: ChangeProblem | undefined;
}

const PermissionsForm = ({ c, app, now, problem }: PermissionsFormProps) => {
  const messages = messagesFor(c, APP_MESSAGES);
  const { ends } = messages;
  const currentEnd = app.expiresAt === null ? null : formatDate(languageOf(c), app.expiresAt);
  return (
    <form method="post" action={appPath(app)} class="card">
      <h2>{messages.change}</h2>
      {problem ? <ErrorMessage>{messages.problems[problem]}</ErrorMessage> : null}
      <p>{messages.changeAbout}</p>
      <ScopeList scopes={listedScopes(app)} messages={messagesFor(c, OAUTH_MESSAGES)} />
      {app.scopes.length > MAX_SCOPES ? <p>{messages.moreModules}</p> : null}
      <div class="field">
        <label for="end">{messages.end}</label>
        <select id="end" name="end">
          <option value="keep">{ends.keep(currentEnd)}</option>
          {earlierEnds(app, now).map((end) => (
            <option value={end}>{ends[end]}</option>
          ))}
        </select>
      </div>
      <p>
        <button type="submit">{messages.save}</button>
      </p>
    </form>
  );
};

/**
 * The scopes that the form can reduce. All grants of an app together may have more than fit in a form:
 * then those with the most access come first, and a module that is not listed keeps its level.
 */
const listedScopes = ({ scopes }: ConnectedApp): Scope[] =>
  scopes.length <= MAX_SCOPES
    ? scopes
    : scopes.toSorted((a, b) => b.level.length - a.level.length).slice(0, MAX_SCOPES);

type LimitedDuration = Exclude<Duration, "always">;

/** The durations after which the access would end earlier than it does now. */
const earlierEnds = ({ expiresAt }: ConnectedApp, now: number): LimitedDuration[] =>
  (Object.keys(DURATIONS) as Duration[]).filter(
    (duration): duration is LimitedDuration =>
      duration !== "always" &&
      (expiryOf(duration, now) ?? 0) < (expiresAt ?? Number.POSITIVE_INFINITY),
  );
