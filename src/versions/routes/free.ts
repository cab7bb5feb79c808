/** Routes that delete versions for good: /free. */

import { Hono } from "hono";
import { requireReauthentication, requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { startUserTask } from "../../tasks/start-task";
import { errorPage } from "../../ui/error-pages";
import { messagesFor } from "../../ui/language";
import { parseFreeRequest } from "../free-request";
import { VERSION_MESSAGES } from "../messages";
import { confirmFreePage } from "../pages/free";

export const freeRoutes = new Hono<{ Bindings: Env }>();

// It cannot be undone, so a session, which may be stolen, is not enough.
freeRoutes.use("/free", requireSignIn, requireReauthentication);

freeRoutes.get("/free", (c): HandlerResponse => {
  const request = requestedFree(c);
  return request === null ? nothingChosen(c) : confirmFreePage(c, c.var.session.account, request);
});

freeRoutes.post("/free", async (c): Promise<HandlerResponse> => {
  const request = requestedFree(c);
  if (request === null) return nothingChosen(c);
  const { what, paths } = request;
  return startUserTask(c, { kind: "free", what, paths }, Date.now());
});

const requestedFree = (c: HonoContext) => parseFreeRequest(new URL(c.req.url).searchParams);

const nothingChosen = (c: HonoContext): HandlerResponse =>
  errorPage(c, 404, messagesFor(c, VERSION_MESSAGES).free.notFound);
