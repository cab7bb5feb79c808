/** Routes of moving in: /transfer/move-in. */

import { Hono } from "hono";
import { TransferError } from "../../../transfer/requests.js";
import { recordActivity } from "../../accounts/activity";
import { requireSignIn } from "../../accounts/middleware";
import { type GuardedFetch, guardedFetch } from "../../copying/guarded-fetch";
import {
  CONFLICT_CHOICES,
  type MoveEntry,
  type MoveIn,
  type MoveRequest,
  type OldCredential,
  type PendingSignIn,
} from "../../copying/move-in";
import {
  credentialOf,
  findOldStorage,
  prepareSignIn,
  requestTokenByCode,
} from "../../copying/sign-in";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { isOwnHost, resolveOrigins } from "../../http/hosts";
import { logWarning } from "../../platform/log";
import { withCallTimeout, withRetry } from "../../platform/retry";
import { readForm } from "../../ui/form";
import { languageOf } from "../../ui/language";
import { describeMove } from "../describe";
import { movePage, type ReportPage } from "../pages/move";
import { type MoveInForm, type MoveInProblem, moveInPage } from "../pages/move-in";
import { leavingPage, returningPage } from "../pages/sign-in";
import { MOVE_IN_PATH, RETURN_PATH } from "../paths";

export const moveInRoutes = new Hono<{ Bindings: Env }>();

moveInRoutes.use(`${MOVE_IN_PATH}/*`, requireSignIn);

moveInRoutes.get(MOVE_IN_PATH, async (c) => {
  const move = await loadMove(c);
  return move ? movePage(c, move, await loadReport(c, move), Date.now()) : moveInPage(c);
});

moveInRoutes.get(`${MOVE_IN_PATH}/new`, (c) => moveInPage(c));

/** How far the move has come, for the script of its page. */
moveInRoutes.get(`${MOVE_IN_PATH}/progress`, async (c) => {
  const move = await loadMove(c);
  if (move === null) return c.json({ state: "gone" }, 404);
  const { state, looked, found } = move;
  const text = describeMove(languageOf(c), move, Date.now());
  return c.json({ state, looked: looked.documents, total: found.documents, text });
});

/** Finds the old storage, and sends the user to its dialog; with a token, the move starts at once. */
moveInRoutes.post(MOVE_IN_PATH, async (c) => {
  const now = Date.now();
  const fields = await readForm(c);
  const form = parseForm(fields);
  const token = (fields.get("token") ?? "").trim();
  const credential = token === "" ? null : credentialOf(token);
  if (token !== "" && credential === null) return moveInPage(c, form, "bad-token");
  const host = /@([^@/?#\s]+)$/.exec(form.address)?.[1]?.toLowerCase() ?? "";
  if (isOwnHost(host, c.req.url, settings(c.env))) return moveInPage(c, form, "own-host");
  try {
    const found = await findOldStorage(
      form.address,
      guardedFetch(c.env, () => Date.now()),
      AbortSignal.timeout(SERVER_TIMEOUT_MS),
    );
    const { address, root } = found;
    const { pages } = resolveOrigins(c.req.url, settings(c.env));
    const request = { address, root, onConflict: form.onConflict, clientId: pages };
    if (credential) return await startMove(c, request, credential, now);
    const session = { session: c.var.session.hash, redirectUri: pages + RETURN_PATH };
    const prepared = await prepareSignIn(found, request, session, now);
    if (prepared === null) return moveInPage(c, form, "no-dialog");
    await withRetry<void>(() => userObject(c).beginMoveInSignIn(prepared.pending));
    return leavingPage(c, prepared.url);
  } catch (error) {
    return moveInPage(c, form, problemOf(error));
  }
});

/** Where the old provider sends the browser: with a code or an error, or with a fragment that a script reads. */
moveInRoutes.get(RETURN_PATH, async (c) => {
  const { state, code, error } = c.req.query();
  if (state === undefined) return returningPage(c);
  const pending = await takeSignIn(c, state);
  if (pending === null) return moveInPage(c, undefined, "bad-state");
  const { address, onConflict } = pending;
  if (error !== undefined || code === undefined || pending.code === null) {
    return moveInPage(c, { address, onConflict }, "denied");
  }
  const now = Date.now();
  try {
    const credential = await requestTokenByCode(pending, pending.code, code, fetchInTime(c), now);
    return await startMove(c, pending, credential, now);
  } catch (failure) {
    return moveInPage(c, { address, onConflict }, problemOf(failure));
  }
});

/** The answer of an implicit grant, sent by the script of the page above. */
moveInRoutes.post(RETURN_PATH, async (c) => {
  const form = await readForm(c);
  const pending = await takeSignIn(c, form.get("state") ?? "");
  if (pending === null) return moveInPage(c, undefined, "bad-state");
  const { address, onConflict } = pending;
  const credential = credentialOf(form.get("access_token") ?? "");
  // What the answer to a code request has in its fragment is not what was asked for.
  if (credential === null || pending.code !== null) {
    return moveInPage(c, { address, onConflict }, "denied");
  }
  return startMove(c, pending, credential, Date.now());
});

moveInRoutes.post(`${MOVE_IN_PATH}/actions`, async (c) => {
  const chosen = (await readForm(c)).get("action");
  const action = (["pause", "resume", "cancel"] as const).find((possible) => possible === chosen);
  if (action) await withCallTimeout<void>(userObject(c).controlMoveIn(action));
  return c.redirect(MOVE_IN_PATH, 303);
});

/** What a page waits for another server, in all. */
const SERVER_TIMEOUT_MS = 30_000;

const fetchInTime = (c: HonoContext): GuardedFetch =>
  guardedFetch(c.env, () => Date.now(), AbortSignal.timeout(SERVER_TIMEOUT_MS));

const userObject = (c: HonoContext) => c.env.USERS.getByName(c.var.session.account.name);

/** The move of the signed-in user. */
async function loadMove(c: HonoContext): Promise<MoveIn | null> {
  const move = await withRetry<MoveIn | null>(() => userObject(c).getMoveIn());
  // An account that had the name before is none of theirs.
  return move?.account === c.var.session.account.id ? move : null;
}

/** Entries of the report on one page. */
const REPORT_PAGE_SIZE = 50;

async function loadReport(c: HonoContext, { entries: length }: MoveIn): Promise<ReportPage> {
  if (length === 0) return { entries: [], next: null };
  const [after = "0"] = /^\d{1,9}$/.exec(c.req.query("after") ?? "") ?? [];
  const skip = Number(after);
  const entries = await withRetry<MoveEntry[]>(() =>
    userObject(c).moveInReport(skip, REPORT_PAGE_SIZE),
  );
  const end = skip + REPORT_PAGE_SIZE;
  return { entries, next: end < length ? `${MOVE_IN_PATH}?after=${end}#report` : null };
}

function parseForm(form: URLSearchParams): MoveInForm {
  const onConflict = CONFLICT_CHOICES.find((choice) => choice === form.get("onConflict"));
  return { address: (form.get("address") ?? "").trim(), onConflict: onConflict ?? "keep" };
}

/** The sign-in that this session has begun; it can be taken once, so the call is not repeated. */
const takeSignIn = (c: HonoContext, state: string): Promise<PendingSignIn | null> =>
  withCallTimeout<PendingSignIn | null>(userObject(c).takeMoveInSignIn(state, c.var.session.hash));

async function startMove(
  c: HonoContext,
  { address, root, onConflict, clientId }: MoveRequest,
  credential: OldCredential,
  now: number,
): Promise<HandlerResponse> {
  const { account } = c.var.session;
  const owner = { account: account.id, user: account.name };
  const request = { address, root, onConflict, clientId };
  // A repetition would be another pass.
  const started = userObject(c).startMoveIn(owner, request, credential);
  if (!(await withCallTimeout<boolean>(started))) {
    return moveInPage(c, { address, onConflict }, "busy");
  }
  await recordActivity(c.env.DB, account.id, { kind: "move-in", from: address }, now);
  return c.redirect(MOVE_IN_PATH, 303);
}

const PROBLEM_BY_CODE: Record<string, MoveInProblem> = {
  malformed: "malformed",
  "not-found": "not-found",
  insecure: "insecure",
  "not-public": "not-public",
  refused: "denied",
  unauthorized: "denied",
};

/** The problem with the old server. Rethrows what is none of its doing. */
function problemOf(error: unknown): MoveInProblem {
  if (error instanceof Error && error.name === "TimeoutError") return "unreachable";
  if (!(error instanceof TransferError)) throw error;
  logWarning("Another server did not answer as expected.", error);
  return PROBLEM_BY_CODE[error.code] ?? "unreachable";
}
