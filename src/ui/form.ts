/** Parses bodies of forms (application/x-www-form-urlencoded) and of our scripts (JSON). */

import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { HandlerResponse } from "../http/context";

const MAX_FORM_BYTES = 64 * 1024;

/** For the text of a document, in which a line break takes six bytes, and for the paths of many. */
const MAX_TEXT_FORM_BYTES = 2 * 1024 * 1024;

/** Paths to which pages send whole texts, or many paths of documents. */
const TEXT_FORM = /^\/(?:files\/|tasks$)/;

/** Middleware: answers a POST with a larger body by `onTooLarge`. */
export function limitFormSize(onTooLarge: (c: Context) => HandlerResponse): MiddlewareHandler {
  const limit = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: onTooLarge });
  const limitText = bodyLimit({ maxSize: MAX_TEXT_FORM_BYTES, onError: onTooLarge });
  return (c, next) => {
    // bodyLimit creates a new Request, which throws for a GET with a body.
    if (c.req.method !== "POST") return next();
    return TEXT_FORM.test(c.req.path) ? limitText(c, next) : limit(c, next);
  };
}

/** The fields of a form. Other bodies give none of the fields that a route reads. */
export const readForm = async (c: Context): Promise<URLSearchParams> =>
  new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));

/** The properties of a JSON object; none for any other body. */
export async function readJson(c: Context): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await c.req.arrayBuffer());
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
