/** The page of one's ways in, and of the browsers that are signed in. */

import { formatCountry, formatDate, formatDateTime } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { renderPage } from "../../ui/layout";
import type { Passkey } from "../db/passkeys";
import type { SessionRow } from "../db/sessions";
import { sendsMail } from "../mail";
import { ACCOUNT_MESSAGES } from "../messages";
import type { WaysIn } from "../sign-in-methods";
import type { AccountContext } from "./fields";

interface Shown {
  ways: WaysIn;
  passkeys: Passkey[];
  sessions: SessionRow[];
}

/** Shows all of them, each with the way to change it. */
export function securityPage(
  c: AccountContext,
  { ways, passkeys, sessions }: Shown,
): Response | Promise<Response> {
  const words = messagesFor(c, ACCOUNT_MESSAGES).security;
  return renderPage(
    c,
    { title: words.title, person: c.var.session.account },
    <>
      <section>
        <h1>{words.title}</h1>
        <Welcome c={c} />
        <h2>{words.passkeys}</h2>
        <p class="faint">{words.passkeysWhat}</p>
        {passkeys.length === 0 ? (
          <p>{words.noPasskeys}</p>
        ) : (
          <ul class="list">
            {passkeys.map((passkey) => (
              <PasskeyItem c={c} passkey={passkey} />
            ))}
          </ul>
        )}
        <p>
          <a class="button" href="/security/passkeys/add">
            {words.addPasskey}
          </a>
        </p>
      </section>
      <PasswordSection c={c} ways={ways} />
      <section>
        <h2>{words.codes}</h2>
        <p class="faint">{words.codesWhat}</p>
        <p>{words.codesLeft(ways.recoveryCodes)}</p>
        <p>
          <a class="button quiet" href="/security/recovery-codes">
            {words.makeCodes}
          </a>
        </p>
      </section>
      {sendsMail(c.env) ? <EmailSection c={c} email={ways.email} /> : null}
      <SessionSection c={c} sessions={sessions} />
    </>,
  );
}

/** What to do now, for who has come in by other ways than usual; what was done, after a form. */
const Welcome = ({ c }: { c: AccountContext }) => {
  const words = messagesFor(c, ACCOUNT_MESSAGES).security;
  const after = c.req.query("after") ?? "";
  if (Object.hasOwn(words.wayIn, after)) {
    return (
      <p class="warning" role="status">
        {words.wayIn[after]}
        {after === "reset" ? (
          <>
            {" "}
            <a href="/apps">{words.lookAtApps}</a>
          </>
        ) : null}
      </p>
    );
  }
  return Object.hasOwn(words.done, after) ? (
    <p class="note" role="status">
      {words.done[after as keyof typeof words.done]}
    </p>
  ) : null;
};

const PasskeyItem = ({ c, passkey }: { c: AccountContext; passkey: Passkey }) => {
  const words = messagesFor(c, ACCOUNT_MESSAGES).security;
  const day = (at: number): string => formatDate(languageOf(c), at);
  const { id, name, createdAt, usedAt } = passkey;
  return (
    <li>
      <div>
        {name}
        <small>{words.passkeyTimes(day(createdAt), usedAt === null ? null : day(usedAt))}</small>
      </div>
      <a
        class="button quiet"
        href={`/security/passkeys/${id}`}
        aria-label={words.renameLabel(name)}
      >
        {words.rename}
      </a>
      <a
        class="button quiet"
        href={`/security/passkeys/${id}/remove`}
        aria-label={words.removeLabel(name)}
      >
        {words.remove}
      </a>
    </li>
  );
};

const passwordState = (
  { hasPassword, passkeys }: WaysIn,
  words: { passwordSet: string; passwordNone: string; noWay: string },
): string => {
  if (hasPassword) return words.passwordSet;
  return passkeys > 0 ? words.passwordNone : words.noWay;
};

const PasswordSection = ({ c, ways }: { c: AccountContext; ways: WaysIn }) => {
  const words = messagesFor(c, ACCOUNT_MESSAGES).security;
  return (
    <section>
      <h2>{words.password}</h2>
      <p>{passwordState(ways, words)}</p>
      <p class="row">
        <a class="button quiet" href="/security/password">
          {ways.hasPassword ? words.changePassword : words.setPassword}
        </a>
        {ways.hasPassword && ways.passkeys > 0 ? (
          <a class="button quiet" href="/security/password/remove">
            {words.removePassword}
          </a>
        ) : null}
      </p>
    </section>
  );
};

const EmailSection = ({ c, email }: { c: AccountContext; email: string | null }) => {
  const words = messagesFor(c, ACCOUNT_MESSAGES).security;
  return (
    <section>
      <h2>{words.email}</h2>
      <p class="faint">{words.emailWhat}</p>
      <p>{email === null ? words.emailNone : words.emailIs(email)}</p>
      <p class="row">
        <a class="button quiet" href="/security/email">
          {email === null ? words.setEmail : words.changeEmail}
        </a>
        {email === null ? null : (
          <a class="button quiet" href="/security/email/remove">
            {words.removeEmail}
          </a>
        )}
      </p>
    </section>
  );
};

const SessionSection = ({ c, sessions }: { c: AccountContext; sessions: SessionRow[] }) => {
  const words = messagesFor(c, ACCOUNT_MESSAGES).security;
  return (
    <section>
      <h2>{words.sessions}</h2>
      <p class="faint">{words.sessionsWhat}</p>
      <ul class="list">
        {sessions.map((session) => (
          <SessionItem c={c} session={session} />
        ))}
      </ul>
      {sessions.length > 1 ? (
        <form method="post" action="/security/sessions/end">
          <button type="submit" name="session" value="others" class="quiet">
            {words.endOthers}
          </button>
        </form>
      ) : null}
    </section>
  );
};

const SessionItem = ({ c, session }: { c: AccountContext; session: SessionRow }) => {
  const words = messagesFor(c, ACCOUNT_MESSAGES).security;
  const language = languageOf(c);
  const { hash, createdAt, seenAt, country } = session;
  const device = session.device ?? words.unknownDevice;
  const since = formatDateTime(language, createdAt);
  return (
    <li>
      <div>
        {device}
        {country === null ? "" : `, ${formatCountry(language, country)}`}
        <small>
          {words.sessionTimes(since, seenAt === null ? null : formatDateTime(language, seenAt))}
        </small>
      </div>
      {hash === c.var.session.hash ? (
        <span class="badge">{words.here}</span>
      ) : (
        <form method="post" action="/security/sessions/end">
          <button
            type="submit"
            name="session"
            value={hash}
            class="quiet"
            aria-label={words.endLabel(device, since)}
          >
            {words.end}
          </button>
        </form>
      )}
    </li>
  );
};
