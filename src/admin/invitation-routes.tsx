/** The doors to invitations: the list, another one, the end of one. */

import { Hono } from "hono";
import { requireProof } from "../accounts/gates";
import { parseBytes } from "../core/amount";
import { type Env, settings } from "../env";
import { readForm } from "../http/form";
import { originsOf } from "../http/hosts";
import { wordsOf } from "../http/language";
import { errorPage } from "../http/page";
import { type AdminContext, PAGE_LENGTH, placeOf } from "./frame";
import {
  EMPTY_FORM,
  type InvitationForm,
  invitationLinkPage,
  invitationsPage,
  newInvitationPage,
  revokePage,
} from "./invitation-pages";
import {
  endInvitation,
  findInvitation,
  isGood,
  listInvitations,
  makeInvitation,
  type Wish,
} from "./invitations";
import { WORDS } from "./words";

export const invitationRoutes = new Hono<{ Bindings: Env }>();

invitationRoutes.get("/", async (c) => {
  const found = await listInvitations(c.env.DB, placeOf(c), PAGE_LENGTH + 1);
  const invitations = found.slice(0, PAGE_LENGTH);
  const last = found.length > PAGE_LENGTH ? invitations.at(-1) : undefined;
  const next = last ? `/admin/invitations?before=${last.createdAt}.${last.hash}` : null;
  return invitationsPage(c, invitations, next, Date.now());
});

invitationRoutes.use("/new", requireProof);
invitationRoutes.get("/new", (c) => newInvitationPage(c, EMPTY_FORM));

invitationRoutes.post("/new", async (c) => {
  const words = wordsOf(c, WORDS);
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
  if (wish === null) return newInvitationPage(c, form, words.invitations.bad);
  const secret = await makeInvitation(c.env, c.var.session.account, wish, Date.now());
  if (secret === null) return nothingThere(c);
  const { pages } = originsOf(c.req.url, settings(c.env));
  return invitationLinkPage(c, `${pages}/sign-up?invitation=${secret}`);
});

invitationRoutes.use("/:hash/revoke", requireProof);

invitationRoutes.get("/:hash/revoke", async (c) => {
  const invitation = await findInvitation(c.env.DB, c.req.param("hash"));
  return invitation && isGood(invitation, Date.now()) ? revokePage(c, invitation) : nothingThere(c);
});

invitationRoutes.post("/:hash/revoke", async (c) => {
  const now = Date.now();
  const invitation = await findInvitation(c.env.DB, c.req.param("hash"));
  if (!invitation || !isGood(invitation, now)) return nothingThere(c);
  const isEnded = await endInvitation(c.env, c.var.session.account, invitation, now);
  return isEnded ? c.redirect("/admin/invitations", 303) : nothingThere(c);
});

/** What the form asks for; null if a number is none, or there is no note. */
function wishOf(
  { note, uses, days, isAdmin }: InvitationForm,
  quotaBytes: number | null,
): Wish | null {
  const maxUses = wholeNumber(uses, 1000);
  const lifetime = wholeNumber(days, 365);
  if (note === "" || note.length > 100 || maxUses === null || lifetime === null) return null;
  return { note, maxUses, days: lifetime, quotaBytes, isAdmin };
}

const wholeNumber = (text: string, most: number): number | null =>
  /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= most ? Number(text) : null;

const nothingThere = (c: AdminContext): Response | Promise<Response> => {
  const { noSuch, toList } = wordsOf(c, WORDS).invitations;
  return errorPage(c, 404, noSuch, { href: "/admin/invitations", text: toList });
};
