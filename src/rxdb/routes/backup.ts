/**
 * The operator's routes to the databases of all accounts, for a backup of a deployment: /backup, protected by BACKUP_TOKEN.
 * They read the databases of any account, and write only those of accounts that do not exist yet: a restore brings the
 * index last. So the token can change nothing that anybody has.
 */

import { Hono } from "hono";
import { hasAccounts } from "../../accounts/accounts";
import { parseUserName } from "../../core/names";
import { ok, type Refusal, refused } from "../../core/refusals";
import { isModuleName } from "../../core/scope";
import type { Env } from "../../env";
import { refuseOperator } from "../../http/operator-token";
import { refusalResponse } from "../../http/refusals";
import { findModuleOwner, moduleStub } from "../../modules/modules";
import { withRetry } from "../../platform/retry";
import { methodNotAllowed } from "../../storage/refusals";
import type { ModuleId } from "../handshake";
import type { CallOutcome } from "../refusals";
import type { TransferAnswer, TransferRequest } from "../whole-databases/requests";
import {
  type DatabaseContext,
  jsonResponse,
  type ModuleAnswer,
  moduleRoutes,
  respond,
} from "./module-routes";

/** The account has no such module, or is deleted, or has another user. */
const NO_MODULE: Refusal = { code: "not-found", message: "There is no such module." };

const ACCOUNT_EXISTS: Refusal = {
  code: "clash",
  message: "The account exists. Databases are restored before the index.",
};

const NOTHING: TransferAnswer = { kind: "json", json: '{"collections":[]}', isNew: false };

/** No app gets what the operator reads. */
const recordSent = (): void => {};

/** Ids of accounts are part of the names of objects. */
const ACCOUNT_PATTERN = /^[\w-]{1,64}$/;

/** The path of a module. */
const MODULE_PATH = "/:account/:user/:module";

/** Routes of /backup. Below an account's module they are those of /databases. */
export const backupRoutes = new Hono<{ Bindings: Env }>()
  .use(async (c, next) => refuseOperator(c, "BACKUP_TOKEN") ?? (await next()))
  .get("/", respond(describeProvider))
  .delete(MODULE_PATH, respond(eraseModule))
  .route("/", moduleRoutes(MODULE_PATH, callModule))
  .all("*", (c) =>
    refusalResponse(methodNotAllowed(c.req.method, ["GET", "PUT", "POST", "DELETE"])),
  );

/** Answers whether the provider has no accounts, as before a restore. */
async function describeProvider(c: DatabaseContext): Promise<CallOutcome<Response>> {
  return ok(jsonResponse(JSON.stringify({ isEmpty: !(await hasAccounts(c.env.DB)) }), 200));
}

/** Erases a part of what a module has, before it is restored. Answers whether that was all. */
async function eraseModule(c: DatabaseContext): Promise<CallOutcome<Response>> {
  const found = await findModule(c, "rw");
  if (!found.ok) return found;
  const { account, module } = found.value;
  const object = moduleStub(c.env, account, module);
  const hasMore = await withRetry(async () => await object.erase());
  return ok(jsonResponse(JSON.stringify({ isDone: !hasMore }), 200));
}

async function callModule(
  c: DatabaseContext,
  level: "r" | "rw",
  readRequest: () => Promise<CallOutcome<TransferRequest>>,
): Promise<CallOutcome<ModuleAnswer>> {
  const found = await findModule(c, level);
  if (!found.ok) return found;
  const request = await readRequest();
  if (!request.ok) return request;
  const id = found.value;
  const object = moduleStub(c.env, id.account, id.module);
  const answer = (await withRetry(async () =>
    level === "r"
      ? await object.transfer(id, "", request.value)
      : await object.restore(id, request.value),
  )) as CallOutcome<TransferAnswer>;
  if (answer.ok) return ok({ answer: answer.value, recordSent });
  // The module was opened, and nothing was stored in it since.
  return request.value.kind === "list" ? ok({ answer: NOTHING, recordSent }) : answer;
}

/**
 * Finds the module of a request, so that none is read that does not exist: a call to its object would create it. Refuses
 * with `not-found`, and with `clash` to write to an account that exists, or has existed.
 */
async function findModule(c: DatabaseContext, level: "r" | "rw"): Promise<CallOutcome<ModuleId>> {
  const { account = "", user = "", module = "" } = c.req.param() as Record<string, string>;
  const isPossible =
    ACCOUNT_PATTERN.test(account) && parseUserName(user) === user && isModuleName(module);
  if (!isPossible) return refused(NO_MODULE);
  const owner = await findModuleOwner(c.env, account, module);
  if (level === "rw") {
    return owner === null ? ok({ account, user, module }) : refused(ACCOUNT_EXISTS);
  }
  const isThere = owner?.user === user && owner.isDeleted === 0 && owner.hasModule === 1;
  return isThere ? ok({ account, user, module }) : refused(NO_MODULE);
}
