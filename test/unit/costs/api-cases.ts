/** The endpoints of apps, devices and monitors: at the limits of accounts, headers and queries. */

import { env } from "cloudflare:workers";
import { startDevice } from "../../support/devices";
import { obtainCode, obtainTokens, redeemCode } from "../../support/oauth";
import { ORIGIN } from "../../support/provider";
import { createAccount, LARGEST, moduleName, ORDINARY, type SizedAccount } from "./accounts";
import { backupCases } from "./backup-cases";
import type { CostCase, Step } from "./cost-case";
import { databaseCases } from "./database-cases";
import type { SharedAccounts } from "./page-cases";
import { get, post } from "./requests";

/** A body of a form that is as long as it may be. */
const LONG_FIELD = "x".repeat(63_000);

/** Rows that do not matter when tokens are issued. */
const FEW_ROWS = { daysOfUse: 2, refreshTokens: 1, entriesOfEachKind: 1 };

/** All cases of the other endpoints, by route. */
export function apiCases(shared: SharedAccounts): CostCase[] {
  const { ordinary, largest } = shared;
  const pending = async (size: typeof LARGEST) => {
    const account = await createAccount(size);
    return { account, code: await obtainCode(account) };
  };
  const pathOfModule = ({ name, app }: SizedAccount) =>
    `/rxdb/${name}/${moduleName(1)}?access_token=${app.token}`;
  const batchOf =
    ({ name, app }: SizedAccount, paths: string[]): Step =>
    () =>
    async ({ send }) => {
      const body = JSON.stringify({ documents: paths.map((path) => ({ path })) });
      const headers = { Authorization: `Bearer ${app.token}` };
      await (await send(`/batch/${name}`, { method: "POST", headers, body })).arrayBuffer();
    };
  const pathOfLive = ({ name, app }: SizedAccount) => `/live/${name}?access_token=${app.token}`;
  const upgrade =
    (path: string): Step =>
    () =>
    async ({ send }) =>
      (await send(path, { headers: { Upgrade: "websocket" } })).webSocket?.accept();
  return [
    {
      route: "GET /quota/:user",
      ordinary: get(`/quota/${ordinary.name}`, ordinary),
      worst: get(`/quota/${largest.name}`, largest),
    },
    {
      route: "ALL /quota/*",
      ordinary: get(`/quota/${ordinary.name}/x`),
      worst: get(`/quota/${largest.name}/${"x".repeat(8000)}`),
    },
    {
      route: "GET /rxdb/:user/:module",
      ordinary: upgrade(pathOfModule(ordinary)),
      worst: upgrade(`${pathOfModule(largest)}&after=${"x".repeat(8000)}`),
    },
    {
      route: "POST /rxdb/:user/:module/session",
      ordinary: post(
        `/rxdb/${ordinary.name}/${moduleName(1)}/session?access_token=${ordinary.app.token}`,
        {},
      ),
      worst: post(
        `/rxdb/${largest.name}/${moduleName(1)}/session?access_token=${largest.app.token}`,
        {
          session: LONG_FIELD,
        },
      ),
    },
    ...["ALL /rxdb/:user/:module/session", "ALL /rxdb/:user/:module", "ALL /rxdb/*"].map(
      (route) => ({
        route,
        ordinary: get(route.slice(4).replace(":user", "x").replace(":module", "x")),
        worst: get(route.slice(4).replace(":user", "x").replace(":module", "x".repeat(8000))),
      }),
    ),
    ...databaseCases(shared),
    ...backupCases(shared),
    {
      route: "POST /batch/:user",
      ordinary: batchOf(ordinary, ["/ten/1"]),
      // What the plan allows to read at once.
      worst: batchOf(ordinary, Array(100).fill("/ten/1")),
      mayGrow: { bucketCalls: 100, rowsRead: 210 },
    },
    {
      route: "POST /batch/:user",
      detail: "of the longest paths that there are not",
      ordinary: batchOf(ordinary, ["/nothing"]),
      worst: batchOf(largest, Array(60).fill(`/${"x".repeat(4095)}`)),
    },
    {
      route: "ALL /batch/*",
      ordinary: get("/batch/x"),
      worst: get(`/batch/${"x".repeat(8000)}`),
    },
    {
      route: "GET /live/:user",
      ordinary: upgrade(pathOfLive(ordinary)),
      worst: upgrade(`${pathOfLive(largest)}&x=${"x".repeat(8000)}`),
    },
    {
      route: "POST /live/:user/session",
      ordinary: post(`/live/${ordinary.name}/session?access_token=${ordinary.app.token}`, {}),
      worst: post(`/live/${largest.name}/session?access_token=${largest.app.token}`, {
        session: LONG_FIELD,
      }),
    },
    ...["ALL /live/:user/session", "ALL /live/:user", "ALL /live/*"].map((route) => ({
      route,
      ordinary: get(route.slice(4).replace(":user", "x")),
      worst: get(route.slice(4).replace(":user", "x".repeat(8000))),
    })),
    {
      route: "GET /.well-known/webfinger",
      ordinary: get(`/.well-known/webfinger?resource=acct:${ordinary.name}@satchel.example`),
      worst: get(
        `/.well-known/webfinger?resource=acct:${largest.name}@satchel.example${"&rel=x".repeat(2000)}`,
      ),
    },
    ...["host-meta", "host-meta.json"].map((name) => ({
      route: `GET /.well-known/${name}`,
      ordinary: get(`/.well-known/${name}`),
      worst: get(`/.well-known/${name}?resource=acct:${"x".repeat(8000)}@satchel.example`),
    })),
    ...["oauth-authorization-server", "change-password"].map((name) => ({
      route: `GET /.well-known/${name}`,
      ordinary: get(`/.well-known/${name}`),
      worst: get(`/.well-known/${name}?x=${"x".repeat(8000)}`),
    })),
    { route: "GET /healthz", ordinary: get("/healthz"), worst: get("/healthz?x=1") },
    {
      route: "GET /metrics",
      ordinary: get("/metrics"),
      worst: get(`/metrics?${LONG_FIELD.slice(0, 8000)}`),
    },
    {
      route: "POST /oauth/token",
      detail: "with a code",
      ordinary: async () => {
        const { code } = await pending(ORDINARY);
        return () => redeemCode(code);
      },
      worst: async () => {
        const { code } = await pending({ ...LARGEST, ...FEW_ROWS, grants: 997 });
        return () => redeemCode(code);
      },
      // Grants are counted.
      mayGrow: { rowsRead: 1100 },
    },
    {
      route: "POST /oauth/token",
      detail: "with a refresh token",
      ordinary: async () => {
        const { refresh_token } = await obtainTokens(ordinary);
        return post("/oauth/token", { grant_type: "refresh_token", refresh_token })();
      },
      worst: async () => {
        const account = await createAccount({ ...LARGEST, ...FEW_ROWS, grants: 990 });
        const { refresh_token } = await obtainTokens(account);
        return post("/oauth/token", { grant_type: "refresh_token", refresh_token })();
      },
    },
    {
      route: "POST /oauth/token",
      detail: "that is no token",
      ordinary: post("/oauth/token", { grant_type: "refresh_token", refresh_token: "x" }),
      worst: post("/oauth/token", { grant_type: "refresh_token", refresh_token: LONG_FIELD }),
    },
    {
      route: "POST /oauth/revoke",
      ordinary: post("/oauth/revoke", { token: "x" }),
      worst: post("/oauth/revoke", { token: LONG_FIELD }),
    },
    {
      route: "POST /oauth/device_authorization",
      ordinary: async () => {
        await startDevice();
        return requestDevice();
      },
      worst: async () => {
        await fillPending("devices", 19_000);
        return requestDevice();
      },
    },
    {
      route: "POST /sign-in/passkey",
      detail: "while many others sign in",
      ordinary: post("/sign-in/passkey", {}, ORIGIN),
      worst: async () => {
        await fillPending("challenges", 49_000);
        return post("/sign-in/passkey", {}, ORIGIN)();
      },
    },
  ];
}

const requestDevice = post("/oauth/device_authorization", { client_id: "TV", scope: "notes:rw" });

/** Rows as clients with this many addresses can insert them. */
const fillPending = (table: "devices" | "challenges", count: number): Promise<unknown> =>
  env.DB.prepare(
    `INSERT INTO ${table} (hash, ${table === "devices" ? "user_code, name, scope, interval" : "purpose"},
       expires_at, client)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     SELECT 'hash' || i, ${table === "devices" ? "'code' || i, 'TV', 'a:r', 5" : "'sign-in'"},
       ?1, 'address' || i FROM n`,
  )
    .bind(Date.now() + 60_000)
    .run();
