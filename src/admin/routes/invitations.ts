/** Routes of /admin/invitations: the list, creating and revoking an invitation. */

import { Hono } from "hono";
import { requireReauthentication } from "../../accounts/middleware";
import { parseByteSize } from "../../core/byte-size";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { errorPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { decodeCursor, encodeCursor, loadPage } from "../../ui/paging";
import {
  createInvitation,
  findInvitation,
  INVITATION_LIMITS,
  type InvitationInput,
  isInvitationOpen,
  listInvitations,
  revokeInvitation,
} from "../invitations";
import { ADMIN_MESSAGES } from "../messages";
import {
  confirmRevocationPage,
  EMPTY_INVITATION_FORM,
  type InvitationForm,
  invitationCreatedPage,
  invitationsPage,
  newInvitationPage,
} from "../pages/invitations";

/** To be mounted behind `requireAdmin`. */
export const invitationRoutes = new Hono<{ Bindings: Env }>();

invitationRoutes.get("/", async (c) => {
  const invitations = await loadPage(
    c,
    (after, limit) => listInvitations(c.env.DB, decodeCursor(after), limit),
    ({ createdAt, hash }) => encodeCursor({ at: createdAt, id: hash }),
  );
  return invitationsPage(c, invitations, Date.now());
});

invitationRoutes.use("/new", requireReauthentication);
invitationRoutes.get("/new", (c) => newInvitationPage(c, EMPTY_INVITATION_FORM));

invitationRoutes.post("/new", async (c) => {
  const messages = messagesFor(c, ADMIN_MESSAGES);
  const fields = await readForm(c);
  const field = (name: string) => (fields.get(name) ?? "").trim();
  const form: InvitationForm = {
    note: field("note"),
    uses: field("uses"),
    days: field("days"),
    quota: field("quota"),
    isAdmin: fields.get("admin") === "yes",
  };
  const quotaBytes = form.quota === "" ? null : parseByteSize(form.quota);
  if (quotaBytes === null && form.quota !== "")
    return newInvitationPage(c, form, messages.invalidQuota);
  const input = parseInvitationInput(form, quotaBytes);
  if (input === null) {
    const limit = (name: keyof typeof INVITATION_LIMITS) =>
      formatCount(languageOf(c), INVITATION_LIMITS[name]);
    return newInvitationPage(c, form, messages.invitations.invalid(limit("uses"), limit("days")));
  }
  const secret = await createInvitation(c.env, c.var.session.account, input, Date.now());
  if (secret === null) return invitationNotFoundPage(c);
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  return invitationCreatedPage(c, `${pages}/sign-up?invitation=${secret}`);
});

invitationRoutes.use("/revoke/:hash", requireReauthentication);

invitationRoutes.get("/revoke/:hash", async (c) => {
  const invitation = await findInvitation(c.env.DB, c.req.param("hash"));
  if (invitation === null) return invitationNotFoundPage(c);
  return isInvitationOpen(invitation, Date.now())
    ? confirmRevocationPage(c, invitation)
    : redirectToInvitations(c);
});

invitationRoutes.post("/revoke/:hash", async (c) => {
  const now = Date.now();
  const invitation = await findInvitation(c.env.DB, c.req.param("hash"));
  if (invitation === null) return invitationNotFoundPage(c);
  const isEnded =
    !isInvitationOpen(invitation, now) ||
    (await revokeInvitation(c.env, c.var.session.account, invitation, now));
  return isEnded ? redirectToInvitations(c) : invitationNotFoundPage(c);
});

/** Returns null if the note is empty or too long, or a number is invalid or out of range. */
function parseInvitationInput(
  { note, uses, days, isAdmin }: InvitationForm,
  quotaBytes: number | null,
): InvitationInput | null {
  const maxUses = parseWholeNumber(uses, INVITATION_LIMITS.uses);
  const validDays = parseWholeNumber(days, INVITATION_LIMITS.days);
  if (note === "" || note.length > INVITATION_LIMITS.noteLength) return null;
  if (maxUses === null || validDays === null) return null;
  return { note, maxUses, days: validDays, quotaBytes, isAdmin };
}

const parseWholeNumber = (text: string, max: number): number | null =>
  /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= max ? Number(text) : null;

const redirectToInvitations = (c: HonoContext): Response => c.redirect("/admin/invitations", 303);

const invitationNotFoundPage = (c: HonoContext): HandlerResponse => {
  const { notFound, backToList } = messagesFor(c, ADMIN_MESSAGES).invitations;
  return errorPage(c, 404, notFound, { href: "/admin/invitations", text: backToList });
};
