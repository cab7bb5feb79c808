/** POST /language: chooses the language of the pages. */

import { Hono } from "hono";
import type { Env } from "../env";
import { safeRedirectPath } from "../http/hosts";
import { readForm } from "./form";
import { isLanguage, setLanguageCookie } from "./language";

export const languageRoutes = new Hono<{ Bindings: Env }>().post("/language", async (c) => {
  const form = await readForm(c);
  const language = form.get("language") ?? undefined;
  if (isLanguage(language)) setLanguageCookie(c, language);
  const from = URL.parse(c.req.header("referer") ?? "");
  return c.redirect(
    safeRedirectPath(c.req.url, from ? from.pathname + from.search : undefined),
    303,
  );
});
