/** The endpoint that reads and writes databases as a whole: with as many and as large documents as it takes. */

import { fillWithDefaultSettings } from "rxdb/plugins/core";
import { collectionQuery } from "../../support/rxdb/whole-databases";
import { moduleName, type SizedAccount } from "./accounts";
import type { CostCase, Step } from "./cost-case";
import type { SharedAccounts } from "./page-cases";
import { get } from "./requests";
import { ALL_INDEXES, documentOf, ONE_INDEX } from "./rxdb-client";

/** A schema as RxDB sends it. */
export const schemaText = (schema: object): string =>
  JSON.stringify(fillWithDefaultSettings(schema as never));

const pathOf = ({ name }: SizedAccount, rest = "") => `/databases/${name}/${moduleName(1)}${rest}`;

const write =
  (account: SizedAccount, method: "PUT" | "POST", path: string, body: string): Step =>
  () =>
  async ({ send }) => {
    const headers = {
      Authorization: `Bearer ${account.app.token}`,
      "Content-Length": String(body.length),
    };
    const response = await send(pathOf(account, path), { method, headers, body });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  };

let collections = 0;

/** Creates a collection with documents, and returns the query for it. */
export async function fillCollection(
  account: SizedAccount,
  schema: object,
  count: number,
): Promise<string> {
  const query = collectionQuery({ collection: `c${++collections}` });
  const { send } = await import("../../support/provider");
  const run = async (step: Step) => (await step())({ send } as never);
  await run(write(account, "PUT", `/collection${query}`, schemaText(schema)));
  const documents = Array.from({ length: count }, (_, index) => documentOf(index));
  const body = JSON.stringify({ documents, attachments: true });
  await run(write(account, "POST", `/documents${query}`, body));
  return query;
}

/** All cases of the endpoint, by route. */
export function databaseCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  const readFrom =
    (account: SizedAccount, path: string, schema: object, count: number): Step =>
    async () =>
      get(pathOf(account, `/${path}${await fillCollection(account, schema, count)}`), account)();
  const writeTo =
    (account: SizedAccount, schema: object, count: number): Step =>
    async () => {
      const query = await fillCollection(account, schema, 1);
      const documents = Array.from({ length: count }, (_, index) => documentOf(index + 1));
      const body = JSON.stringify({ documents, attachments: true });
      return write(account, "POST", `/documents${query}`, body)();
    };
  const create = (account: SizedAccount, schema: object): Step => {
    const query = collectionQuery({ collection: `new${++collections}` });
    return write(account, "PUT", `/collection${query}`, schemaText(schema));
  };
  return [
    {
      route: "GET /databases/:user",
      ordinary: get(`/databases/${ordinary.name}`, ordinary),
      worst: get(`/databases/${largest.name}`, largest),
    },
    {
      route: "GET /databases/:user/:module",
      ordinary: get(pathOf(ordinary), ordinary),
      worst: get(pathOf(largest), largest),
    },
    {
      route: "GET /databases/:user/:module/collection",
      ordinary: readFrom(ordinary, "collection", ONE_INDEX, 1),
      worst: readFrom(largest, "collection", ALL_INDEXES, 1),
    },
    {
      route: "PUT /databases/:user/:module/collection",
      ordinary: create(ordinary, ONE_INDEX),
      worst: create(largest, ALL_INDEXES),
      // A row or two for each index.
      mayGrow: { rowsWritten: 150 },
    },
    {
      route: "GET /databases/:user/:module/documents",
      ordinary: readFrom(ordinary, "documents", ONE_INDEX, 1000),
      // A page has no more documents than that.
      worst: readFrom(largest, "documents", ONE_INDEX, 1000),
    },
    {
      route: "POST /databases/:user/:module/documents",
      ordinary: writeTo(ordinary, ONE_INDEX, 100),
      // Each document has an entry in each index, and what all modules have reserved is counted.
      worst: writeTo(largest, ALL_INDEXES, 100),
      mayGrow: { rowsWritten: 6500, rowsRead: 600 },
    },
    {
      route: "GET /databases/:user/:module/attachment",
      ordinary: get(
        pathOf(
          ordinary,
          `/attachment${collectionQuery({ document: "1", name: "a", digest: "x" })}`,
        ),
        ordinary,
      ),
      worst: get(
        pathOf(
          largest,
          `/attachment${collectionQuery({ document: "x".repeat(8000), name: "a", digest: "x" })}`,
        ),
        largest,
      ),
    },
    {
      route: "POST /databases/:user/:module/uploads",
      ordinary: write(ordinary, "POST", "/uploads", "x"),
      worst: write(largest, "POST", "/uploads", "x".repeat(5_000_000)),
      // What all modules have reserved is counted.
      mayGrow: { rowsRead: 600 },
    },
    {
      route: "ALL /databases/*",
      ordinary: get("/databases"),
      worst: get(`/databases/${"x".repeat(8000)}/x/y`),
    },
  ];
}
