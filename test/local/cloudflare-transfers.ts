/**
 * What a backup of a deployment asks of Cloudflare beside its API: D1's exports and imports with the files that are transferred
 * for them, and buckets by R2's S3 API.
 */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import { ACCOUNT, type Cloudflare, databaseOf, route } from "./cloudflare";

const KEY_ID = "key-of-the-stand-in";

/** Objects of a page of a listing. */
const PAGE_OBJECTS = 2;

export interface StoredObject {
  body: Buffer;
  metadata: Record<string, string>;
}

export interface Transfers {
  /** The objects of the bucket. */
  objects: Map<string, StoredObject>;
  /** The keys of the objects that were sent and received. */
  sent: string[];
  received: string[];
  /** Cuts the connection in the middle of this object, once. */
  cut: string | null;
  /** What happens before the next import. */
  beforeImport: (() => void) | null;
}

/** Adds them to a stand-in. They stop when the test ends. */
export async function addTransfers(cloudflare: Cloudflare): Promise<Transfers> {
  const transfers: Transfers = {
    objects: new Map(),
    sent: [],
    received: [],
    cut: null,
    beforeImport: null,
  };
  const files = new Map<string, Buffer>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? "", "http://stand-in");
    const body = Buffer.concat(chunks);
    if (url.pathname.startsWith("/files/")) serveFile(files, request, url.pathname, body, response);
    else serveBucket(transfers, request, url, body, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(cloudflare.env, {
    AWS_ENDPOINT_URL_S3: origin,
    AWS_ACCESS_KEY_ID: KEY_ID,
    AWS_SECRET_ACCESS_KEY: "secret",
    CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
  });
  cloudflare.routes.push(...databaseRoutes(origin, files, transfers));
  return transfers;
}

/** Each takes two calls, as larger databases do. */
const databaseRoutes = (origin: string, files: Map<string, Buffer>, transfers: Transfers) => [
  route(`POST /accounts/${ACCOUNT}/d1/database/*/export`, (state, { body }, [id = ""]) => {
    const { current_bookmark: bookmark } = JSON.parse(body.toString());
    if (bookmark === undefined) return { success: true, status: "active", at_bookmark: "1" };
    files.set("/files/export", Buffer.from(dump(databaseOf(state, id).sqlite)));
    const result = { filename: "export", signed_url: `${origin}/files/export` };
    return { success: true, status: "complete", at_bookmark: "1", result };
  }),
  route(`POST /accounts/${ACCOUNT}/d1/database/*/import`, (state, { body }, [id = ""]) => {
    const { action } = JSON.parse(body.toString());
    if (action === "init") return { filename: "import", upload_url: `${origin}/files/import` };
    if (action === "ingest") return { success: true, status: "active", at_bookmark: "1" };
    const { sqlite } = databaseOf(state, id);
    transfers.beforeImport?.();
    transfers.beforeImport = null;
    try {
      sqlite.exec(`BEGIN; ${files.get("/files/import")} COMMIT;`);
    } catch (error) {
      sqlite.exec("ROLLBACK");
      return { success: false, status: "error", error: (error as Error).message };
    }
    return { success: true, status: "complete", result: { num_queries: 1 } };
  }),
];

function serveFile(
  files: Map<string, Buffer>,
  { method }: IncomingMessage,
  name: string,
  body: Buffer,
  response: ServerResponse,
): void {
  if (method === "PUT") files.set(name, body);
  response.setHeader("ETag", `"${md5(files.get(name) ?? "")}"`);
  response.end(method === "PUT" ? undefined : files.get(name));
}

function serveBucket(
  transfers: Transfers,
  { method, headers }: IncomingMessage,
  { pathname, searchParams }: URL,
  body: Buffer,
  response: ServerResponse,
): void {
  const isSigned = headers.authorization?.startsWith(`AWS4-HMAC-SHA256 Credential=${KEY_ID}/`);
  if (!isSigned) {
    response.writeHead(403).end("<Error><Message>Access Denied</Message></Error>");
    return;
  }
  const key = decodeURIComponent(pathname.split("/").slice(2).join("/"));
  if (searchParams.get("list-type") === "2") {
    response.end(listing(transfers, searchParams.get("continuation-token") ?? ""));
  } else if (method === "PUT") {
    transfers.received.push(key);
    const metadata = Object.entries(headers)
      .filter(([name]) => name.startsWith("x-amz-meta-"))
      .map(([name, value]) => [name.slice(11), String(value)]);
    transfers.objects.set(key, { body, metadata: Object.fromEntries(metadata) });
    response.end();
  } else sendObject(transfers, key, response);
}

function sendObject(transfers: Transfers, key: string, response: ServerResponse): void {
  const object = transfers.objects.get(key);
  if (object === undefined) return void response.writeHead(404).end();
  transfers.sent.push(key);
  for (const [name, value] of Object.entries(object.metadata)) {
    response.setHeader(`x-amz-meta-${name}`, value);
  }
  response.setHeader("ETag", `"${md5(object.body)}"`);
  response.setHeader("Content-Length", object.body.byteLength);
  if (transfers.cut !== key) return void response.end(object.body);
  transfers.cut = null;
  response.write(object.body.subarray(0, 1), () => response.destroy());
}

function listing({ objects }: Transfers, after: string): string {
  const keys = [...objects.keys()].sort().filter((key) => key > after);
  const page = keys.slice(0, PAGE_OBJECTS);
  const contents = page.map((key) => {
    const body = objects.get(key)?.body ?? Buffer.alloc(0);
    return `<Contents><Key>${key}</Key><Size>${body.byteLength}</Size><ETag>&quot;${md5(body)}&quot;</ETag></Contents>`;
  });
  const next =
    keys.length > page.length
      ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>`
      : "";
  return `<?xml version="1.0"?><ListBucketResult>${contents.join("\n")}${next}</ListBucketResult>`;
}

const md5 = (data: string | Buffer): string => createHash("md5").update(data).digest("hex");

/** The SQL that makes a database: tables with their rows, then what belongs to them. */
function dump(sqlite: DatabaseSync): string {
  const objects = sqlite
    .prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'",
    )
    .all() as { type: string; name: string; sql: string }[];
  const isTable = ({ type }: { type: string }) => type === "table";
  const tables = objects.filter(isTable).map(({ name, sql }) => {
    const columns = sqlite.prepare(`PRAGMA table_info("${name}")`).all() as { name: string }[];
    const values = columns.map((column) => `quote("${column.name}")`).join(" || ',' || ");
    const rows = sqlite.prepare(`SELECT ${values} AS line FROM "${name}"`).all() as {
      line: string;
    }[];
    return [`${sql};`, ...rows.map(({ line }) => `INSERT INTO "${name}" VALUES(${line});`)];
  });
  const others = objects.filter((object) => !isTable(object)).map(({ sql }) => `${sql};`);
  return ["PRAGMA defer_foreign_keys=TRUE;", ...tables.flat(), ...others].join("\n");
}
