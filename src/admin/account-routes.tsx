/** The doors to accounts: the list, one of them, and each thing that can be done with it. */

import { Hono } from "hono";
import { requireProof } from "../accounts/gates";
import { parseBytes } from "../core/amount";
import { type Env, settings } from "../env";
import { readForm } from "../http/form";
import { originsOf } from "../http/hosts";
import { wordsOf } from "../http/language";
import { errorPage } from "../http/page";
import { accountPage, accountsPage, questionPage, resetLinkPage } from "./account-pages";
import {
  type AccountAct,
  type AccountSummary,
  actOn,
  findAccount,
  findAccounts,
  giveResetLink,
  possibleActs,
  setQuota,
} from "./accounts";
import type { AdminContext } from "./frame";
import { WORDS } from "./words";

export const accountRoutes = new Hono<{ Bindings: Env }>();

accountRoutes.get("/", async (c) => {
  const beginning = (c.req.query("name") ?? "").trim().toLowerCase();
  const found = await findAccounts(c.env.DB, beginning, c.req.query("after") ?? "");
  return accountsPage(c, beginning, found.accounts, found.next);
});

accountRoutes.get("/:name", async (c) => {
  const account = await findAccount(c.env.DB, c.req.param("name"));
  return account ? accountPage(c, account) : noSuchAccount(c);
});

accountRoutes.use("/:name/:act", requireProof);

accountRoutes.get("/:name/:act", async (c) => {
  const found = await find(c, c.req.param("name"), c.req.param("act"));
  return found.ok ? questionPage(c, found.account, found.act) : found.response;
});

accountRoutes.post("/:name/:act", async (c) => {
  const found = await find(c, c.req.param("name"), c.req.param("act"));
  return found.ok ? answer(c, found.account, found.act) : found.response;
});

type Found =
  | { ok: true; account: AccountSummary; act: AccountAct }
  | { ok: false; response: Response | Promise<Response> };

/** The account, and what may be done with it; otherwise the page that says that it may not. */
async function find(c: AdminContext, name: string, wanted: string): Promise<Found> {
  const account = await findAccount(c.env.DB, name);
  if (account === null) return { ok: false, response: noSuchAccount(c) };
  const act = possibleActs(account, c.var.session.account).find((one) => one === wanted);
  return act ? { ok: true, account, act } : { ok: false, response: nothingDone(c, account) };
}

async function answer(
  c: AdminContext,
  account: AccountSummary,
  act: AccountAct,
): Promise<Response> {
  const admin = c.var.session.account;
  const words = wordsOf(c, WORDS);
  const form = await readForm(c);
  const now = Date.now();
  if (act === "reset-link") {
    const link = await giveResetLink(c.env, admin, account, now);
    if (link === null) return nothingDone(c, account);
    const { pages } = originsOf(c.req.url, settings(c.env));
    return resetLinkPage(c, account, new URL(link, pages).href);
  }
  if (act === "quota") {
    const value = (form.get("quota") ?? "").trim();
    const bytes = value === "" ? null : parseBytes(value);
    if (bytes === null && value !== "") {
      return questionPage(c, account, act, { sentence: words.badQuota, value });
    }
    return isDone(c, account, await setQuota(c.env, admin, account, bytes, now));
  }
  const value = form.get("name") ?? "";
  if (act === "delete" && value.trim().toLowerCase() !== account.name) {
    return questionPage(c, account, act, { sentence: words.wrongName, value });
  }
  const done = await actOn(c.env, admin, account, act, now);
  return act === "delete" && done ? c.redirect("/admin/accounts", 303) : isDone(c, account, done);
}

const isDone = (
  c: AdminContext,
  account: AccountSummary,
  done: boolean,
): Response | Promise<Response> =>
  done ? c.redirect(`/admin/accounts/${account.name}`, 303) : nothingDone(c, account);

const nothingDone = (c: AdminContext, { name }: AccountSummary): Response | Promise<Response> => {
  const { gone, toAccount } = wordsOf(c, WORDS).accounts;
  return errorPage(c, 409, gone, { href: `/admin/accounts/${name}`, text: toAccount });
};

const noSuchAccount = (c: AdminContext): Response | Promise<Response> =>
  errorPage(c, 404, wordsOf(c, WORDS).accounts.noSuch, {
    href: "/admin/accounts",
    text: wordsOf(c, WORDS).nav["/admin/accounts"],
  });
