/** The page on which the user chooses the moment to take a folder back to. */

import type { Account } from "../../accounts/accounts";
import { formatPath, type NodePath, ROOT } from "../../core/path";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ErrorMessage } from "../../ui/error-message";
import { ItemName } from "../../ui/item-name";
import { messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import { ExactTime } from "../../ui/time";
import { VERSION_MESSAGES } from "../messages";
import { formatMoment, type MomentProblem, quickMoments, TYPED_MOMENT } from "../moment";

/** The moments that the page offers, in milliseconds since 1970. */
export interface OfferedMoments {
  now: number;
  /** Versions are kept since then. */
  earliest: number;
  /** The minutes in which something was changed, the latest first. */
  changes: number[];
}

/** Changes that are shown at once; the others are folded. */
const SHOWN_CHANGES = 10;

/** Asks for the moment; with 400 if the one that was sent cannot be used. */
export function goBackPage(
  c: HonoContext,
  account: Account,
  folder: NodePath,
  offered: OfferedMoments,
  problem: MomentProblem | null = null,
): HandlerResponse {
  const messages = messagesFor(c, VERSION_MESSAGES).goBack;
  const isRoot = formatPath(folder) === formatPath(ROOT);
  const name = isRoot ? messages.everything : <ItemName name={formatPath(folder)} />;
  return renderPage(
    c,
    {
      title: messages.title,
      user: account,
      scripts: ["/moment.js"],
      status: problem === null ? 200 : 400,
    },
    <form method="post" class="card">
      <h1>{messages.title}</h1>
      {problem === null ? null : <ErrorMessage>{messages.problems[problem]}</ErrorMessage>}
      <p>{messages.about(name)}</p>
      <p class="muted">{messages.limit(<ExactTime c={c} at={offered.earliest} />)}</p>
      <QuickChoices c={c} offered={offered} />
      <Changes c={c} changes={offered.changes} />
      <TypedMoment c={c} offered={offered} />
      <p>
        <button type="submit">{messages.preview}</button>
      </p>
    </form>,
  );
}

const QuickChoices = ({ c, offered }: { c: HonoContext; offered: OfferedMoments }) => {
  const messages = messagesFor(c, VERSION_MESSAGES).goBack;
  const moments = quickMoments(offered.now, offered.earliest);
  if (moments.length === 0) return null;
  return (
    <fieldset class="choice field">
      <legend>{messages.quick}</legend>
      {moments.map(({ kind, at }) => (
        <label>
          <input type="radio" name="at" value={String(at)} data-moment={kind} />
          <span>
            {messages.moments[kind]} (<ExactTime c={c} at={at} />)
          </span>
        </label>
      ))}
    </fieldset>
  );
};

const Changes = ({ c, changes }: { c: HonoContext; changes: number[] }) => {
  const messages = messagesFor(c, VERSION_MESSAGES).goBack;
  const [shown, folded] = [changes.slice(0, SHOWN_CHANGES), changes.slice(SHOWN_CHANGES)];
  return (
    <fieldset class="choice field">
      <legend>{messages.beforeChanges}</legend>
      {changes.length === 0 ? <p class="muted">{messages.noChanges}</p> : null}
      {shown.map((at) => (
        <BeforeChange c={c} at={at} />
      ))}
      {folded.length === 0 ? null : (
        <details>
          <summary>{messages.earlierChanges}</summary>
          {folded.map((at) => (
            <BeforeChange c={c} at={at} />
          ))}
        </details>
      )}
    </fieldset>
  );
};

/** What was there when the minute of a change began is what was there before it. */
const BeforeChange = ({ c, at }: { c: HonoContext; at: number }) => (
  <label>
    <input type="radio" name="at" value={String(at - 1)} />
    <ExactTime c={c} at={at} />
  </label>
);

const TypedMoment = ({
  c,
  offered: { now, earliest },
}: {
  c: HonoContext;
  offered: OfferedMoments;
}) => {
  const messages = messagesFor(c, VERSION_MESSAGES).goBack;
  return (
    <fieldset class="choice field">
      <legend>{messages.another}</legend>
      <label>
        <input type="radio" name="at" value={TYPED_MOMENT} id="typed-moment" />
        {messages.typed}
      </label>
      <input
        type="datetime-local"
        id="typed"
        name="typed"
        aria-label={messages.typed}
        min={formatMoment(earliest)}
        max={formatMoment(now)}
        aria-describedby="zone"
      />
      <small id="zone" data-local={messages.inYourZone}>
        {messages.inUtc}
      </small>
      <input type="hidden" name="moment" />
    </fieldset>
  );
};
