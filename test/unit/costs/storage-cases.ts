/** The storage: at the limits of paths, headers and folders. */

import { env } from "cloudflare:workers";
import { fillFolder } from "../../../bench/cost/fill-folder";
import { MAX_DEPTH, MAX_PATH_BYTES } from "../../../src/core/path";
import { ITEMS_PER_PAGE } from "../../../src/storage/db/nodes";
import { APP_ORIGIN, encodePath, type TestApp } from "../../support/provider";
import type { SizedAccount } from "./accounts";
import type { CostCase, Step } from "./cost-case";
import type { SharedAccounts } from "./page-cases";
import { get } from "./requests";

/** As much as fits into the header of a request. */
const LONG_HEADER_BYTES = 60_000;

/** A path of as many levels and bytes as there may be, of the character that takes most bytes in JSON. */
function worstPath(lastName = ""): string {
  const names = Array.from({ length: MAX_DEPTH }, () =>
    "\u0001".repeat(MAX_PATH_BYTES / MAX_DEPTH - 1),
  );
  const path = `/${names.join("/")}`;
  return encodePath(path.slice(0, path.length - lastName.length) + lastName);
}

/** Many versions, none of which is there. */
const MANY_VERSIONS = Array.from({ length: LONG_HEADER_BYTES / 12 }, (_, i) =>
  `"${i}"`.padEnd(11, " "),
).join(",");

const storage =
  (
    app: TestApp,
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: BodyInit,
  ): Step =>
  () =>
  ({ send }) =>
    send(`/storage/${app.user}${path}`, {
      method,
      headers: { Authorization: `Bearer ${app.token}`, Origin: APP_ORIGIN, ...headers },
      ...(body === undefined ? {} : { body }),
    });

const TEXT = { "Content-Type": "text/plain" };

/** Stores a document before the measured request. */
const stored =
  (app: TestApp, path: string, step: Step): Step =>
  async () => {
    await app.put(path, "x");
    return step();
  };

/** A folder with one page of items, with the worst names. */
async function fillWithWorstNames({ id, name }: SizedAccount): Promise<string> {
  await fillFolder(env.DB, id, "/worst/", ITEMS_PER_PAGE - 1);
  await env.DB.prepare(
    `UPDATE nodes SET name = replace(hex(zeroblob(1900)), '00', char(1)) || name, type = ?2
     WHERE account = ?1 AND parent = '/worst/'`,
  )
    .bind(id, `text/plain; ${"x".repeat(1000)}`)
    .run();
  return `/storage/${name}/worst/`;
}

/** All cases of the storage, by route. */
export function storageCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  const route = "ALL /storage/*";
  const [few, many] = [ordinary.app, largest.app];
  const long = worstPath();
  const headers = { "If-None-Match": MANY_VERSIONS };
  // A row for each folder above the document, and for what is read to decide about it.
  const perFolder = { rowsRead: 16 * MAX_DEPTH, rowsWritten: 2 * MAX_DEPTH };
  return [
    {
      route,
      detail: "PUT",
      ordinary: storage(few, "PUT", "/notes/a", TEXT, "x"),
      worst: storage(
        many,
        "PUT",
        worstPath("put"),
        { "Content-Type": `text/${"x".repeat(1000)}`, "If-Match": MANY_VERSIONS },
        "x",
      ),
      mayGrow: perFolder,
    },
    {
      route,
      detail: "PUT of a new document",
      ordinary: storage(few, "PUT", "/notes/new", TEXT, "x"),
      worst: storage(
        many,
        "PUT",
        worstPath("new"),
        { "Content-Type": `text/${"x".repeat(1000)}` },
        "x",
      ),
      mayGrow: perFolder,
    },
    {
      route,
      detail: "DELETE",
      ordinary: stored(few, "/notes/gone", storage(few, "DELETE", "/notes/gone")),
      worst: stored(many, worstPath("gone"), storage(many, "DELETE", worstPath("gone"))),
      mayGrow: perFolder,
    },
    {
      route,
      detail: "GET of a document",
      ordinary: stored(few, "/notes/a", storage(few, "GET", "/notes/a")),
      worst: stored(
        many,
        long,
        storage(many, "GET", long, { ...headers, Range: `bytes=${"0-0,".repeat(9000)}0-0` }),
      ),
    },
    {
      route,
      detail: "GET of a folder with a page of the longest names",
      ordinary: storage(few, "GET", "/ten/"),
      worst: async () => {
        await fillWithWorstNames(largest);
        return storage(many, "GET", "/worst/", headers)();
      },
      mayGrow: {
        rowsRead: ITEMS_PER_PAGE + 8,
        // Six bytes for each control character.
        bytesFromD1: ITEMS_PER_PAGE * 7 * MAX_PATH_BYTES,
        bytesSent: ITEMS_PER_PAGE * 7 * MAX_PATH_BYTES,
      },
    },
    {
      route,
      detail: "GET of a large folder",
      ordinary: storage(few, "GET", "/ten/"),
      worst: async () => {
        await fillFolder(env.DB, largest.id, "/many/", 4 * ITEMS_PER_PAGE);
        return storage(many, "GET", "/many/")();
      },
      // Two queries for each page, and for each item a row and what describes it.
      mayGrow: {
        queries: 2 * 5,
        rowsRead: 4 * ITEMS_PER_PAGE + 5 * 4,
        bytesFromD1: 4 * ITEMS_PER_PAGE * 300,
        bytesSent: 4 * ITEMS_PER_PAGE * 200,
      },
    },
    {
      route,
      detail: "preflight",
      ordinary: storage(few, "OPTIONS", "/notes/a", { "Access-Control-Request-Method": "PUT" }),
      worst: storage(many, "OPTIONS", long, {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-a,".repeat(10_000),
      }),
    },
    {
      route,
      detail: "without a token",
      ordinary: get(`/storage/${ordinary.name}/public/a`),
      worst: get(`/storage/${largest.name}/public${long.slice(0, -100)}`),
    },
  ];
}
