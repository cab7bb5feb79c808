/** The list of invitations, the form for another one, and its link. */

import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { formatBytes, formatCount, formatDate } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { Copyable } from "../../ui/layout";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { type Invitation, isGood, MOST } from "../invitations";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage, QuotaField } from "./layout";

/** A page of the invitations. */
export function invitationsPage(
  c: HonoContext,
  { items: invitations, next }: ListPage<Invitation>,
  now: number,
): HandlerResponse {
  const { invitations: words } = messagesFor(c, ADMIN_MESSAGES);
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
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

const Item = (props: { c: HonoContext; invitation: Invitation; now: number }) => {
  const { c, invitation, now } = props;
  const { invitations: words } = messagesFor(c, ADMIN_MESSAGES);
  const language = languageOf(c);
  const { note, uses, maxUses, quotaBytes, isAdmin, expiresAt, hash } = invitation;
  const facts = [
    words.used(formatCount(language, uses), formatCount(language, maxUses)),
    isGood(invitation, now) ? words.until(formatDate(language, expiresAt)) : words.over,
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
export function newInvitationPage(
  c: HonoContext,
  form: InvitationForm,
  problem?: string,
): HandlerResponse {
  const { invitations: words } = messagesFor(c, ADMIN_MESSAGES);
  const number = (id: "uses" | "days", label: string) => (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} name={id} type="number" min="1" max={MOST[id]} value={form[id]} required />
    </div>
  );
  return adminPage(
    c,
    { title: words.make, status: problem === undefined ? 200 : 400 },
    <ConfirmForm
      c={c}
      title={words.make}
      problem={problem}
      button={words.button}
      back="/admin/invitations"
    >
      <div class="field">
        <label for="note">{words.note}</label>
        <input
          id="note"
          name="note"
          value={form.note}
          maxlength={MOST.noteLength}
          aria-describedby="note-hint"
          required
        />
        <small id="note-hint">{words.noteHint}</small>
      </div>
      {number("uses", words.uses)}
      {number("days", words.days)}
      <QuotaField c={c} value={form.quota} />
      <p class="choice">
        <label>
          <input type="checkbox" name="admin" value="yes" checked={form.isAdmin} /> {words.isAdmin}
        </label>
      </p>
    </ConfirmForm>,
  );
}

/** Shows the link of a new invitation, which is shown only now. */
export function invitationLinkPage(c: HonoContext, link: string): HandlerResponse {
  const { invitations: words } = messagesFor(c, ADMIN_MESSAGES);
  return adminPage(
    c,
    { title: words.made, scripts: ["/copy.js"], once: true },
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
export function revokePage(c: HonoContext, { note }: Invitation): HandlerResponse {
  const { invitations: words } = messagesFor(c, ADMIN_MESSAGES);
  return adminPage(
    c,
    { title: words.revokeTitle },
    <ConfirmForm
      c={c}
      title={words.revokeTitle}
      text={words.revokeText(note)}
      button={words.revoke}
      isDangerous
      back="/admin/invitations"
    />,
  );
}
