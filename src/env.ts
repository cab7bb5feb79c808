/** Bindings and settings of the Worker, read and checked once per isolate. */

import * as v from "valibot";
import type { ModuleObject } from "./rxdb/module-object";
import type { UserObject } from "./user-object/user-object";

export interface Bindings {
  DB: D1Database;
  BODIES: R2Bucket;
  USERS: DurableObjectNamespace<UserObject>;
  MODULES: DurableObjectNamespace<ModuleObject>;
  SIGN_IN_LIMIT: RateLimit;
  SIGN_UP_LIMIT: RateLimit;
  /** Cloudflare's Email sending; needed with MAIL = "cloudflare" alone. */
  MAILER?: SendEmail;
  /** Set by the local server: there whoever asks could say that they come from Cloudflare. */
  LOCAL_SERVER?: string;
  ASSETS: Fetcher;
}

/** As wrangler.toml, the command line and secrets give them: every one is text. */
export type Variables = Partial<Record<keyof v.InferOutput<typeof Settings>, string>>;

export type Env = Bindings & Variables;

const originSetting = v.pipe(
  v.optional(v.string(), ""),
  v.check(
    (text) => text === "" || (/^https?:/.test(text) && URL.parse(text)?.origin === text),
    "must be empty or an origin such as https://satchel.example, without a path",
  ),
  v.transform((text) => (text === "" ? null : text)),
);

const wholeNumberSetting = (defaultValue: string, minimum: number) =>
  v.pipe(
    v.optional(v.string(), defaultValue),
    v.regex(/^\d{1,15}$/, "must be a whole number"),
    v.transform(Number),
    v.minValue(minimum, `must be at least ${minimum}`),
  );

const Fields = v.object({
  /** Origin of the pages and of WebFinger; null: whatever host a request came to. */
  ORIGIN: originSetting,
  /** §14: origin of the storage, if it is another than that of the pages. */
  STORAGE_ORIGIN: originSetting,
  SIGN_UP: v.optional(
    v.picklist(["open", "invitation", "closed"], "must be open, invitation or closed"),
    "open",
  ),
  DEFAULT_QUOTA_BYTES: wholeNumberSetting("1073741824", 0),
  MAX_DOCUMENT_BYTES: wholeNumberSetting("104857600", 1),
  /** Earlier versions of a document, and deleted documents, are kept this long. */
  HISTORY_DAYS: wholeNumberSetting("30", 0),
  /** And at most so many of one document. */
  HISTORY_VERSIONS: wholeNumberSetting("20", 0),
  /** Of one app, for long; `http/rate-limits.ts` says what the others may. */
  REQUESTS_PER_SECOND: wholeNumberSetting("100", 1),
  /** Of tokens from the code flow, which can be refreshed. */
  ACCESS_TOKEN_SECONDS: wholeNumberSetting("3600", 60),
  REFRESH_TOKEN_DAYS: wholeNumberSetting("180", 1),
  SESSION_DAYS: v.pipe(wholeNumberSetting("30", 1), v.maxValue(400, "must be at most 400")),
  /** What happened in an account is told to its owner for so long. */
  ACTIVITY_DAYS: wholeNumberSetting("90", 1),
  /** What administrators did. */
  ADMIN_LOG_DAYS: wholeNumberSetting("365", 1),
  /** How mail is sent; `local` shows it on a page of this computer. */
  MAIL: v.optional(
    v.picklist(["none", "cloudflare", "local"], "must be none, cloudflare or local"),
    "none",
  ),
  /** The sender of mail, such as satchel@satchel.example. */
  MAIL_FROM: v.optional(v.string(), ""),
  /** Who shows it may read /metrics; empty: nobody. */
  METRICS_TOKEN: v.pipe(
    v.optional(v.string(), ""),
    v.check((token) => token === "" || token.length >= 32, "must have at least 32 characters"),
  ),
  /** Keys for access tokens, the first signs, all verify; empty: made and kept in D1. */
  TOKEN_SECRETS: v.pipe(
    v.optional(v.string(), ""),
    v.transform((text) => text.split(",").filter((secret) => secret !== "")),
    v.check(
      (secrets) => secrets.every((secret) => secret.length >= 32),
      "must be secrets of at least 32 characters each, separated by commas",
    ),
  ),
});

/** Settings that are secrets: never shown, not even in a complaint about one. */
export const SECRET_SETTINGS: string[] = ["METRICS_TOKEN", "TOKEN_SECRETS"];

const Settings = v.pipe(
  Fields,
  v.forward(
    v.check(
      ({ MAIL, MAIL_FROM }) => MAIL !== "cloudflare" || /^[^@\s]+@[^@\s]+$/.test(MAIL_FROM),
      "must be the address that mail comes from",
    ),
    ["MAIL_FROM"],
  ),
  v.forward(
    // A link in a mail must lead here, whatever host somebody asked for it at.
    v.check(
      ({ MAIL, ORIGIN }) => MAIL !== "cloudflare" || ORIGIN !== null,
      "must be set where MAIL is cloudflare: links in mails need it",
    ),
    ["ORIGIN"],
  ),
  v.forward(
    v.check(
      ({ ORIGIN, STORAGE_ORIGIN }) => STORAGE_ORIGIN === null || STORAGE_ORIGIN !== ORIGIN,
      "must be another origin than ORIGIN, or empty",
    ),
    ["STORAGE_ORIGIN"],
  ),
);

export type Settings = v.InferOutput<typeof Settings>;

/**
 * The settings in force. Throws an Error whose message is one sentence per wrong setting, naming
 * it, if any is wrong.
 */
export function parseSettings(variables: Variables): Settings {
  const known = Object.fromEntries(
    Object.keys(Fields.entries).map((name) => [name, variables[name as keyof Variables]]),
  );
  const result = v.safeParse(Settings, known);
  if (result.success) return result.output;
  const sentences = result.issues.map((issue) => {
    const name = String(issue.path?.[0].key);
    const isShown = !SECRET_SETTINGS.includes(name) && known[name] !== undefined;
    const value = isShown ? ` is "${known[name]}" but` : "";
    return `The setting ${name}${value} ${issue.message}.`;
  });
  throw new Error(sentences.join(" "));
}

const settingsCache = new WeakMap<Env, Settings>();

/** `parseSettings` of this Worker, once per isolate. */
export function settings(env: Env): Settings {
  let cached = settingsCache.get(env);
  if (!cached) {
    cached = parseSettings(env);
    settingsCache.set(env, cached);
  }
  return cached;
}
