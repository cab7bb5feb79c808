/** The operator's routes to databases: what an account has, and what is restored before there is one. */

import { collectionQuery } from "../../support/rxdb/whole-databases";
import { moduleName, type SizedAccount } from "./accounts";
import type { CostCase, Step } from "./cost-case";
import { fillCollection, schemaText } from "./database-cases";
import { Traffic } from "./measure";
import type { SharedAccounts } from "./page-cases";
import { ALL_INDEXES, documentOf, ONE_INDEX } from "./rxdb-client";

const BACKUP_TOKEN = "a-token-for-backups-of-32-characters";

const MODULE = "/:account/:user/:module";

/** All cases of the routes. */
export function backupCases({ ordinary, largest }: SharedAccounts): CostCase[] {
  let restored = 0;
  const newModule = () => `/backup/restored-account-${++restored}/somebody/todos`;
  const request =
    (method: string, path: string, body?: string): Step =>
    () =>
    async ({ sendWith }) => {
      const headers = {
        Authorization: `Bearer ${BACKUP_TOKEN}`,
        ...(body === undefined ? {} : { "Content-Length": String(body.length) }),
      };
      const init = { method, headers, ...(body === undefined ? {} : { body }) };
      const { status } = await sendWith({ BACKUP_TOKEN })(path, init);
      // There is no such attachment, and no such route.
      if (status >= 400 && status !== 404 && status !== 405) throw new Error(`${method} ${status}`);
    };
  const read = ({ id, name }: SizedAccount, path = ""): Step =>
    request("GET", `/backup/${id}/${name}/${moduleName(1)}${path}`);
  /** Reads of a collection with as many documents as a page has. */
  const readFrom =
    (account: SizedAccount, path: string, schema: object): Step =>
    async () =>
      read(account, path + (await fillCollection(account, schema, 1000)))();
  const create = (module: string, schema: object) =>
    request("PUT", `${module}/collection${collectionQuery()}`, schemaText(schema));
  /** A request to a module that has a collection already. */
  const restore =
    (method: string, path: string, body: string | undefined, schema: object): Step =>
    async () => {
      const module = newModule();
      await (await create(module, schema)())(new Traffic());
      return request(method, `${module}${path}`, body)();
    };
  const documents = (count: number) =>
    JSON.stringify({ documents: Array.from({ length: count }, (_, i) => documentOf(i)) });
  const attachment = (document: string) =>
    `/attachment${collectionQuery({ document, name: "a", digest: "x" })}`;
  return [
    {
      route: "GET /backup",
      ordinary: request("GET", "/backup"),
      worst: request("GET", `/backup?${"x".repeat(8000)}`),
    },
    { route: `GET /backup${MODULE}`, ordinary: read(ordinary), worst: read(largest) },
    {
      route: `DELETE /backup${MODULE}`,
      ordinary: restore("DELETE", "", undefined, ONE_INDEX),
      worst: restore("DELETE", "", undefined, ALL_INDEXES),
    },
    {
      route: `GET /backup${MODULE}/collection`,
      ordinary: readFrom(ordinary, "/collection", ONE_INDEX),
      worst: readFrom(largest, "/collection", ALL_INDEXES),
    },
    {
      route: `PUT /backup${MODULE}/collection`,
      ordinary: create(newModule(), ONE_INDEX),
      worst: create(newModule(), ALL_INDEXES),
      // A row or two for each index.
      mayGrow: { rowsWritten: 150 },
    },
    {
      route: `GET /backup${MODULE}/documents`,
      ordinary: readFrom(ordinary, "/documents", ONE_INDEX),
      worst: readFrom(largest, "/documents", ONE_INDEX),
    },
    {
      route: `POST /backup${MODULE}/documents`,
      ordinary: restore("POST", `/documents${collectionQuery()}`, documents(100), ONE_INDEX),
      worst: restore("POST", `/documents${collectionQuery()}`, documents(100), ALL_INDEXES),
      // Each document has an entry in each index.
      mayGrow: { rowsWritten: 6500 },
    },
    {
      route: `GET /backup${MODULE}/attachment`,
      ordinary: read(ordinary, attachment("1")),
      worst: read(largest, attachment("x".repeat(8000))),
    },
    {
      route: `POST /backup${MODULE}/uploads`,
      ordinary: restore("POST", "/uploads", "x", ONE_INDEX),
      worst: restore("POST", "/uploads", "x".repeat(5_000_000), ONE_INDEX),
    },
    {
      route: "ALL /backup/*",
      ordinary: request("GET", "/backup/x"),
      worst: request("GET", `/backup/${"x".repeat(8000)}/x/y`),
    },
  ];
}
