/** The active sessions: their section on /security. */

import type { HonoContext } from "../../http/context";
import { formatCountry, formatDateTime } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { DateTime } from "../../ui/time";
import type { BrowserSessionRow } from "../db/sessions";
import { ACCOUNT_MESSAGES } from "../messages";

interface SessionsSectionProps {
  c: HonoContext;
  sessions: BrowserSessionRow[];
}

/** Lists the sessions, with buttons that end one of them or all others. */
export const SessionsSection = ({ c, sessions }: SessionsSectionProps) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security.sessions;
  return (
    <section>
      <h2>{messages.title}</h2>
      <p class="muted">{messages.about}</p>
      <ul class="list">
        {sessions.map((session) => (
          <SessionItem c={c} session={session} />
        ))}
      </ul>
      {sessions.length > 1 ? (
        <form method="post" action="/security/sessions/end">
          <button type="submit" name="session" value="others" class="secondary">
            {messages.endOthers}
          </button>
        </form>
      ) : null}
    </section>
  );
};

const SessionItem = ({ c, session }: { c: HonoContext; session: BrowserSessionRow }) => {
  const messages = messagesFor(c, ACCOUNT_MESSAGES).security.sessions;
  const language = languageOf(c);
  const { hash, createdAt, seenAt, country } = session;
  const device = session.device ?? messages.unknownDevice;
  return (
    <li>
      <div>
        {device}
        {country === null ? "" : `, ${formatCountry(language, country)}`}
        <small>
          {messages.times(
            <DateTime c={c} at={createdAt} />,
            seenAt === null ? null : <DateTime c={c} at={seenAt} />,
          )}
        </small>
      </div>
      {hash === c.var.session.hash ? (
        <span class="badge">{messages.current}</span>
      ) : (
        <form method="post" action="/security/sessions/end">
          <button
            type="submit"
            name="session"
            value={hash}
            class="secondary"
            aria-label={messages.endLabel(device, formatDateTime(language, createdAt))}
          >
            {messages.end}
          </button>
        </form>
      )}
    </li>
  );
};
