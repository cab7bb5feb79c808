/** The list of invitations, the form for another one, and its link. */

import { settings } from "../env";
import { formatBytes, formatCount, formatDay } from "../http/format";
import { languageOf, wordsOf } from "../http/language";
import { Copyable, Problem } from "../http/page";
import { type AdminContext, adminPage, NextPage, QuestionForm, QuotaField } from "./frame";
import { type Invitation, isGood } from "./invitations";
import { WORDS } from "./words";

type Page = Response | Promise<Response>;

/** `next`: the address of the next page; null: there is none. */
export function invitationsPage(
  c: AdminContext,
  invitations: Invitation[],
  next: string | null,
  now: number,
): Page {
  const { invitations: words } = wordsOf(c, WORDS);
  return adminPage(
    c,
    { title: words.list },
    <section>
      <h1>{words.list}</h1>
      <p>
        <a class="button" href="/admin/invitations/new">
          {words.make}
        </a>
      </p>
      {invitations.length === 0 ? (
        <p class="faint">{words.nobody}</p>
      ) : (
        <ul class="list">
          {invitations.map((invitation) => (
            <Item c={c} invitation={invitation} now={now} />
          ))}
        </ul>
      )}
      {next === null ? null : <NextPage c={c} href={next} />}
    </section>,
  );
}

const Item = (props: { c: AdminContext; invitation: Invitation; now: number }) => {
  const { c, invitation, now } = props;
  const { invitations: words } = wordsOf(c, WORDS);
  const language = languageOf(c);
  const { note, uses, maxUses, quotaBytes, isAdmin, expiresAt, hash } = invitation;
  const facts = [
    words.used(formatCount(language, uses), formatCount(language, maxUses)),
    isGood(invitation, now) ? words.until(formatDay(language, expiresAt)) : words.over,
    ...(quotaBytes === null ? [] : [words.withQuota(formatBytes(language, quotaBytes))]),
    ...(isAdmin ? [words.administrator] : []),
  ];
  return (
    <li>
      <div>
        {note}
        <small>{facts.join(", ")}</small>
      </div>
      {isGood(invitation, now) ? (
        <a
          class="button quiet"
          href={`/admin/invitations/${hash}/revoke`}
          aria-label={words.revokeOf(note)}
        >
          {words.revoke}
        </a>
      ) : null}
    </li>
  );
};

/** What stands in the form, as it was typed. */
export interface InvitationForm {
  note: string;
  uses: string;
  days: string;
  quota: string;
  isAdmin: boolean;
}

/** The form as it is to begin with. */
export const EMPTY_FORM: InvitationForm = {
  note: "",
  uses: "1",
  days: "7",
  quota: "",
  isAdmin: false,
};

/** Asks what the invitation is to be. */
export function newInvitationPage(c: AdminContext, form: InvitationForm, problem?: string): Page {
  const { invitations: words } = wordsOf(c, WORDS);
  const number = (id: "uses" | "days", label: string, most: number) => (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} name={id} type="number" min="1" max={most} value={form[id]} required />
    </div>
  );
  return adminPage(
    c,
    { title: words.make, status: problem === undefined ? 200 : 400 },
    <form method="post" class="card">
      <h1>{words.make}</h1>
      {problem === undefined ? null : <Problem>{problem}</Problem>}
      <div class="field">
        <label for="note">{words.note}</label>
        <input
          id="note"
          name="note"
          value={form.note}
          maxlength={100}
          aria-describedby="note-hint"
          required
        />
        <small id="note-hint">{words.noteHint}</small>
      </div>
      {number("uses", words.uses, 1000)}
      {number("days", words.days, 365)}
      <QuotaField c={c} usual={settings(c.env).DEFAULT_QUOTA_BYTES} value={form.quota} />
      <p class="choice">
        <label>
          <input type="checkbox" name="admin" value="yes" checked={form.isAdmin} /> {words.isAdmin}
        </label>
      </p>
      <p class="row">
        <button type="submit">{words.button}</button>
        <a class="button quiet" href="/admin/invitations">
          {wordsOf(c, WORDS).cancel}
        </a>
      </p>
    </form>,
  );
}

/** Shows the link of a new invitation, which is shown only now. */
export function invitationLinkPage(c: AdminContext, link: string): Page {
  const { invitations: words } = wordsOf(c, WORDS);
  return adminPage(
    c,
    { title: words.made, scripts: ["/copy.js"] },
    <section>
      <h1>{words.made}</h1>
      <Copyable c={c} id="link" text={link} />
      <p class="warning">{words.once}</p>
      <p>
        <a href="/admin/invitations">{words.toList}</a>
      </p>
    </section>,
  );
}

/** Asks before an invitation is ended. */
export function revokePage(c: AdminContext, { note }: Invitation): Page {
  const { invitations: words } = wordsOf(c, WORDS);
  return adminPage(
    c,
    { title: words.revokeTitle },
    <QuestionForm
      c={c}
      title={words.revokeTitle}
      text={words.revokeText(note)}
      button={words.revoke}
      isDangerous
      back="/admin/invitations"
    />,
  );
}
