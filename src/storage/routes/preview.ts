/** GET /preview/<token>/<name>: one version of a document, for a page that shows it (`previews.ts`). */

import { Hono } from "hono";
import { servesStorage } from "../../discovery/storage-hosts";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { limitAnonymous, limitOwnDocuments } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { serveBody } from "../body-response";
import { verifyPreview } from "../previews";
import { MISDIRECTED, methodNotAllowed, NO_PREVIEW } from "../refusals";
import { DOCUMENT_SECURITY_HEADERS } from "./security-headers";

const METHODS = ["GET", "HEAD"];

/** Routes of /preview. */
export const previewRoutes = new Hono<{ Bindings: Env }>()
  .get("/:token/*", async (c) => {
    const response = await servePreview(c, c.req.param("token"), Date.now());
    for (const [name, value] of DOCUMENT_SECURITY_HEADERS) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    return response;
  })
  .all("*", (c) =>
    refusalResponse(
      METHODS.includes(c.req.method) ? NO_PREVIEW : methodNotAllowed(c.req.method, METHODS),
    ),
  );

async function servePreview(c: HonoContext, token: string, now: number): Promise<Response> {
  const preview = await verifyPreview(c.env, token, now);
  if (preview !== null && !(await servesStorage(c.env, c.req.url, preview.user, now))) {
    return refusalResponse(MISDIRECTED);
  }
  const limited = preview ? limitOwnDocuments(c.env, preview.account, now) : limitAnonymous(c, now);
  if (limited) return refusalResponse(limited);
  if (preview === null) return refusalResponse(NO_PREVIEW);
  const headers = new Headers({
    "Content-Type": preview.type,
    "Cache-Control": "no-store, no-transform",
  });
  const response = await serveBody(c.env, c.req.raw, preview, headers);
  return response.ok ? response.value : refusalResponse(response.refusal);
}
