/** Requests to the endpoint that reads and writes databases as a whole. */

import { fillWithDefaultSettings } from "rxdb/plugins/core";
import { send, type TestApp } from "../provider";
import { storageDocument } from "./storage-instances";
import { TODOS } from "./todos";

/** A document as it is stored. */
export type WholeDocument = Record<string, unknown> & {
  _rev: string;
  _attachments: Record<string, { digest: string; length: number; type: string }>;
};

/** Which collection; the rest is that of most tests. */
export const collectionQuery = (more: Record<string, string> = {}): string =>
  `?${new URLSearchParams({ database: "list", collection: "todos", version: "0", ...more })}`;

/** Sends a request of an app to the endpoint. `path` begins with the module. */
export const sendDatabases = (
  { user, token }: Pick<TestApp, "user" | "token">,
  path: string,
  init: RequestInit = {},
): Promise<Response> =>
  send(`/databases/${user}${path}`, {
    ...init,
    headers: { Authorization: `Bearer ${token}`, ...(init.headers as object) },
  });

/** The JSON of a response that has to be a success. */
export async function readJson<T>(sent: Promise<Response>): Promise<T> {
  const response = await sent;
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

const SCHEMA = fillWithDefaultSettings(TODOS);

/** Creates a collection of to-dos with attachments. */
export const createTodos = (
  app: Pick<TestApp, "user" | "token">,
  query: Record<string, string> = {},
  module = "todos",
): Promise<unknown> =>
  readJson(
    sendDatabases(app, `/${module}/collection${collectionQuery(query)}`, {
      method: "PUT",
      body: JSON.stringify(SCHEMA),
    }),
  );

/** A document of such a collection, with its attachments. */
export const storedTodo = (id: string, attachments: object = {}): object =>
  storageDocument({ id, title: `do ${id}`, done: false, rank: 1 }, { _attachments: attachments });

/** An attachment with its bytes. */
export const attachmentOf = (text: string): object => ({
  length: text.length,
  digest: `digest-${text.slice(0, 20)}`,
  type: "text/plain",
  data: btoa(text),
});

/** Writes documents. Returns what became of each. */
export const writeDocuments = async (
  app: Pick<TestApp, "user" | "token">,
  documents: object[],
  query: Record<string, string> = {},
  attachments = false,
  module = "todos",
): Promise<{ outcome: string; missing?: string[] }[]> => {
  const body = JSON.stringify({ documents, attachments });
  const path = `/${module}/documents${collectionQuery(query)}`;
  const sent = sendDatabases(app, path, { method: "POST", body });
  return (await readJson<{ results: { outcome: string }[] }>(sent)).results;
};

/** All documents of a collection. */
export async function readDocuments(
  app: Pick<TestApp, "user" | "token">,
  query: Record<string, string> = {},
  module = "todos",
): Promise<WholeDocument[]> {
  const documents: WholeDocument[] = [];
  for (let since = 0; ; ) {
    const path = `/${module}/documents${collectionQuery({ ...query, since: String(since) })}`;
    const page = await readJson<{ documents: WholeDocument[]; since: number; isLast: boolean }>(
      sendDatabases(app, path),
    );
    documents.push(...page.documents);
    if (page.isLast) return documents;
    since = page.since;
  }
}
