/** What a request costs: calls of D1, R2 and the user's object, and rows that D1 reads. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { freshFolder } from "../../support/storage";
import { type App, send, someone } from "../../support/world";

let app: App;
let folder: string;
let etag: string;
beforeAll(async () => {
  app = await someone();
  folder = freshFolder("/public/");
  etag = (await app.put(`${folder}doc`, "hello")).headers.get("etag") ?? "";
  for (let i = 0; i < 30; i++) await app.put(`${folder}other${i}`, "x");
});

interface Cost {
  d1: number;
  rows: number;
  r2: string[];
  objects: number;
}

/** Acts, and returns what it asked of the bindings. */
async function costOf(act: () => Promise<Response>, status: number): Promise<Cost> {
  const cost: Cost = { d1: 0, rows: 0, r2: [], objects: 0 };
  const restore = [
    watch(env.DB, "batch", async (call) => {
      cost.d1++;
      const results = (await call()) as D1Result[];
      for (const { meta } of results) cost.rows += meta.rows_read;
      return results;
    }),
    watch(env.DB, "prepare", (call) => {
      const countRuns = (statement: D1PreparedStatement): D1PreparedStatement => {
        for (const method of ["first", "all", "run", "raw"] as const) {
          watch(statement, method, (run) => {
            cost.d1++;
            return run();
          });
        }
        watch(statement, "bind", (bind) => countRuns(bind() as D1PreparedStatement));
        return statement;
      };
      return countRuns(call() as D1PreparedStatement);
    }),
    ...(["get", "head", "put", "delete", "list", "createMultipartUpload"] as const).map((method) =>
      watch(env.BODIES, method, (call) => {
        cost.r2.push(method);
        return call();
      }),
    ),
    watch(env.USERS, "getByName", (call) => {
      cost.objects++;
      return call();
    }),
  ];
  try {
    const response = await act();
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  } finally {
    for (const undo of restore) undo();
  }
  return cost;
}

/** Lets `around` decide about the calls of a method, until the returned function is called. */
function watch<T extends object>(
  target: T,
  method: keyof T & string,
  around: (call: () => unknown) => unknown,
): () => void {
  const original = target[method] as (...args: unknown[]) => unknown;
  Object.defineProperty(target, method, {
    configurable: true,
    value: (...args: unknown[]) => around(() => original.apply(target, args)),
  });
  return () => Reflect.deleteProperty(target, method);
}

describe("one round trip to D1, and nothing else", () => {
  it.each([
    ["HEAD of a document", 200, () => app.head(`${folder}doc`)],
    [
      "a document that the client has",
      304,
      () => app.get(`${folder}doc`, { "If-None-Match": etag }),
    ],
    ["a document that is not there", 404, () => app.get(`${folder}missing`)],
    ["a stale If-Match on GET", 412, () => app.get(`${folder}doc`, { "If-Match": '"x"' })],
    ["a range that is not there", 416, () => app.get(`${folder}doc`, { Range: "bytes=9-" })],
    ["a listing", 200, () => app.get(folder)],
    ["HEAD of a folder", 200, () => app.head(folder)],
    ["an empty folder", 200, () => app.get("/nothing/here/")],
    ["a stale If-Match on PUT", 412, () => app.put(`${folder}doc`, "x", { "If-Match": '"x"' })],
    ["If-None-Match: * on PUT", 412, () => app.put(`${folder}doc`, "x", { "If-None-Match": "*" })],
    ["a clash", 409, () => app.put(`${folder}doc/below`, "x")],
    ["DELETE of nothing", 404, () => app.delete(`${folder}missing`)],
    ["HEAD by a stranger", 200, () => send(`/storage/${app.user}${folder}doc`, { method: "HEAD" })],
  ] as [string, number, () => Promise<Response>][])("%s", async (_, status, act) => {
    expect(await costOf(act, status)).toMatchObject({ d1: 1, r2: [], objects: 0 });
  });

  it("a folder that the client has: one row of it is read, and the grant's", async () => {
    const version = (await app.version(folder)) ?? "";
    const known = await costOf(() => app.get(folder, { "If-None-Match": `"a", ${version}` }), 304);
    expect(known).toEqual({ d1: 1, rows: 2, r2: [], objects: 0 });
    expect((await costOf(() => app.get(folder), 200)).rows).toBeGreaterThan(30);
  });
});

describe("none at all", () => {
  it.each([
    ["a preflight", 204, () => app.request("OPTIONS", folder)],
    ["a malformed path", 400, () => app.get("/%00")],
    ["no token", 401, () => send(`/storage/${app.user}${folder}`)],
    ["a forged token", 401, () => app.get(folder, { Authorization: `Bearer ${app.token}x` })],
    ["another account", 403, () => app.get("/", { Authorization: `Bearer ${app.token}` })],
    ["PUT of a folder", 400, () => app.put(folder, "x")],
    [
      "PUT without a type",
      400,
      () => app.request("PUT", `${folder}doc`, { body: new Uint8Array(1) }),
    ],
  ] as [string, number, () => Promise<Response>][])("%s", async (what, status, act) => {
    const meant =
      what === "another account"
        ? () => send("/storage/other/", { headers: { Authorization: `Bearer ${app.token}` } })
        : act;
    expect(await costOf(meant, status)).toEqual({ d1: 0, rows: 0, r2: [], objects: 0 });
  });
});

describe("more, but no more than needed", () => {
  it("a document: D1, then R2", async () => {
    const cost = await costOf(() => app.get(`${folder}doc`), 200);
    expect(cost).toMatchObject({ d1: 1, r2: ["get"], objects: 0 });
  });

  it("a public document for a stranger: the same", async () => {
    const cost = await costOf(() => send(`/storage/${app.user}${folder}doc`), 200);
    expect(cost).toMatchObject({ d1: 1, r2: ["get"], objects: 0 });
  });

  it("PUT: a look, the body, the commit; the body it replaces stays", async () => {
    const cost = await costOf(() => app.put(`${folder}other1`, "y"), 200);
    expect(cost).toMatchObject({ d1: 2, r2: ["put"], objects: 1 });
  });

  it("DELETE: a look, the commit; the body stays", async () => {
    const cost = await costOf(() => app.delete(`${folder}other1`), 200);
    expect(cost).toMatchObject({ d1: 2, r2: [], objects: 1 });
  });
});
