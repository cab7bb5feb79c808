/** The pages about files: folders with many items or long names, long texts, archives, previews. */

import { env } from "cloudflare:workers";
import { fillFolder } from "../../../bench/cost/fill-folder";
import { documentFromPath } from "../../../src/core/path";
import { MAX_SORTED_ITEMS } from "../../../src/storage/browse";
import { previewUrl } from "../../../src/storage/previews";
import { fillIndex } from "../../support/fill-index";
import { connectApp, createUser, ORIGIN } from "../../support/provider";
import { accountId } from "../../support/rows";
import type { SizedAccount } from "./accounts";
import type { CostCase, Step } from "./cost-case";
import type { SharedAccounts } from "./page-cases";

/** Items on a page. */
const PAGE_ITEMS = 100;

/** As much text as a page shows. */
const MAX_TEXT_BYTES = 256 * 1024;

const JSON_TYPE = { "Content-Type": "application/json" };

interface Signed {
  cookie: string;
}

const get =
  (path: string, { cookie }: Signed): Step =>
  () =>
  async ({ send }) =>
    (await send(path, { headers: { Cookie: cookie, Accept: "text/html" } })).arrayBuffer();

const post =
  (path: string, fields: [string, string][], { cookie }: Signed): Step =>
  () =>
  async ({ send }) =>
    (
      await send(path, {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { Cookie: cookie, Origin: ORIGIN, Accept: "text/html" },
      })
    ).arrayBuffer();

/** A user with many documents below /many/. */
async function userWithDocuments(count: number): Promise<Signed> {
  const user = await createUser();
  await fillIndex(user.name, count);
  return user;
}

/** A user with a folder that has as many items as can be sorted. */
async function userWithLargeFolder(): Promise<Signed> {
  const user = await createUser();
  const id = await accountId(user.name);
  await fillFolder(env.DB, id, "/many/", MAX_SORTED_ITEMS);
  await fillFolder(env.DB, id, "/many/below/", 2);
  await env.DB.prepare("DELETE FROM nodes WHERE account = ? AND name = 'generated-0000000'")
    .bind(id)
    .run();
  return user;
}

/** A user with a page of items whose names take most bytes in HTML, and in a query. */
async function userWithWorstNames(): Promise<Signed> {
  const user = await createUser();
  const id = await accountId(user.name);
  await fillFolder(env.DB, id, "/worst/", PAGE_ITEMS);
  await env.DB.prepare(
    `UPDATE nodes SET name = replace(hex(zeroblob(1900)), '00', '"') || name
     WHERE account = ? AND parent = '/worst/'`,
  )
    .bind(id)
    .run();
  return user;
}

/** Stores a document before the request. */
const stored =
  (
    { app }: SizedAccount,
    path: string,
    body: string,
    headers: Record<string, string>,
    step: Step,
  ) =>
  async () => {
    await app.put(path, body, headers);
    return step();
  };

/** Saves a text in place of the current one. */
const save = (account: SizedAccount, text: string): Step => {
  const path = "/notes/edited";
  return async () => {
    const response = await account.app.put(path, "x");
    const version = response.headers.get("etag")?.replaceAll('"', "") ?? "";
    const fields: [string, string][] = [
      ["version", version],
      ["text", text],
    ];
    return post(`/files${path}?view=edit`, fields, account)();
  };
};

const preview = ({ id, name, app }: SizedAccount, body: string): Step => {
  return async () => {
    const response = await app.put("/photos/a", body);
    const version = response.headers.get("etag")?.replaceAll('"', "") ?? "";
    const document = { account: id, user: name, node: documentFromPath("/photos/a"), version };
    const url = await previewUrl(
      env,
      { ...document, length: body.length },
      "image/png",
      Date.now(),
    );
    return async ({ send }) => (await send(url)).arrayBuffer();
  };
};

/** All cases of these pages, by route. */
export function filesCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  const route = "GET /files/*";
  const folder = get("/files/ten/", ordinary);
  return [
    {
      route,
      detail: "a page of a folder with the longest names",
      ordinary: folder,
      worst: async () => get("/files/worst/", await userWithWorstNames())(),
      // Each name as text, in a link, in a field and for screen readers.
      mayGrow: { bytesFromD1: PAGE_ITEMS * 5000, bytesSent: PAGE_ITEMS * 40_000 },
    },
    {
      route,
      detail: "a large folder by size",
      ordinary: get("/files/ten/?sort=size", ordinary),
      worst: async () => get("/files/many/?sort=size", await userWithLargeFolder())(),
      // The items are counted, read, and sorted.
      mayGrow: { rowsRead: 3 * MAX_SORTED_ITEMS + 500, bytesFromD1: 40_000, bytesSent: 100_000 },
    },
    {
      route,
      detail: "a search",
      ordinary: get("/files/ten/?q=1", ordinary),
      worst: async () => get(`/files/?q=${"%22".repeat(1000)}`, await userWithDocuments(20_000))(),
      mayGrow: { queries: 16, rowsRead: 5100, bytesFromD1: 1_000_000 },
    },
    {
      route,
      detail: "the parts of a folder",
      ordinary: get("/files/ten/?view=parts", ordinary),
      worst: async () => get("/files/many/?view=parts", await userWithDocuments(20_000))(),
      mayGrow: { queries: 40, rowsRead: 8100, bytesFromD1: 2_000_000, bytesSent: 60_000 },
    },
    {
      route,
      detail: "a document",
      ordinary: stored(
        ordinary,
        "/notes/json",
        "{}",
        JSON_TYPE,
        get("/files/notes/json", ordinary),
      ),
      worst: stored(
        largest,
        "/notes/json",
        JSON.stringify(Array(MAX_TEXT_BYTES / 8).fill('"')),
        JSON_TYPE,
        get("/files/notes/json", largest),
      ),
      mayGrow: { bytesSent: 400_000 },
    },
    {
      route,
      detail: "a document as text",
      ordinary: stored(ordinary, "/notes/a", "x", {}, get("/files/notes/a", ordinary)),
      worst: stored(
        largest,
        "/notes/quotes",
        '"'.repeat(MAX_TEXT_BYTES),
        {},
        get("/files/notes/quotes?view=edit", largest),
      ),
      // A quotation mark takes six bytes.
      mayGrow: { bytesSent: 6 * MAX_TEXT_BYTES + 20_000 },
    },
    {
      route,
      detail: "the archive of a folder",
      ordinary: get("/files/ten/?view=archive", ordinary),
      worst: async () => {
        const user = await createUser();
        await (await connectApp(user)).put("/notes/a", "x".repeat(500_000));
        return get("/files/notes/?view=archive", user)();
      },
      // What was asked for.
      mayGrow: { bytesSent: 510_000 },
    },
    {
      route: "POST /files/*",
      detail: "watching a folder",
      ordinary: post("/files/ten/?view=watch", [], ordinary),
      worst: post("/files/many/?view=watch", [], largest),
    },
    {
      route: "POST /files/*",
      detail: "an edited text",
      ordinary: save(ordinary, "x"),
      worst: save(largest, "\n".repeat(300_000)),
      mayGrow: { rowsRead: 1000 },
    },
    {
      route: "POST /files/*",
      detail: "an archive of chosen items",
      ordinary: post("/files/ten/?view=archive", [["path", "/ten/1"]], ordinary),
      worst: async () =>
        post(
          "/files/?view=archive",
          Array.from({ length: 500 }, (_, i) => ["path", `/folder${i}/`]),
          await userWithDocuments(20_000),
        )(),
      mayGrow: { queries: 60 },
    },
    {
      route: "GET /preview/:token/*",
      ordinary: preview(ordinary, "x"),
      worst: preview(largest, "x".repeat(1_000_000)),
      mayGrow: { bytesSent: 1_001_000 },
    },
    {
      route: "ALL /preview/*",
      ordinary: get("/preview/", ordinary),
      worst: get("/preview/", largest),
    },
  ];
}
