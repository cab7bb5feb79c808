/** The doors to invitations: the list, another one, the end of one. */

import { Hono } from "hono";
import { requireProof } from "../../accounts/middleware";
import { parseBytes } from "../../core/byte-size";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { readForm } from "../../ui/form";
import { formatCount } from "../../ui/format";
import { languageOf, messagesFor } from "../../ui/language";
import { errorPage } from "../../ui/layout";
import { decodeCursor, encodeCursor, loadPage } from "../../ui/paging";
import {
  endInvitation,
  findInvitation,
  isGood,
  listInvitations,
  MOST,
  makeInvitation,
  type Wish,
} from "../invitations";
import { ADMIN_MESSAGES } from "../messages";
import {
  EMPTY_FORM,
  type InvitationForm,
  invitationLinkPage,
  invitationsPage,
  newInvitationPage,
  revokePage,
} from "../pages/invitations";

export const invitationRoutes = new Hono<{ Bindings: Env }>();

invitationRoutes.get("/", async (c) => {
  const invitations = await loadPage(
    c,
    (after, limit) => listInvitations(c.env.DB, decodeCursor(after), limit),
    ({ createdAt, hash }) => encodeCursor({ at: createdAt, id: hash }),
  );
  return invitationsPage(c, invitations, Date.now());
});

invitationRoutes.use("/new", requireProof);
invitationRoutes.get("/new", (c) => newInvitationPage(c, EMPTY_FORM));

invitationRoutes.post("/new", async (c) => {
  const words = messagesFor(c, ADMIN_MESSAGES);
  const fields = await readForm(c);
  const field = (name: string) => (fields.get(name) ?? "").trim();
  const form: InvitationForm = {
    note: field("note"),
    uses: field("uses"),
    days: field("days"),
    quota: field("quota"),
    isAdmin: fields.get("admin") === "yes",
  };
  const quotaBytes = form.quota === "" ? null : parseBytes(form.quota);
  if (quotaBytes === null && form.quota !== "") return newInvitationPage(c, form, words.badQuota);
  const wish = wishOf(form, quotaBytes);
  if (wish === null) {
    const most = (what: keyof typeof MOST) => formatCount(languageOf(c), MOST[what]);
    return newInvitationPage(c, form, words.invitations.bad(most("uses"), most("days")));
  }
  const secret = await makeInvitation(c.env, c.var.session.account, wish, Date.now());
  if (secret === null) return nothingThere(c);
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  return invitationLinkPage(c, `${pages}/sign-up?invitation=${secret}`);
});

invitationRoutes.use("/:hash/revoke", requireProof);

invitationRoutes.get("/:hash/revoke", async (c) => {
  const invitation = await findInvitation(c.env.DB, c.req.param("hash"));
  if (invitation === null) return nothingThere(c);
  return isGood(invitation, Date.now()) ? revokePage(c, invitation) : toList(c);
});

invitationRoutes.post("/:hash/revoke", async (c) => {
  const now = Date.now();
  const invitation = await findInvitation(c.env.DB, c.req.param("hash"));
  if (invitation === null) return nothingThere(c);
  const isEnded =
    !isGood(invitation, now) ||
    (await endInvitation(c.env, c.var.session.account, invitation, now));
  return isEnded ? toList(c) : nothingThere(c);
});

/** What the form asks for; null if a number is none, or there is no note. */
function wishOf(
  { note, uses, days, isAdmin }: InvitationForm,
  quotaBytes: number | null,
): Wish | null {
  const maxUses = wholeNumber(uses, MOST.uses);
  const lifetime = wholeNumber(days, MOST.days);
  if (note === "" || note.length > MOST.noteLength) return null;
  if (maxUses === null || lifetime === null) return null;
  return { note, maxUses, days: lifetime, quotaBytes, isAdmin };
}

const wholeNumber = (text: string, most: number): number | null =>
  /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= most ? Number(text) : null;

const toList = (c: HonoContext): Response => c.redirect("/admin/invitations", 303);

const nothingThere = (c: HonoContext): HandlerResponse => {
  const { noSuch, toList } = messagesFor(c, ADMIN_MESSAGES).invitations;
  return errorPage(c, 404, noSuch, { href: "/admin/invitations", text: toList });
};
