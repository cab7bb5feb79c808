/** The pages: for a user with a few of everything, and for one with as much as there may be. */

import { env } from "cloudflare:workers";
import { authorizeUrl, ORIGIN } from "../../support/provider";
import {
  createAccount,
  domainOf,
  LARGEST,
  moduleName,
  ORDINARY,
  originOf,
  type SizedAccount,
} from "./accounts";
import type { CostCase, Step } from "./cost-case";

/** Accounts that no case changes. */
export interface SharedAccounts {
  ordinary: SizedAccount;
  largest: SizedAccount;
}

/** More than any field may have, of characters that take six bytes in HTML. */
const LONG = '"'.repeat(4000);

const MAX_FORM_BYTES = 64 * 1024;

/** To find the entries of a kind beyond the latest 500, these are read. */
const ENTRY = { rowsRead: 1000 };

/** All grants are grouped by app, to find those on the page, and how many apps there are. */
const SOME_APPS = { rowsRead: 6000 };

/** The grants of an app are found among all. */
const ONE_APP = { rowsRead: 2500 };

/** The same, and the usage of fifty apps on each day. */
const PAGE_OF_APPS = { rowsRead: 8000 };

type Fields = Record<string, string>;

const get =
  (path: string, { cookie }: SizedAccount): Step =>
  () =>
  ({ send }) =>
    send(path, { headers: { Cookie: cookie, Accept: "text/html" } });

const post =
  (path: string, fields: Fields, { cookie }: { cookie: string }): Step =>
  () =>
  ({ send }) =>
    send(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Cookie: cookie, Origin: ORIGIN, Accept: "text/html" },
    });

/** The fields with values as long as a form may be. */
const longFields = (names: string[]): Fields => {
  const length = Math.floor((MAX_FORM_BYTES - 1024) / 3 / Math.max(1, names.length));
  return Object.fromEntries(["padding", ...names].map((name) => [name, '"'.repeat(length / 2)]));
};

/** All cases of pages, by route. */
export function pageCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  const page = (path: string, worstPath = path, mayGrow: CostCase["mayGrow"] = {}): CostCase => ({
    route: `GET ${path.replace(/\?.*/, "")}`,
    ordinary: get(path, ordinary),
    worst: get(
      `${worstPath}${worstPath.includes("?") ? "&" : "?"}next=${encodeURIComponent(`/${LONG}`)}`,
      largest,
    ),
    mayGrow,
  });
  /** A form whose worst request has fields that are as long as they can be. */
  const form = (
    path: string,
    fields: Fields = {},
    mayGrow: CostCase["mayGrow"] = {},
  ): CostCase => ({
    route: `POST ${path.replace(/\?.*/, "")}`,
    ordinary: post(path, fields, ordinary),
    worst: post(path, longFields(Object.keys(fields)), largest),
    mayGrow,
  });
  /** A form that changes an account, as a user with a new account of each size sends it. */
  const change = (
    path: string,
    fieldsOf: (account: SizedAccount) => Fields,
    mayGrow: CostCase["mayGrow"] = {},
  ): CostCase => {
    const step =
      (size: typeof LARGEST): Step =>
      async () => {
        const account = await createAccount(size);
        return post(path, fieldsOf(account), account)();
      };
    return {
      route: `POST ${path.replace(/\?.*/, "")}`,
      detail: "of a whole account",
      ordinary: step(ORDINARY),
      // The rows that go with each grant are like those of others, and no form reads what entries name.
      worst: step({ ...LARGEST, daysOfUse: 2, refreshTokens: 1, scopesOfEntries: 1 }),
      mayGrow,
    };
  };
  const domainPages = (action: string): [ordinary: string, worst: string] => [
    `/settings/domains/${domainOf(ordinary.name)}${action}`,
    `/settings/domains/${domainOf(largest.name)}${action}`,
  ];
  const at = (route: string, one: CostCase): CostCase => ({ ...one, route });
  const secret = "s".repeat(43);
  const scope = Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(64, "m").concat(":rw")).join(
    " ",
  );
  const request = { scope, redirect_uri: `https://app1.example/${"u".repeat(2000)}`, state: LONG };
  const passkey = (account: SizedAccount) => `${account.id}passkey1`;
  const ofApp = (path: string, name: string) =>
    `${path}?${name}=${encodeURIComponent(originOf(1))}`;

  return [
    page("/", "/", SOME_APPS),
    page("/sign-up"),
    page("/sign-in"),
    page("/confirm"),
    page("/confirm/passkey"),
    page("/recover"),
    page("/recover/continue"),
    page("/recover/mail"),
    at("GET /link/:secret", page(`/link/${secret}`, `/link/${secret.repeat(80)}`)),
    page("/mail"),
    page("/change-password"),
    // Two rows for each session, as they are found by an index.
    page("/security", "/security", { rowsRead: 400 }),
    at("GET /security/sessions/end", page("/security/sessions/end")),
    page("/security/password"),
    page("/security/password/remove"),
    page("/security/passkeys/add"),
    at(
      "GET /security/passkeys/rename/:id",
      page(
        `/security/passkeys/rename/${passkey(ordinary)}`,
        `/security/passkeys/rename/${passkey(largest)}`,
      ),
    ),
    at(
      "GET /security/passkeys/remove/:id",
      page(
        `/security/passkeys/remove/${passkey(ordinary)}`,
        `/security/passkeys/remove/${passkey(largest)}`,
      ),
    ),
    page("/security/recovery-codes"),
    page("/security/email"),
    page("/security/email/remove"),
    page("/device"),
    page("/apps", "/apps", PAGE_OF_APPS),
    page(ofApp("/apps/app", "id"), ofApp("/apps/app", "id"), ONE_APP),
    page("/apps/tokens"),
    page(ofApp("/apps/disconnect", "app"), ofApp("/apps/disconnect", "app"), ONE_APP),
    page("/apps/disconnect-all"),
    page("/apps/unused", "/apps/unused", SOME_APPS),
    // The databases are in an object for each module.
    page("/data", "/data", { rowsRead: 400, objectCalls: 100 }),
    page("/data/parts", "/data/parts", { rowsRead: 700, objectCalls: 100 }),
    {
      ...page("/data/export", "/data/export", { ...ENTRY, objectCalls: 100 }),
      sendsAllData: true,
    },
    page(`/data/database?module=${moduleName(1)}&name=x`),
    page("/transfer"),
    page("/transfer/export", "/transfer/export", { rowsRead: 400 }),
    page("/transfer/import"),
    page("/activity"),
    page("/settings"),
    page("/settings/delete"),
    page("/settings/domains"),
    at("GET /settings/domains/:host", page(...domainPages(""))),
    at("GET /settings/domains/:host/remove", page(...domainPages("/remove"))),
    at("GET /settings/domains/:host/webfinger", page(...domainPages("/webfinger"))),
    page("/deleted"),
    at("GET /set-up/:secret", page(`/set-up/${secret}`, `/set-up/${secret.repeat(80)}`)),
    page("/admin"),
    page("/admin/settings"),
    page("/admin/log"),
    page("/admin/accounts"),
    at(
      "GET /admin/accounts/:name",
      page(`/admin/accounts/${ordinary.name}`, `/admin/accounts/${largest.name}`),
    ),
    at(
      "GET /admin/accounts/:name/:act",
      page(`/admin/accounts/${ordinary.name}/quota`, `/admin/accounts/${largest.name}/quota`),
    ),
    page("/admin/invitations"),
    page("/admin/domains"),
    at(
      "GET /admin/domains/:host/:name/remove",
      page(`/admin/domains/none.example/${ordinary.name}/remove`),
    ),
    page("/admin/invitations/new"),
    at(
      "GET /admin/invitations/revoke/:hash",
      page("/admin/invitations/revoke/invitation1", `/admin/invitations/revoke/${LONG}`),
    ),
    at("GET /*", page("/style.css", `/${"x".repeat(4000)}`)),
    at(
      "GET /oauth/authorize/:user?",
      page(authorizeUrl(ordinary.name), authorizeUrl(largest.name, request), ONE_APP),
    ),
    at("POST /oauth/authorize/:user?", {
      ...form("/"),
      mayGrow: ONE_APP,
      ordinary: post(
        authorizeUrl(ordinary.name),
        { decision: "allow", duration: "always" },
        ordinary,
      ),
      worst: post(
        authorizeUrl(largest.name, request),
        { decision: "allow", duration: "always" },
        largest,
      ),
    }),
    form("/language", { language: "de", next: "/" }),
    form("/sign-in", { name: "nobody", password: "wrong password", next: "/" }),
    form("/sign-up", { name: "x", password: "wrong password", next: "/" }),
    form("/confirm", { password: "wrong password", next: "/" }),
    form("/recover", { name: "nobody", code: "wrong" }),
    form("/recover/mail", { name: "nobody" }),
    at("POST /link/:secret", form(`/link/${secret}`)),
    form("/device", { user_code: "BCDF-GHJK" }),
    form("/sign-in/passkey"),
    form("/sign-up/passkey", { name: "somebody" }),
    form("/confirm/passkey"),
    form("/security/password", { password: "short" }),
    form("/security/password/remove", {}, { ...ENTRY, rowsWritten: 120 }),
    form("/security/passkeys/add", { name: "phone" }),
    at(
      "POST /security/passkeys/rename/:id",
      form(`/security/passkeys/rename/${passkey(ordinary)}`, { name: "new" }),
    ),
    at("POST /security/passkeys/remove/:id", form("/security/passkeys/remove/none")),
    form("/security/email", { email: "no address" }),
    form("/security/email/remove"),
    form("/apps/tokens", { name: "", write: "notes", read: "", duration: "year" }),
    form(ofApp("/apps/app", "id"), { "level:notes": "r", end: "keep" }, ONE_APP),
    form("/transfer/token", { purpose: "none" }),
    form("/transfer/token/renew", { id: "page-" }),
    form("/transfer/token/end", { id: "page-" }),
    form(`/data/database?module=${moduleName(1)}&name=x`),
    form("/settings", { displayName: "", picture: "x" }),
    form("/settings/delete", { name: "nobody" }),
    form("/settings/domains", { domain: "alice" }),
    at(
      "POST /settings/domains/:host/storage",
      form("/settings/domains/none.example/storage", { storage: "off" }),
    ),
    at(
      "POST /settings/domains/:host/hostname",
      form("/settings/domains/none.example/hostname", { hostname: "off" }),
    ),
    at("POST /settings/domains/:host/remove", form("/settings/domains/none.example/remove")),
    at("POST /set-up/:secret", form(`/set-up/${secret}`, { name: "x" })),
    at(
      "POST /admin/accounts/:name/:act",
      form(`/admin/accounts/${ordinary.name}/quota`, { quota: "x" }),
    ),
    at(
      "POST /admin/domains/:host/:name/remove",
      form(`/admin/domains/none.example/${ordinary.name}/remove`),
    ),
    form("/admin/invitations/new", { note: "", uses: "0", days: "0", quota: "x" }),
    at("POST /admin/invitations/revoke/:hash", form("/admin/invitations/revoke/none")),
    change("/sign-out", () => ({})),
    change("/security/sessions/end", () => ({ session: "all" }), ENTRY),
    change("/security/recovery-codes", () => ({}), ENTRY),
    // The objects of all modules are told.
    // The grants are counted.
    change("/transfer/token", () => ({ purpose: "import" }), { rowsRead: 3500 }),
    change(ofApp("/apps/disconnect", "app"), () => ({}), {
      rowsRead: ENTRY.rowsRead + ONE_APP.rowsRead,
      objectCalls: 101,
    }),
    change("/apps/unused", () => ({}), SOME_APPS),
    // What was inserted is deleted, once: refresh tokens and usage go with the grants.
    change("/apps/disconnect-all", () => ({}), {
      rowsRead: 10_000,
      rowsWritten: 4000,
      objectCalls: 101,
    }),
    change("/settings/delete", ({ name }) => ({ name }), {
      rowsRead: 30_000,
      rowsWritten: 10_000,
      objectCalls: 102,
    }),
    change(
      "/settings",
      ({ name }) => ({ displayName: name, picture: `https://a.example/${"x".repeat(2030)}` }),
      ENTRY,
    ),
    change("/sign-in", ({ name }) => ({ name, password: "correct horse battery" }), ENTRY),
  ];
}

/** Makes both users administrators. */
export const makeAdministrators = async ({ ordinary, largest }: SharedAccounts): Promise<unknown> =>
  env.DB.prepare("UPDATE accounts SET is_admin = 1 WHERE id IN (?1, ?2)")
    .bind(ordinary.id, largest.id)
    .run();
