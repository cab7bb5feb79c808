/** Moving in and out: a report of the longest paths, forms of the largest size. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { MoveEntry, MoveIn } from "../../../src/copying/move-in";
import { MoveStore } from "../../../src/user-object/moving-in/move-store";
import { createUser, ORIGIN, type TestUser } from "../../support/provider";
import { accountId } from "../../support/rows";
import type { CostCase, Step } from "./cost-case";
import type { SharedAccounts } from "./page-cases";

const PAGE = "/transfer/move-in";

/** What a page of the report has, of the longest paths in characters that take six bytes in HTML. */
const PAGE_OF_PATHS = { bytesSent: 2_000_000 };

/** A user whose move has ended, with a report of so many entries. */
async function userWithMove(entries: number, name: string): Promise<TestUser> {
  const user = await createUser();
  const move: MoveIn = {
    ...{ account: await accountId(user.name), user: user.name, id: "x", copies: "x" },
    ...{ address: "alice@old.example", root: "https://old.example/alice", clientId: ORIGIN },
    ...{ onConflict: "keep", state: "done", reason: null, pass: 1, startedAt: 1, endedAt: 2 },
    ...{ tokenUntil: 1, retryAt: 1, failures: 0, overQuota: 0, bytes: 1, entries: 0 },
    ...{ found: { folders: 1, documents: 1 }, looked: { folders: 1, documents: 1 } },
    counts: { created: 1, replaced: 0, both: 0, equal: 0, kept: 0, failed: entries },
    hasOtherCopies: false,
  };
  const entry: MoveEntry = { path: `/notes/${name}`, outcome: "failed", code: "forbidden" };
  await runInDurableObject(env.USERS.getByName(user.name), (_, { storage }) => {
    const store = new MoveStore(storage);
    store.put(move);
    // An object each: the last one of a report is known by its identity.
    store.report(Array.from({ length: entries }, () => ({ ...entry })));
  });
  return user;
}

const withMove = (size: "ordinary" | "largest"): Promise<TestUser> =>
  size === "ordinary" ? userWithMove(5, "a") : userWithMove(600, '"'.repeat(3900));

const get =
  (path: string, size: "ordinary" | "largest"): Step =>
  async () => {
    const { cookie } = await withMove(size);
    return ({ send }) => send(path, { headers: { Cookie: cookie, Accept: "text/html" } });
  };

const post =
  (path: string, fields: Record<string, string>): Step =>
  async () => {
    const { cookie } = await withMove("ordinary");
    const headers = { Cookie: cookie, Origin: ORIGIN, Accept: "text/html" };
    const body = new URLSearchParams(fields);
    return ({ send }) => send(path, { method: "POST", body, headers });
  };

/** All cases of moving in and out, by route. */
export function movingCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  const long = "x".repeat(60_000);
  const moveOut =
    ({ cookie }: { cookie: string }): Step =>
    () =>
    ({ send }) =>
      send("/transfer/move-out", { headers: { Cookie: cookie, Accept: "text/html" } });
  return [
    {
      route: `GET ${PAGE}`,
      ordinary: get(PAGE, "ordinary"),
      worst: get(`${PAGE}?after=120`, "largest"),
      mayGrow: PAGE_OF_PATHS,
    },
    {
      route: `GET ${PAGE}/new`,
      ordinary: get(`${PAGE}/new`, "ordinary"),
      worst: get(`${PAGE}/new`, "largest"),
    },
    {
      route: `GET ${PAGE}/progress`,
      ordinary: get(`${PAGE}/progress`, "ordinary"),
      worst: get(`${PAGE}/progress`, "largest"),
    },
    {
      route: `GET ${PAGE}/return`,
      ordinary: get(`${PAGE}/return`, "ordinary"),
      worst: get(`${PAGE}/return?state=${"x".repeat(8000)}`, "largest"),
    },
    {
      // Requests to other servers have bounds of their own: test/spec/moving-in.test.ts.
      route: `POST ${PAGE}`,
      ordinary: post(PAGE, { address: "alice@10.0.0.1" }),
      worst: post(PAGE, { address: `${long}@10.0.0.1` }),
    },
    {
      route: `POST ${PAGE}/return`,
      ordinary: post(`${PAGE}/return`, { state: "x", access_token: "x" }),
      worst: post(`${PAGE}/return`, { state: long, access_token: "x" }),
    },
    {
      route: `POST ${PAGE}/actions`,
      ordinary: post(`${PAGE}/actions`, { action: "pause" }),
      worst: post(`${PAGE}/actions`, { action: long }),
    },
    { route: "GET /transfer/move-out", ordinary: moveOut(ordinary), worst: moveOut(largest) },
  ];
}
