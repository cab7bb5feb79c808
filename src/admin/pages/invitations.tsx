/** The list of invitations, and the pages that create, show and revoke one. */

import type { Child } from "hono/jsx";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { ConfirmForm } from "../../ui/confirm-form";
import { CopyableText } from "../../ui/copy-button";
import { formatBytes, formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { type ListPage, NextPageLink } from "../../ui/paging";
import { CalendarDate } from "../../ui/time";
import { INVITATION_LIMITS, type Invitation, isInvitationOpen } from "../invitations";
import { ADMIN_MESSAGES } from "../messages";
import { adminPage, QuotaField } from "./layout";

/** Shows a page of the list of invitations. */
export function invitationsPage(
  c: HonoContext,
  { items: invitations, next }: ListPage<Invitation>,
  now: number,
): HandlerResponse {
  const { invitations: messages } = messagesFor(c, ADMIN_MESSAGES);
  return adminPage(
    c,
    { title: messages.list },
    <section>
      <h1>{messages.list}</h1>
      <p>
        <a class="button" href="/admin/invitations/new">
          {messages.invite}
        </a>
      </p>
      {invitations.length === 0 ? (
        <p class="muted">{messages.none}</p>
      ) : (
        <ul class="list">
          {invitations.map((invitation) => (
            <InvitationItem c={c} invitation={invitation} now={now} />
          ))}
        </ul>
      )}
      <NextPageLink c={c} next={next} />
    </section>,
  );
}

const InvitationItem = (props: { c: HonoContext; invitation: Invitation; now: number }) => {
  const { c, invitation, now } = props;
  const { invitations: messages } = messagesFor(c, ADMIN_MESSAGES);
  const language = languageOf(c);
  const { note, uses, maxUses, quotaBytes, isAdmin, expiresAt, hash } = invitation;
  const isOpen = isInvitationOpen(invitation, now);
  const facts: Child[] = [
    messages.used(formatCount(language, uses), formatCount(language, maxUses)),
    isOpen ? messages.expires(<CalendarDate c={c} at={expiresAt} />) : messages.ended,
    ...(quotaBytes === null ? [] : [messages.withQuota(formatBytes(language, quotaBytes))]),
    ...(isAdmin ? [messages.administrator] : []),
  ];
  return (
    <li>
      <div>
        {note}
        <small>{facts.flatMap((fact, i) => (i === 0 ? [fact] : [", ", fact]))}</small>
      </div>
      {isOpen ? (
        <a
          class="button secondary"
          href={`/admin/invitations/revoke/${hash}`}
          aria-label={messages.revokeLabel(note)}
        >
          {messages.revoke}
        </a>
      ) : null}
    </li>
  );
};

/** The fields of the form, as they were typed. */
export interface InvitationForm {
  note: string;
  uses: string;
  days: string;
  quota: string;
  isAdmin: boolean;
}

/** The initial values of the form. */
export const EMPTY_INVITATION_FORM: InvitationForm = {
  note: "",
  uses: "1",
  days: "7",
  quota: "",
  isAdmin: false,
};

/** The form for a new invitation. */
export function newInvitationPage(
  c: HonoContext,
  form: InvitationForm,
  error?: string,
): HandlerResponse {
  const { invitations: messages } = messagesFor(c, ADMIN_MESSAGES);
  const numberField = (id: "uses" | "days", label: string) => (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={id}
        type="number"
        min="1"
        max={INVITATION_LIMITS[id]}
        value={form[id]}
        required
      />
    </div>
  );
  return adminPage(
    c,
    { title: messages.invite, status: error === undefined ? 200 : 400 },
    <ConfirmForm
      c={c}
      title={messages.invite}
      error={error}
      submitText={messages.create}
      cancelHref="/admin/invitations"
    >
      <div class="field">
        <label for="note">{messages.note}</label>
        <input
          id="note"
          name="note"
          value={form.note}
          maxlength={INVITATION_LIMITS.noteLength}
          aria-describedby="note-hint"
          required
        />
        <small id="note-hint">{messages.noteHint}</small>
      </div>
      {numberField("uses", messages.uses)}
      {numberField("days", messages.days)}
      <QuotaField c={c} value={form.quota} />
      <p class="choice">
        <label>
          <input type="checkbox" name="admin" value="yes" checked={form.isAdmin} />{" "}
          {messages.isAdmin}
        </label>
      </p>
    </ConfirmForm>,
  );
}

/** Shows the link of a new invitation, once. */
export function invitationCreatedPage(c: HonoContext, link: string): HandlerResponse {
  const { invitations: messages } = messagesFor(c, ADMIN_MESSAGES);
  return adminPage(
    c,
    { title: messages.created, scripts: ["/copy.js"], isShownOnce: true },
    <section>
      <h1>{messages.created}</h1>
      <CopyableText c={c} id="link" text={link} />
      <p class="warning">{messages.copyNow}</p>
      <p>
        <a href="/admin/invitations">{messages.backToList}</a>
      </p>
    </section>,
  );
}

/** Asks for confirmation before an invitation is revoked. */
export function confirmRevocationPage(c: HonoContext, { note }: Invitation): HandlerResponse {
  const { invitations: messages } = messagesFor(c, ADMIN_MESSAGES);
  return adminPage(
    c,
    { title: messages.revokeTitle },
    <ConfirmForm
      c={c}
      title={messages.revokeTitle}
      text={messages.revokeText(note)}
      submitText={messages.revoke}
      isDangerous
      cancelHref="/admin/invitations"
    />,
  );
}
