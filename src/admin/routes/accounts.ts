/** The doors to accounts: the list, one of them, and each thing that can be done with it. */

import { Hono } from "hono";
import { userOf } from "../../accounts/form-input";
import { requireProof } from "../../accounts/middleware";
import { parseBytes } from "../../core/byte-size";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { errorPage } from "../../ui/layout";
import { loadPage } from "../../ui/paging";
import {
  ACCOUNT_STATES,
  type AccountAct,
  type AccountSummary,
  actOn,
  findAccount,
  findAccounts,
  giveResetLink,
  possibleActs,
  setQuota,
} from "../accounts";
import { ADMIN_MESSAGES } from "../messages";
import { accountPage, accountsPage, questionPage, resetLinkPage } from "../pages/accounts";

export const accountRoutes = new Hono<{ Bindings: Env }>();

accountRoutes.get("/", async (c) => {
  const typed = c.req.query("name") ?? "";
  const query = {
    beginning: userOf(c, typed).trim().toLowerCase(),
    state: ACCOUNT_STATES.find((one) => one === c.req.query("state")) ?? "all",
  };
  const accounts = await loadPage(
    c,
    (after, limit) => findAccounts(c.env.DB, query, after, limit),
    ({ name }) => name,
  );
  return accountsPage(c, typed, query, accounts);
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
  | { ok: false; response: HandlerResponse };

/** The account, and what may be done with it; otherwise the page that says that it may not. */
async function find(c: HonoContext, name: string, wanted: string): Promise<Found> {
  const account = await findAccount(c.env.DB, name);
  if (account === null) return { ok: false, response: noSuchAccount(c) };
  const act = possibleActs(account, c.var.session.account).find((one) => one === wanted);
  return act ? { ok: true, account, act } : { ok: false, response: nothingDone(c, account) };
}

async function answer(c: HonoContext, account: AccountSummary, act: AccountAct): Promise<Response> {
  const admin = c.var.session.account;
  const words = messagesFor(c, ADMIN_MESSAGES);
  const form = await readForm(c);
  const now = Date.now();
  if (act === "reset-link") {
    const link = await giveResetLink(c.env, admin, account, now);
    if (link === null) return nothingDone(c, account);
    const { pages } = resolveOrigins(c.req.url, settings(c.env));
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

const isDone = (c: HonoContext, account: AccountSummary, done: boolean): HandlerResponse =>
  done ? c.redirect(`/admin/accounts/${account.name}`, 303) : nothingDone(c, account);

const nothingDone = (c: HonoContext, { name }: AccountSummary): HandlerResponse => {
  const { gone, toAccount } = messagesFor(c, ADMIN_MESSAGES).accounts;
  return errorPage(c, 409, gone, { href: `/admin/accounts/${name}`, text: toAccount });
};

const noSuchAccount = (c: HonoContext): HandlerResponse =>
  errorPage(c, 404, messagesFor(c, ADMIN_MESSAGES).accounts.noSuch, {
    href: "/admin/accounts",
    text: messagesFor(c, ADMIN_MESSAGES).nav["/admin/accounts"],
  });
