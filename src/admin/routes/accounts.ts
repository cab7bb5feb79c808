/** Routes of /admin/accounts: the list, one account, and the actions on it. */

import { Hono } from "hono";
import { parseUserInput } from "../../accounts/form-input";
import { requireReauthentication } from "../../accounts/middleware";
import { parseByteSize } from "../../core/byte-size";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { errorPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { loadPage } from "../../ui/paging";
import {
  type AccountAction,
  availableActions,
  changeQuota,
  issueResetLink,
  performAction,
} from "../account-actions";
import {
  ACCOUNT_STATES,
  type AccountQuery,
  type AccountSummary,
  findAccount,
  findAccounts,
} from "../accounts";
import { ADMIN_MESSAGES } from "../messages";
import {
  accountPage,
  accountsPage,
  confirmActionPage,
  resetLinkCreatedPage,
} from "../pages/accounts";

/** To be mounted behind `requireAdmin`. */
export const adminAccountRoutes = new Hono<{ Bindings: Env }>();

adminAccountRoutes.get("/", async (c) => {
  const nameInput = c.req.query("name") ?? "";
  const query: AccountQuery = {
    namePrefix: parseUserInput(c, nameInput).trim().toLowerCase(),
    state: ACCOUNT_STATES.find((state) => state === c.req.query("state")) ?? "all",
  };
  const accounts = await loadPage(
    c,
    (after, limit) => findAccounts(c.env.DB, query, after, limit),
    ({ name }) => name,
  );
  return accountsPage(c, nameInput, query, accounts);
});

adminAccountRoutes.get("/:name", async (c) => {
  const account = await findAccount(c.env.DB, c.req.param("name"));
  return account ? accountPage(c, account) : accountNotFoundPage(c);
});

adminAccountRoutes.use("/:name/:act", requireReauthentication);

adminAccountRoutes.get("/:name/:act", async (c) => {
  const request = await findAction(c, c.req.param("name"), c.req.param("act"));
  return request.ok ? confirmActionPage(c, request.account, request.action) : request.response;
});

adminAccountRoutes.post("/:name/:act", async (c) => {
  const request = await findAction(c, c.req.param("name"), c.req.param("act"));
  return request.ok ? submitAction(c, request.account, request.action) : request.response;
});

type RequestedAction =
  | { ok: true; account: AccountSummary; action: AccountAction }
  | { ok: false; response: HandlerResponse };

/** The account and the requested action, or an error page if it is not available. */
async function findAction(
  c: HonoContext,
  name: string,
  actionName: string,
): Promise<RequestedAction> {
  const account = await findAccount(c.env.DB, name);
  if (account === null) return { ok: false, response: accountNotFoundPage(c) };
  const action = availableActions(account, c.var.session.account).find(
    (available) => available === actionName,
  );
  return action
    ? { ok: true, account, action }
    : { ok: false, response: actionUnavailablePage(c, account) };
}

async function submitAction(
  c: HonoContext,
  account: AccountSummary,
  action: AccountAction,
): Promise<Response> {
  const admin = c.var.session.account;
  const messages = messagesFor(c, ADMIN_MESSAGES);
  const form = await readForm(c);
  const now = Date.now();
  if (action === "reset-link") {
    const link = await issueResetLink(c.env, admin, account, now);
    if (link === null) return actionUnavailablePage(c, account);
    const { pages } = resolveOrigins(c.req.url, settings(c.env));
    return resetLinkCreatedPage(c, account, new URL(link, pages).href);
  }
  if (action === "quota") {
    const value = (form.get("quota") ?? "").trim();
    const bytes = value === "" ? null : parseByteSize(value);
    if (bytes === null && value !== "") {
      return confirmActionPage(c, account, action, { error: messages.invalidQuota, value });
    }
    return redirectOrConflict(c, account, await changeQuota(c.env, admin, account, bytes, now));
  }
  const value = form.get("name") ?? "";
  if (action === "delete" && value.trim().toLowerCase() !== account.name) {
    return confirmActionPage(c, account, action, { error: messages.wrongName, value });
  }
  const isDone = await performAction(c.env, admin, account, action, now);
  return action === "delete" && isDone
    ? c.redirect("/admin/accounts", 303)
    : redirectOrConflict(c, account, isDone);
}

const redirectOrConflict = (
  c: HonoContext,
  account: AccountSummary,
  isDone: boolean,
): HandlerResponse =>
  isDone ? c.redirect(`/admin/accounts/${account.name}`, 303) : actionUnavailablePage(c, account);

const actionUnavailablePage = (c: HonoContext, { name }: AccountSummary): HandlerResponse => {
  const { unavailable, backToAccount } = messagesFor(c, ADMIN_MESSAGES).accounts;
  return errorPage(c, 409, unavailable, { href: `/admin/accounts/${name}`, text: backToAccount });
};

const accountNotFoundPage = (c: HonoContext): HandlerResponse =>
  errorPage(c, 404, messagesFor(c, ADMIN_MESSAGES).accounts.notFound, {
    href: "/admin/accounts",
    text: messagesFor(c, ADMIN_MESSAGES).nav["/admin/accounts"],
  });
