/** The page of a move: how far it has come, what it did, and what it left out. */

import type { MoveEntry, MoveIn } from "../../copying/move-in";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { transferPage } from "../../transfer/pages/section";
import { Facts } from "../../ui/facts";
import { formatBytes, formatCount } from "../../ui/format";
import { ItemName } from "../../ui/item-name";
import { languageOf, messagesFor } from "../../ui/language";
import { NextPageLink } from "../../ui/paging";
import { DateTime } from "../../ui/time";
import { describeCounts, describeMove } from "../describe";
import { MOVING_MESSAGES } from "../messages";
import { MOVE_IN_PATH } from "../paths";

/** Without script the page is loaded anew so often while the move runs. */
const REFRESH_SECONDS = 10;

/** A page of the report. */
export interface ReportPage {
  entries: MoveEntry[];
  /** The path of the next page; null: this is the last one. */
  next: string | null;
}

interface MoveProps {
  c: HonoContext;
  move: MoveIn;
}

/** Shows a move. While it runs the page is kept up to date, with or without script. */
export function movePage(
  c: HonoContext,
  move: MoveIn,
  report: ReportPage,
  now: number,
): HandlerResponse {
  const messages = messagesFor(c, MOVING_MESSAGES);
  const title = messages.move.title(move.address);
  const isRunning = move.state === "running";
  return transferPage(
    c,
    {
      title: isRunning ? title : `${title}: ${messages.move.states[move.state]}`,
      ...(isRunning ? { scripts: ["/tasks.js"], refreshSeconds: REFRESH_SECONDS } : {}),
    },
    <>
      <section>
        <h1>{title}</h1>
        {move.endedAt === null ? (
          <Progress c={c} move={move} now={now} />
        ) : (
          <Result c={c} move={move} />
        )}
        <Actions c={c} move={move} />
        <MoveFacts c={c} move={move} />
      </section>
      {move.endedAt === null ? null : <Again c={c} move={move} />}
      {move.entries === 0 ? null : <Report c={c} move={move} report={report} />}
    </>,
  );
}

const Progress = ({ c, move, now }: MoveProps & { now: number }) => {
  const messages = messagesFor(c, MOVING_MESSAGES).move;
  const { state, reason, looked, found } = move;
  return (
    <div data-task={`${MOVE_IN_PATH}/progress`}>
      {state === "paused" && reason ? <p class="warning">{messages.reasons[reason]}</p> : null}
      <progress
        aria-label={messages.progress}
        max={Math.max(found.documents, 1)}
        value={looked.documents}
      />
      <p data-task-text>{describeMove(languageOf(c), move, now)}</p>
      {reason === null ? (
        <p class="muted">{state === "paused" ? messages.paused : messages.goesOn}</p>
      ) : null}
    </div>
  );
};

const Result = ({ c, move }: MoveProps) => {
  const messages = messagesFor(c, MOVING_MESSAGES).move;
  const { state, reason, counts } = move;
  const isWhole = state === "done" && counts.failed === 0;
  return (
    <>
      {state === "cancelled" ? <p class="warning">{messages.cancelled}</p> : null}
      {reason ? <p class="error">{messages.reasons[reason]}</p> : null}
      <ul class={isWhole ? "plain note" : "plain"}>
        {describeCounts(languageOf(c), move).map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
    </>
  );
};

const Actions = ({ c, move }: MoveProps) => {
  const { actions } = messagesFor(c, MOVING_MESSAGES).move;
  if (move.endedAt !== null) return null;
  const needsSignIn = move.reason === "sign-in-needed";
  const first = move.state === "running" ? "pause" : "resume";
  const possible = (["pause", "resume", "cancel"] as const).filter(
    (action) => action === "cancel" || (action === first && !needsSignIn),
  );
  return (
    <>
      {needsSignIn ? <SignInForm move={move} text={actions.signIn} /> : null}
      <form method="post" action={`${MOVE_IN_PATH}/actions`} class="row">
        {possible.map((action) => (
          <button type="submit" name="action" value={action} class="secondary">
            {actions[action]}
          </button>
        ))}
      </form>
    </>
  );
};

/** Sends the user to the old provider again, with the same choices. */
const SignInForm = ({ move, text }: { move: MoveIn; text: string }) => (
  <form method="post" action={MOVE_IN_PATH} class="row">
    <input type="hidden" name="address" value={move.address} />
    <input type="hidden" name="onConflict" value={move.onConflict} />
    <button type="submit">{text}</button>
  </form>
);

const MoveFacts = ({ c, move }: MoveProps) => {
  const messages = messagesFor(c, MOVING_MESSAGES);
  const { facts } = messages.move;
  const language = languageOf(c);
  const { address, onConflict, pass, startedAt, endedAt, bytes } = move;
  return (
    <Facts
      facts={[
        [facts.from, address],
        [facts.conflicts, messages.moveIn.conflictChoices[onConflict]],
        [facts.pass, formatCount(language, pass)],
        [facts.started, <DateTime c={c} at={startedAt} />],
        endedAt === null ? null : [facts.ended, <DateTime c={c} at={endedAt} />],
        [facts.bytes, formatBytes(language, bytes)],
      ]}
    />
  );
};

const Again = ({ c, move }: MoveProps) => {
  const messages = messagesFor(c, MOVING_MESSAGES).move;
  return (
    <section>
      <h2>{messages.again}</h2>
      <p>{messages.againAbout}</p>
      <SignInForm move={move} text={messages.again} />
      <p>
        <a href={`${MOVE_IN_PATH}/new`}>{messages.other}</a>
      </p>
    </section>
  );
};

const Report = ({ c, move, report }: MoveProps & { report: ReportPage }) => {
  const messages = messagesFor(c, MOVING_MESSAGES).move;
  const { counts, entries } = move;
  const all = counts.both + counts.kept + counts.failed;
  return (
    <section>
      <h2 id="report">{messages.report.title}</h2>
      <table class="log">
        <thead>
          <tr>
            <th scope="col">{messages.report.path}</th>
            <th scope="col">{messages.report.outcome}</th>
          </tr>
        </thead>
        <tbody>
          {report.entries.map((entry) => (
            <tr>
              <td>
                <ItemName name={entry.path} />
              </td>
              <td>
                {messages.report.outcomes[entry.outcome]}
                <Detail c={c} entry={entry} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {report.next === null && all > entries ? (
        <p class="muted">{messages.report.more(formatCount(languageOf(c), all))}</p>
      ) : null}
      <NextPageLink c={c} next={report.next} />
    </section>
  );
};

/** Under which other name a document was copied, or why it was not. */
const Detail = ({ c, entry }: { c: HonoContext; entry: MoveEntry }) => {
  const messages = messagesFor(c, MOVING_MESSAGES).move;
  const { as, code } = entry;
  if (as !== undefined) {
    return (
      <small>
        <ItemName name={messages.report.as(as)} />
      </small>
    );
  }
  if (code === undefined) return null;
  return <small>{messages.failures[code] ?? messages.otherFailure(code)}</small>;
};
