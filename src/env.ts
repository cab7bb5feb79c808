/** Bindings and settings of the Worker; settings are parsed once per isolate. */

import * as v from "valibot";
import type { PasswordObject } from "./accounts/passwords/password-object";
import type { ModuleObject } from "./rxdb/module-object";
import type { UserObject } from "./user-object/user-object";

/** The Worker's bindings (wrangler.toml). */
export interface Bindings {
  DB: D1Database;
  BODIES: R2Bucket;
  USERS: DurableObjectNamespace<UserObject>;
  PASSWORDS: DurableObjectNamespace<PasswordObject>;
  MODULES: DurableObjectNamespace<ModuleObject>;
  SIGN_IN_LIMIT: RateLimit;
  SIGN_UP_LIMIT: RateLimit;
  /** Cloudflare Email Sending; only needed with MAIL = "cloudflare". */
  MAILER?: SendEmail;
  /** Set by the local server, whose clients could forge the headers that Cloudflare sets. */
  LOCAL_SERVER?: string;
  /** On the local server: opens the page with the emails of all users. */
  LOCAL_MAIL_KEY?: string;
  /** On the local server: a network of public addresses only, whatever a name leads to. */
  PUBLIC_NETWORK?: Fetcher;
  ASSETS: Fetcher;
  /** The deployed version; the local server has none. */
  VERSION?: WorkerVersionMetadata;
}

/** The settings as text, from wrangler.toml, the command line or secrets. */
export type Variables = Partial<Record<keyof v.InferOutput<typeof Settings>, string>>;

/** What the Worker gets from the platform. */
export type Env = Bindings & Variables;

const originSetting = v.pipe(
  v.optional(v.string(), ""),
  v.check(
    (text) => text === "" || (/^https?:[^*]*$/.test(text) && URL.parse(text)?.origin === text),
    "must be empty or an origin such as https://satchel.example, without a path",
  ),
  v.transform((text) => (text === "" ? null : text)),
);

/** An origin, or one for each user: "*" stands for the user's name. */
const storageOriginSetting = v.pipe(
  v.optional(v.string(), ""),
  v.check((text) => {
    const example = text.replace("://*.", "://user.");
    const isOrigin = /^https?:[^*]*$/.test(example) && URL.parse(example)?.origin === example;
    return text === "" || isOrigin;
  }, "must be empty or an origin such as https://storage.example or https://*.storage.example, without a path"),
  v.transform((text) => (text === "" ? null : text)),
);

const DEFAULT_RESOLVERS = "https://cloudflare-dns.com/dns-query,https://dns.google/resolve";

/** A secret of the operator's, which opens routes that are closed without it. */
const operatorTokenSetting = v.pipe(
  v.optional(v.string(), ""),
  v.check((token) => token === "" || token.length >= 32, "must have at least 32 characters"),
);

const isHttpUrl = (text: string): boolean => /^https?:/.test(text) && URL.canParse(text);

const wholeNumberSetting = (defaultValue: string, minimum: number) =>
  v.pipe(
    v.optional(v.string(), defaultValue),
    v.regex(/^\d{1,15}$/, "must be a whole number"),
    v.transform(Number),
    v.minValue(minimum, `must be at least ${minimum}`),
  );

const Fields = v.object({
  /** Origin of the pages and of WebFinger; null means the host of each request. */
  ORIGIN: originSetting,
  /** §14: origin of the storage, if it differs from that of the pages. */
  STORAGE_ORIGIN: storageOriginSetting,
  /** Hosts under which the provider was known before, in lower case: `http/hosts.ts`. */
  OLD_HOSTS: v.pipe(
    v.optional(v.string(), ""),
    v.transform((text) =>
      text
        .split(",")
        .map((host) => host.trim())
        .filter((host) => host !== ""),
    ),
    v.check(
      (hosts) => hosts.every((host) => URL.parse(`https://${host}`)?.host === host),
      "must be hosts such as old.example, separated by commas, in lower case",
    ),
  ),
  /** Resolvers that are asked for the proof of a user's domain, by DNS over HTTPS in JSON; both have to agree. */
  DNS_RESOLVERS: v.pipe(
    v.optional(v.string(), DEFAULT_RESOLVERS),
    v.transform((text) =>
      text
        .split(",")
        .map((url) => url.trim())
        .filter((url) => url !== ""),
    ),
    v.check(
      (urls) => urls.length === 0 || (urls.length === 2 && urls.every(isHttpUrl)),
      "must be two URLs, separated by a comma, or empty",
    ),
  ),
  /** Zone at Cloudflare in which custom hostnames are made for users' domains; empty: none are. */
  CUSTOM_HOSTNAMES_ZONE: v.pipe(
    v.optional(v.string(), ""),
    v.regex(/^(?:[0-9a-f]{32})?$/, "must be empty or the id of a zone: 32 hexadecimal digits"),
  ),
  /** The host of that zone that users make their domains an alias of. */
  CUSTOM_HOSTNAMES_TARGET: v.pipe(
    v.optional(v.string(), ""),
    v.check(
      (host) =>
        host === "" || (/[a-z]/.test(host) && URL.parse(`https://${host}`)?.hostname === host),
      "must be empty or a host such as domains.satchel.example, in lower case",
    ),
  ),
  /** How many custom hostnames there may be: beyond the plan's allowance each of them costs. */
  CUSTOM_HOSTNAMES_MAX: wholeNumberSetting("100", 0),
  /** Where Cloudflare's API is. */
  CUSTOM_HOSTNAMES_API: v.pipe(
    v.optional(v.string(), "https://api.cloudflare.com/client/v4"),
    v.check(
      (url) => isHttpUrl(url) && !/[?#]|\/$/.test(url),
      "must be a URL, without a slash at its end",
    ),
  ),
  /** Whether every request comes through a proxy that says how the client has reached it. */
  TRUST_PROXY: v.optional(v.picklist(["yes", "no"], "must be yes or no"), "no"),
  SIGN_UP: v.optional(
    v.picklist(["open", "invitation", "closed"], "must be open, invitation or closed"),
    "open",
  ),
  DEFAULT_QUOTA_BYTES: wholeNumberSetting("1073741824", 0),
  MAX_DOCUMENT_BYTES: wholeNumberSetting("104857600", 1),
  /** How many documents an account may have. */
  MAX_DOCUMENTS: wholeNumberSetting("1000000", 1),
  /** From which servers users may move in: public ones over https, or any, which is for the local server. */
  MOVE_IN_FROM: v.optional(v.picklist(["public", "any"], "must be public or any"), "public"),
  /** How long earlier versions of a document, and deleted documents, are kept. */
  HISTORY_DAYS: wholeNumberSetting("30", 0),
  /** How many earlier versions of one document are kept. */
  HISTORY_VERSIONS: wholeNumberSetting("20", 0),
  /** Calls that the plan of the Cloudflare account allows an invocation. */
  SUBREQUESTS: wholeNumberSetting("50", 50),
  /** Sustained rate of one app; `http/rate-limits.ts` derives the other limits from it. */
  REQUESTS_PER_SECOND: wholeNumberSetting("100", 1),
  /** Lifetime of access tokens from the code flow, which can be refreshed. */
  ACCESS_TOKEN_SECONDS: wholeNumberSetting("3600", 60),
  REFRESH_TOKEN_DAYS: wholeNumberSetting("180", 1),
  SESSION_DAYS: v.pipe(wholeNumberSetting("30", 1), v.maxValue(400, "must be at most 400")),
  /** How long the activity log of an account is kept. */
  ACTIVITY_DAYS: wholeNumberSetting("90", 1),
  /** How long the audit log of administrators' actions is kept. */
  ADMIN_LOG_DAYS: wholeNumberSetting("365", 1),
  /** Whether each request is a line of the log. */
  LOG_REQUESTS: v.optional(v.picklist(["yes", "no"], "must be yes or no"), "yes"),
  /** How email is sent; `local` shows it on a page of the local server. */
  MAIL: v.optional(
    v.picklist(["none", "cloudflare", "local"], "must be none, cloudflare or local"),
    "none",
  ),
  /** The sender of emails, such as satchel@satchel.example. */
  MAIL_FROM: v.optional(v.string(), ""),
  /** Bearer token for /metrics. Empty disables it. */
  METRICS_TOKEN: operatorTokenSetting,
  /** Bearer token for /backup. Empty disables it. */
  BACKUP_TOKEN: operatorTokenSetting,
  /** Token of Cloudflare's API that may edit the certificates of CUSTOM_HOSTNAMES_ZONE. */
  CUSTOM_HOSTNAMES_TOKEN: v.pipe(
    v.optional(v.string(), ""),
    v.trim(),
    v.regex(/^[\x21-\x7e]*$/, "must be an API token, without spaces"),
  ),
  /** Keys of access tokens: the first signs, all verify. Empty: generated and stored in D1. */
  TOKEN_SECRETS: v.pipe(
    v.optional(v.string(), ""),
    v.transform((text) => text.split(",").filter((secret) => secret !== "")),
    v.check(
      (secrets) => secrets.every((secret) => secret.length >= 32),
      "must be secrets of at least 32 characters each, separated by commas",
    ),
  ),
});

/** Settings that are secrets: never shown, not even in an error message. */
export const SECRET_SETTINGS: string[] = [
  "METRICS_TOKEN",
  "BACKUP_TOKEN",
  "TOKEN_SECRETS",
  "CUSTOM_HOSTNAMES_TOKEN",
];

/** Whether the host belongs to a STORAGE_ORIGIN: of one with "*", any name below it. */
export function coversHost(storageOrigin: string, host: string): boolean {
  const own = new URL(storageOrigin).host;
  return own.startsWith("*.") ? host.endsWith(own.slice(1)) : host === own;
}

const Settings = v.pipe(
  Fields,
  v.forward(
    v.check(
      ({ MAIL, MAIL_FROM }) => MAIL !== "cloudflare" || /^[^@\s]+@[^@\s]+$/.test(MAIL_FROM),
      "must be the address that emails are sent from",
    ),
    ["MAIL_FROM"],
  ),
  v.forward(
    // Links in emails must not depend on the Host header of the request that caused them.
    v.check(
      ({ MAIL, ORIGIN }) => MAIL !== "cloudflare" || ORIGIN !== null,
      "must be set if MAIL is cloudflare: links in emails need it",
    ),
    ["ORIGIN"],
  ),
  v.forward(
    v.check(
      ({ ORIGIN, STORAGE_ORIGIN }) =>
        STORAGE_ORIGIN === null ||
        ORIGIN === null ||
        !coversHost(STORAGE_ORIGIN, new URL(ORIGIN).host),
      "must differ from ORIGIN, or be empty",
    ),
    ["STORAGE_ORIGIN"],
  ),
  v.forward(
    v.check(
      ({ CUSTOM_HOSTNAMES_ZONE, CUSTOM_HOSTNAMES_TARGET }) =>
        CUSTOM_HOSTNAMES_ZONE === "" || CUSTOM_HOSTNAMES_TARGET !== "",
      "must be set if CUSTOM_HOSTNAMES_ZONE is: users make their domains an alias of it",
    ),
    ["CUSTOM_HOSTNAMES_TARGET"],
  ),
  v.forward(
    v.check(
      ({ CUSTOM_HOSTNAMES_ZONE, ORIGIN }) => CUSTOM_HOSTNAMES_ZONE === "" || ORIGIN !== null,
      "must be set if CUSTOM_HOSTNAMES_ZONE is: otherwise any host could be that of the pages",
    ),
    ["ORIGIN"],
  ),
);

/** The parsed settings. */
export type Settings = v.InferOutput<typeof Settings>;

/**
 * Parses the settings. Throws an Error if any is invalid; its message has one sentence for each, with
 * its name.
 */
export function parseSettings(variables: Variables): Settings {
  const values = Object.fromEntries(
    Object.keys(Fields.entries).map((name) => [name, variables[name as keyof Variables]]),
  );
  const result = v.safeParse(Settings, values);
  if (result.success) return result.output;
  const sentences = result.issues.map((issue) => {
    const name = String(issue.path?.[0].key);
    const isShown = !SECRET_SETTINGS.includes(name) && values[name] !== undefined;
    const value = isShown ? ` is "${values[name]}" but` : "";
    return `The setting ${name}${value} ${issue.message}.`;
  });
  throw new Error(sentences.join(" "));
}

const settingsCache = new WeakMap<Env, Settings>();

/** The settings of this Worker, parsed once per isolate. */
export function settings(env: Env): Settings {
  let cached = settingsCache.get(env);
  if (!cached) {
    cached = parseSettings(env);
    settingsCache.set(env, cached);
  }
  return cached;
}
