/**
 * A stand-in for Cloudflare's API on this computer: what `npm run deploy` and wrangler ask of it, with
 * the status codes and error codes of the real one. Databases are SQLite, so that migrations run.
 */

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished, vi } from "vitest";

export const ACCOUNT = "0123456789abcdef0123456789abcdef";

interface Version {
  id: string;
  bindings: Record<string, unknown>[];
}

interface StandInWorker {
  versions: Version[];
  /** Ids of versions, the latest first. */
  deployments: string[];
  migrationTag?: string;
  isOnWorkersDev: boolean;
}

export interface StandInDatabase {
  uuid: string;
  name: string;
  jurisdiction: string | null;
  location: string | null;
  sqlite: DatabaseSync;
}

/** A request that is refused: its path and method match, and the answer has this status and code. */
export interface Denial {
  request: RegExp;
  status: number;
  code: number;
  message: string;
}

export interface Cloudflare {
  url: string;
  /** Environment in which wrangler and our scripts use the stand-in. */
  env: Record<string, string>;
  accounts: { id: string; name: string }[];
  workers: Map<string, StandInWorker>;
  databases: StandInDatabase[];
  buckets: { name: string; jurisdiction: string | null; location: string | null }[];
  /** Workers by their custom domains. */
  domains: Map<string, string>;
  denials: Denial[];
  /** Requests that a test answers itself. */
  routes: [RegExp, Handler][];
  /** Every request that is not a GET, and those that the stand-in does not know. */
  writes: string[];
  unknown: string[];
  /** What /healthz of the provider answers, for the version that is deployed. */
  health: (version: Version) => number;
  /** The state as text: equal if nothing has changed. */
  snapshot(): string;
}

interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Starts the stand-in. It stops when the test ends. */
export async function startCloudflare(): Promise<Cloudflare> {
  const state: Cloudflare = {
    url: "",
    env: {},
    accounts: [{ id: ACCOUNT, name: "Test" }],
    workers: new Map(),
    databases: [],
    buckets: [],
    domains: new Map(),
    denials: [],
    routes: [],
    writes: [],
    unknown: [],
    health: () => 200,
    snapshot: () => snapshot(state),
  };
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const url = new URL(incoming.url ?? "", "http://stand-in");
    if (url.pathname === "/healthz") {
      const version = deployedVersion([...state.workers.values()][0]);
      if (version === undefined) return void outgoing.writeHead(404).end();
      outgoing.writeHead(state.health(version), { "Satchel-Version": version.id });
      return void outgoing.end('{"d1":"ok"}');
    }
    const request = {
      method: incoming.method ?? "",
      path: url.pathname.replace(/^\/client\/v4/, ""),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    };
    const { status, answer } = respond(state, request);
    outgoing.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.env = {
    CLOUDFLARE_API_BASE_URL: `${state.url}/client/v4`,
    CLOUDFLARE_API_TOKEN: "a-token-of-the-stand-in",
    WRANGLER_SEND_METRICS: "false",
  };
  return state;
}

/**
 * Does what a command does in this process, with an environment of its own: a process would take longer to start than
 * most of them take.
 */
export async function withEnvironment<T>(
  env: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

function respond(state: Cloudflare, request: ApiRequest): { status: number; answer: unknown } {
  const line = `${request.method} ${request.path}`;
  if (request.method !== "GET") state.writes.push(line);
  try {
    if (
      request.headers.authorization !== `Bearer ${state.env.CLOUDFLARE_API_TOKEN}` &&
      !request.path.includes("/assets/upload")
    ) {
      throw new ApiFailure(401, 10000, "Authentication error");
    }
    const denial = state.denials.find((one) => one.request.test(line));
    if (denial) throw new ApiFailure(denial.status, denial.code, denial.message);
    for (const [pattern, handle] of [...state.routes, ...ROUTES]) {
      const match = pattern.exec(line);
      if (match) {
        const result = handle(state, request, match.slice(1));
        return { status: 200, answer: { success: true, errors: [], messages: [], result } };
      }
    }
    state.unknown.push(line);
    throw new ApiFailure(404, 7003, `No route for ${line}`);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const errors = [{ code: error.code, message: error.message }];
    return {
      status: error.status,
      answer: { success: false, errors, messages: [], result: null },
    };
  }
}

type Handler = (state: Cloudflare, request: ApiRequest, parts: string[]) => unknown;

const A = `/accounts/${ACCOUNT}`;
/** A request, with "*" for any part of its path, and what answers it. */
export const route = (line: string, handle: Handler): [RegExp, Handler] => [
  new RegExp(`^${line.replaceAll("*", "([^/]+)")}$`),
  handle,
];

const ROUTES: [RegExp, Handler][] = [
  route("GET /accounts", (state) => state.accounts),
  route("GET /memberships", (state) => state.accounts.map((account) => ({ id: "m", account }))),
  route("GET /user", () => ({ id: "u", email: "operator@example.com" })),
  route(`GET ${A}/workers/subdomain`, () => ({ subdomain: "test" })),

  // Workers
  route(`GET ${A}/workers/scripts/*/deployments`, (state, _, [name = ""]) => ({
    deployments: workerNamed(state, name).deployments.map((version_id, index) => ({
      id: `deployment-${index}`,
      created_on: new Date(2026, 0, 1, 0, 0, 100 - index).toISOString(),
      source: "wrangler",
      strategy: "percentage",
      author_email: "operator@example.com",
      versions: [{ version_id, percentage: 100 }],
    })),
  })),
  route(`POST ${A}/workers/scripts/*/deployments`, (state, { body }, [name = ""]) => {
    const { versions } = JSON.parse(body.toString());
    workerNamed(state, name).deployments.unshift(versions[0].version_id);
    return { id: randomUUID() };
  }),
  route(`GET ${A}/workers/scripts/*/versions/*`, (state, _, [name = "", id]) => {
    const version = workerNamed(state, name).versions.find((one) => one.id === id);
    if (version === undefined) throw new ApiFailure(404, 10194, "Version not found");
    return describeVersion(version);
  }),
  route(`POST ${A}/workers/scripts/*/versions`, (state, request, [name = ""]) =>
    describeVersion(addVersion(state, name, request)),
  ),
  route(`PUT ${A}/workers/scripts/*`, (state, request, [name = ""]) => {
    if (!state.workers.has(name)) {
      state.workers.set(name, { versions: [], deployments: [], isOnWorkersDev: false });
    }
    const version = addVersion(state, name, request);
    workerNamed(state, name).deployments.unshift(version.id);
    return {
      id: name,
      tag: "tag",
      etag: "etag",
      startup_time_ms: 10,
      deployment_id: version.id.replaceAll("-", ""),
    };
  }),
  route(`GET ${A}/workers/services/*`, (state, _, [name = ""]) => {
    const { migrationTag } = workerNamed(state, name);
    const script = {
      id: name,
      tag: "tag",
      migration_tag: migrationTag,
      last_deployed_from: "wrangler",
    };
    return { id: name, default_environment: { environment: "production", script } };
  }),
  route(`GET ${A}/workers/scripts/*/settings`, (state, _, [name = ""]) => ({
    bindings: deployedVersion(workerNamed(state, name))?.bindings,
  })),
  route(`GET ${A}/workers/scripts/*/secrets`, (state, _, [name = ""]) =>
    deployedVersion(workerNamed(state, name))?.bindings.filter(
      ({ type }) => type === "secret_text",
    ),
  ),
  route(`PATCH ${A}/workers/scripts/*/script-settings`, () => ({})),
  route(`PUT ${A}/workers/scripts/*/schedules`, () => ({})),
  route(`(?:GET|POST) ${A}/workers/scripts/*/subdomain`, (state, { method, body }, [name = ""]) => {
    const worker = workerNamed(state, name);
    if (method === "POST") worker.isOnWorkersDev = JSON.parse(body.toString()).enabled;
    return { enabled: worker.isOnWorkersDev, previews_enabled: false };
  }),
  route(`GET ${A}/workers/workers/*`, (state, _, [name = ""]) => ({
    subdomain: { enabled: workerNamed(state, name).isOnWorkersDev, previews_enabled: false },
  })),
  route(`POST ${A}/workers/scripts/*/assets-upload-session`, () => ({ jwt: "jwt", buckets: [] })),
  route(`GET ${A}/workers/domains`, (state, { query }) => {
    const hostname = query.get("hostname") ?? "";
    const service = state.domains.get(hostname);
    return service === undefined ? [] : [{ id: hostname, hostname, service }];
  }),
  route(`POST ${A}/workers/scripts/*/domains/changeset`, () => ({
    added: [],
    removed: [],
    updated: [],
    conflicting: [],
  })),
  route(`PUT ${A}/workers/scripts/*/domains/records`, (state, { body }, [name = ""]) => {
    for (const [host, worker] of state.domains) if (worker === name) state.domains.delete(host);
    for (const { hostname } of JSON.parse(body.toString()).origins) {
      state.domains.set(hostname, name);
    }
    return {};
  }),

  // D1
  route(`GET ${A}/d1/database`, (state, { query }) =>
    state.databases
      .filter(({ name }) => name.includes(query.get("name") ?? ""))
      .map(describeDatabase),
  ),
  route(`POST ${A}/d1/database`, (state, { body }) => {
    const { name, jurisdiction = null, primary_location_hint = null } = JSON.parse(body.toString());
    if (state.databases.some((database) => database.name === name)) {
      throw new ApiFailure(400, 7502, "A database with that name already exists");
    }
    return describeDatabase(
      addDatabase(state, name, { jurisdiction, location: primary_location_hint }),
    );
  }),
  route(`GET ${A}/d1/database/*`, (state, _, [id = ""]) => describeDatabase(databaseOf(state, id))),
  route(`POST ${A}/d1/database/*/query`, (state, { body }, [id = ""]) => {
    const { sql } = JSON.parse(body.toString());
    return [{ results: execute(databaseOf(state, id), sql), success: true, meta: { duration: 1 } }];
  }),

  // R2
  route(`GET ${A}/r2/buckets/*`, (state, { headers }, [name]) => {
    const bucket = state.buckets.find(
      (one) => one.name === name && one.jurisdiction === jurisdictionOf(headers),
    );
    if (bucket === undefined)
      throw new ApiFailure(404, 10006, "The specified bucket does not exist.");
    return bucket;
  }),
  route(`POST ${A}/r2/buckets`, (state, { body, headers }) => {
    const { name, locationHint = null } = JSON.parse(body.toString());
    state.buckets.push({ name, location: locationHint, jurisdiction: jurisdictionOf(headers) });
    return { name };
  }),
];

/** Creates a database, as an earlier run or somebody else would have. */
export function addDatabase(
  state: Cloudflare,
  name: string,
  { jurisdiction = null, location = null }: Partial<StandInDatabase> = {},
): StandInDatabase {
  const sqlite = new DatabaseSync(":memory:");
  onTestFinished(() => sqlite.close());
  const database = { uuid: randomUUID(), name, jurisdiction, location, sqlite };
  state.databases.push(database);
  return database;
}

const describeDatabase = ({ sqlite: _, location: __, ...database }: StandInDatabase) => database;

const describeVersion = ({ id, bindings }: Version) => ({
  id,
  metadata: {
    created_on: new Date(2026, 0, 1).toISOString(),
    author_email: "operator@example.com",
  },
  annotations: {},
  startup_time_ms: 10,
  resources: { bindings, script: { etag: "etag" } },
});

const jurisdictionOf = (headers: IncomingMessage["headers"]): string | null =>
  (headers["cf-r2-jurisdiction"] as string | undefined) ?? null;

function workerNamed(state: Cloudflare, name: string): StandInWorker {
  const worker = state.workers.get(name);
  if (worker === undefined) {
    throw new ApiFailure(404, 10007, "This Worker does not exist on your account.");
  }
  return worker;
}

const deployedVersion = (worker: StandInWorker | undefined): Version | undefined =>
  worker?.versions.find(({ id }) => id === worker.deployments[0]);

/** Stores an upload, with the secrets of the version before it. */
function addVersion(state: Cloudflare, name: string, { body, headers }: ApiRequest): Version {
  const worker = workerNamed(state, name);
  const metadata = metadataOf(body, String(headers["content-type"]));
  const secrets = deployedVersion(worker)?.bindings.filter(({ type }) => type === "secret_text");
  const bindings = metadata.bindings.map(({ type, name, text, id, bucket_name, jurisdiction }) =>
    type === "secret_text" ? { type, name } : { type, name, text, id, bucket_name, jurisdiction },
  );
  const version = { id: randomUUID(), bindings: [...(secrets ?? []), ...bindings] };
  worker.versions.push(version);
  if (metadata.migrations) worker.migrationTag = metadata.migrations.new_tag;
  return version;
}

interface UploadMetadata {
  bindings: Record<string, unknown>[];
  migrations?: { new_tag: string };
}

/** The part "metadata" of a multipart upload. */
function metadataOf(body: Buffer, contentType: string): UploadMetadata {
  const boundary = /boundary="?([^";]+)/.exec(contentType)?.[1] ?? "";
  const part = body
    .toString("latin1")
    .split(`--${boundary}`)
    .find((text) => text.includes('name="metadata"'));
  return JSON.parse(part?.slice(part.indexOf("\r\n\r\n")) ?? "{}");
}

/** The database of an id, or of a name. */
export function databaseOf(state: Cloudflare, idOrName: string): StandInDatabase {
  const database = state.databases.find(({ uuid, name }) => uuid === idOrName || name === idOrName);
  if (database === undefined) throw new ApiFailure(404, 7404, "The database was not found");
  return database;
}

/** A query, or many statements in a transaction. */
function execute({ sqlite }: StandInDatabase, sql: string): unknown[] {
  try {
    if (/^\s*SELECT\b/i.test(sql)) return sqlite.prepare(sql).all();
    sqlite.exec("BEGIN");
    try {
      sqlite.exec(sql);
      sqlite.exec("COMMIT");
    } catch (error) {
      sqlite.exec("ROLLBACK");
      throw error;
    }
    return [];
  } catch (error) {
    throw new ApiFailure(400, 7500, `${(error as Error).message}: SQLITE_ERROR`);
  }
}

function snapshot({ workers, databases, buckets, domains }: Cloudflare): string {
  const contents = databases.map(({ sqlite, ...database }) => ({
    ...database,
    schema: sqlite.prepare("SELECT name FROM sqlite_schema ORDER BY name").all(),
  }));
  return JSON.stringify([[...workers], contents, buckets, [...domains]]);
}
