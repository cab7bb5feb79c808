/** §5 and §7: every status of the storage, and what all its responses have in common. */

import { beforeAll, describe, expect, it } from "vitest";
import type { Env } from "../../src/env";
import { createUserWithApp, send, sendForm, type TestApp } from "../support/provider";
import { sendWithSettings } from "../support/send-with-settings";
import { expectUnchanged, requestWithEnv, setQuota, uniqueFolder } from "../support/storage";
import { hasUserOrigins, storageOrigin } from "../support/urls";

let app: TestApp;
let folder: string;
let etag: string;
beforeAll(async () => {
  app = await createUserWithApp();
  folder = uniqueFolder();
  etag = (await app.put(`${folder}doc`, "hello")).headers.get("etag") ?? "";
  await app.put(`${folder}replaced`, "x");
});

type HeaderFields = Record<string, string>;

const sendAnonymously = (method: string, path: string, headers: HeaderFields) =>
  send(`/storage/${app.user}${path}`, { method, headers });

/** A database that fails; its message must not reach the client. */
const brokenDatabase = {
  prepare: () => {
    throw new Error("SQLITE_CORRUPT in /secret/path");
  },
} as unknown as D1Database;

/** A response of each kind; the request has these headers besides its own. */
const RESPONSES: [
  status: number,
  description: string,
  request: (headers: HeaderFields) => Promise<Response>,
][] = [
  [200, "a document", (h) => app.get(`${folder}doc`, h)],
  [200, "HEAD of a document", (h) => app.head(`${folder}doc`, h)],
  [200, "a folder", (h) => app.get(folder, h)],
  [200, "an empty folder", (h) => app.get(uniqueFolder(), h)],
  [200, "a replaced document", (h) => app.put(`${folder}replaced`, "x", h)],
  [
    200,
    "a deleted document",
    async (h) => {
      await app.put(`${folder}deleted`, "x");
      return app.delete(`${folder}deleted`, h);
    },
  ],
  [201, "a created document", (h) => app.put(`${uniqueFolder()}doc`, "x", h)],
  [204, "OPTIONS", (h) => app.request("OPTIONS", `${folder}doc`, { headers: h })],
  [206, "a range", (h) => app.get(`${folder}doc`, { Range: "bytes=0-1", ...h })],
  [
    304,
    "a document that the client has",
    (h) => app.get(`${folder}doc`, { "If-None-Match": etag, ...h }),
  ],
  [304, "a folder that the client has", (h) => app.get(folder, { "If-None-Match": "*", ...h })],
  [400, "a malformed path", (h) => app.get("/%00", h)],
  [hasUserOrigins ? 421 : 400, "no path at all", (h) => send("/storage/", { headers: h })],
  [400, "PUT of a folder", (h) => app.put(folder, "x", h)],
  [401, "no token", (h) => sendAnonymously("GET", folder, h)],
  [401, "no token for HEAD", (h) => sendAnonymously("HEAD", folder, h)],
  [401, "a bad token", (h) => app.get(folder, { Authorization: "Bearer x", ...h })],
  [
    403,
    "another account",
    (h) => send("/storage/other/", { headers: { Authorization: `Bearer ${app.token}`, ...h } }),
  ],
  [404, "a missing document", (h) => app.get(`${folder}missing`, h)],
  [404, "a missing public document", (h) => sendAnonymously("GET", "/public/missing", h)],
  [
    405,
    "an unsupported method",
    (h) => app.request("POST", `${folder}doc`, { body: "x", headers: h }),
  ],
  [409, "a clash", (h) => app.put(`${folder}doc/below`, "x", h)],
  [412, "a stale precondition", (h) => app.put(`${folder}doc`, "x", { "If-Match": '"x"', ...h })],
  [
    413,
    "a body that is too large",
    (h) =>
      requestWithEnv({ MAX_DOCUMENT_BYTES: "1" }, app, "PUT", `${folder}doc`, {
        body: "xx",
        headers: { "Content-Length": "2", ...h },
      }),
  ],
  [414, "a path that is too long", (h) => app.get(`/${"x".repeat(5000)}`, h)],
  [416, "an unsatisfiable range", (h) => app.get(`${folder}doc`, { Range: "bytes=9-", ...h })],
  [
    500,
    "a failure",
    (h) => requestWithEnv({ DB: brokenDatabase }, app, "GET", `${folder}doc`, { headers: h }),
  ],
  [
    500,
    "a failure of a PUT",
    (h) =>
      requestWithEnv({ DB: brokenDatabase }, app, "PUT", `${folder}doc`, { body: "x", headers: h }),
  ],
  [
    500,
    "a failure without a token",
    (h) => requestWithEnv({ DB: brokenDatabase }, app, "GET", "/public/doc", { headers: h }),
  ],
  [
    507,
    "an exceeded quota",
    async (h) => {
      await setQuota(app, 0);
      const response = await app.put(`${folder}more`, "x", h);
      await setQuota(app, null);
      return response;
    },
  ],
];

const ORIGIN_HEADER = { Origin: "https://app.example" };

describe("Each status", () => {
  it.each(RESPONSES)("§5.1 §5.2 %i: %s", async (status, _, request) => {
    expect((await request(ORIGIN_HEADER)).status).toBe(status);
    expect((await request({})).status).toBe(status);
  });

  it.each(RESPONSES.filter(([status]) => status >= 400))(
    "§5.1 %i: %s has a JSON body with a code and a sentence",
    async (_, description, request) => {
      const response = await request(ORIGIN_HEADER);
      expect(response.headers.get("content-type")).toBe("application/json");
      if (description.includes("HEAD")) return expect(await response.text()).toBe("");
      const body = (await response.json()) as { error: string; message: string };
      expect(body.error).toMatch(/^[a-z-]+$/);
      expect(body.message).toMatch(/^[A-Z].*\w\.?.*\.$/);
    },
  );

  it.each(["POST", "PATCH", "PROPFIND", "MKCOL", "QUERY"])(
    "§5.1 §4.1 %s -> 405 with Allow, nothing changed",
    async (method) => {
      await expectUnchanged(app, async () => {
        for (const path of [`${folder}doc`, folder, "/"]) {
          const response = await app.request(method, path);
          expect(response.status).toBe(405);
          const allow = response.headers.get("allow")?.split(", ").sort();
          expect(allow).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]);
        }
      });
    },
  );

  it("§5.17 500 has the id of its log line, and no details of the error", async () => {
    const responses = await Promise.all(
      [1, 2].map(() => requestWithEnv({ DB: brokenDatabase }, app, "GET", `${folder}doc`)),
    );
    const bodies = await Promise.all(responses.map((response) => response.text()));
    for (const body of bodies) {
      expect(body).not.toMatch(/SQLITE|secret|Error:|at /);
      expect(JSON.parse(body).id).toMatch(/^[\w-]{16,}$/);
    }
    expect(bodies[0]).not.toBe(bodies[1]);
  });

  it("§5.14 too many sign-up attempts from one address -> 429 with Retry-After", async () => {
    const statuses: number[] = [];
    const headers = { "CF-Connecting-IP": "192.0.2.1" };
    for (let i = 0; i < 12; i++) {
      const response = await sendForm("/sign-up", { name: "!", password: "" }, headers);
      statuses.push(response.status);
      if (response.status === 429) {
        expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
      }
    }
    expect(statuses[0]).toBe(400);
    expect(statuses.at(-1)).toBe(429);
  });
});

describe("CORS", () => {
  const listHeader = (response: Response, header: string): string[] =>
    (response.headers.get(header) ?? "").toLowerCase().split(/\s*,\s*/);

  it.each(RESPONSES)("§7.1 on %i: %s", async (_, __, request) => {
    const response = await request(ORIGIN_HEADER);
    expect(response.headers.get("access-control-allow-origin")).toBe(ORIGIN_HEADER.Origin);
    expect(listHeader(response, "vary")).toContain("origin");
    expect(listHeader(response, "access-control-expose-headers")).toEqual(
      expect.arrayContaining([
        "etag",
        "content-length",
        "content-type",
        "content-range",
        "last-modified",
        "accept-ranges",
        "www-authenticate",
      ]),
    );
    // With credentials, echoing the origin would be unsafe.
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  it.each(RESPONSES)("§7.1 is * without an Origin, on %i: %s", async (_, __, request) => {
    expect((await request({})).headers.get("access-control-allow-origin")).toBe("*");
  });

  it("§7.1 allows any origin, also unusual ones", async () => {
    for (const origin of [
      "https://a.b.c.example:8443",
      "http://localhost:3000",
      "null",
      "capacitor://localhost",
    ]) {
      const response = await app.get(folder, { Origin: origin });
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    }
  });

  it.each(["GET", "HEAD", "PUT", "DELETE"])(
    "§7.2 §4.44 answers a preflight for %s",
    async (method) => {
      for (const path of [`${folder}doc`, folder, "/", `${folder}missing`, "/public/doc", "/%00"]) {
        const response = await send(`/storage/${app.user}${path}`, {
          method: "OPTIONS",
          headers: {
            ...ORIGIN_HEADER,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type, if-match",
          },
        });
        expect(response.ok).toBe(true);
        expect(await response.text()).toBe("");
        expect(response.headers.get("access-control-allow-origin")).toBe(ORIGIN_HEADER.Origin);
        expect(listHeader(response, "access-control-allow-methods")).toEqual(
          expect.arrayContaining(["get", "head", "put", "delete"]),
        );
        expect(listHeader(response, "access-control-allow-headers")).toEqual(
          expect.arrayContaining([
            "authorization",
            "content-type",
            "content-length",
            "if-match",
            "if-none-match",
            "range",
            "if-range",
            "origin",
            "x-requested-with",
          ]),
        );
        expect(Number(response.headers.get("access-control-max-age"))).toBeGreaterThanOrEqual(600);
      }
    },
  );

  it("§7.2 §9.9 answers a preflight without a token, a user or a binding", async () => {
    const headers = { ...ORIGIN_HEADER, "Access-Control-Request-Method": "PUT" };
    const forbidden = new Proxy({} as Env["DB"], {
      get: () => {
        throw new Error("A preflight touched a binding.");
      },
    });
    const response = await requestWithEnv(
      { DB: forbidden, BODIES: forbidden as never, USERS: forbidden as never },
      { user: "nobody-at-all", token: "" } as TestApp,
      "OPTIONS",
      "/notes/doc",
      { headers },
    );
    expect(response.status).toBe(204);
    const direct = await send("/storage/nobody-at-all/notes/doc", { method: "OPTIONS", headers });
    expect(direct.status).toBe(204);
  });

  it("§7.2 a preflight allows the headers that it asks for, such as those of tracing, at every endpoint of apps", async () => {
    const asked = "authorization,baggage,sentry-trace,traceparent,x-app-version";
    for (const path of [
      `/storage/${app.user}/notes/doc`,
      `/quota/${app.user}`,
      `/rxdb/${app.user}/notes/session`,
      "/.well-known/webfinger?resource=acct:x@satchel.example",
      "/oauth/token",
    ]) {
      const response = await send(path, {
        method: "OPTIONS",
        headers: {
          ...ORIGIN_HEADER,
          "Access-Control-Request-Method": "GET",
          "Access-Control-Request-Headers": asked,
        },
      });
      expect([path, response.ok]).toEqual([path, true]);
      const allowed = listHeader(response, "access-control-allow-headers");
      expect(allowed).toEqual(expect.arrayContaining(asked.split(",")));
      // By name: "*" does not cover it.
      expect(allowed.filter((name) => name === "authorization")).toHaveLength(1);
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(listHeader(response, "vary")).toContain("access-control-request-headers");
    }
  });

  it.each([
    ["are not names", "x y, (x), x-good, , x:y", ["x-good"]],
    ["are endless", Array(1000).fill("x-many").join(","), []],
  ])("§7.2 a preflight does not echo headers that %s", async (_, asked, echoed) => {
    const preflight = (headers: HeaderFields) =>
      send(`/storage/${app.user}/x`, {
        method: "OPTIONS",
        headers: { ...ORIGIN_HEADER, "Access-Control-Request-Method": "PUT", ...headers },
      });
    const always = listHeader(await preflight({}), "access-control-allow-headers");
    const response = await preflight({ "Access-Control-Request-Headers": asked });
    expect(listHeader(response, "access-control-allow-headers")).toEqual([...always, ...echoed]);
  });

  it("§7.2 a preflight from a public site to a private network is allowed where it asks for that", async () => {
    const preflight = async (headers: HeaderFields) => {
      const response = await send(`/storage/${app.user}/x`, {
        method: "OPTIONS",
        headers: { ...ORIGIN_HEADER, "Access-Control-Request-Method": "GET", ...headers },
      });
      return response.headers.get("access-control-allow-private-network");
    };
    expect(await preflight({ "Access-Control-Request-Private-Network": "true" })).toBe("true");
    expect(await preflight({})).toBeNull();
  });

  it("§4.44 §9.9 OPTIONS without Origin succeeds as well", async () => {
    const response = await send(`/storage/${app.user}/`, { method: "OPTIONS" });
    expect([response.ok, await response.text()]).toEqual([true, ""]);
  });
});

describe("What a browser must not do with a response", () => {
  it.each(RESPONSES.filter(([status]) => status !== 204))("§14 %i: %s", async (_, __, request) => {
    const response = await request(ORIGIN_HEADER);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy.split(/; */)).toContain("sandbox");
    expect(policy).not.toMatch(/allow-|script-src/);
    expect(response.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  it("§14 cookies are neither set nor accepted", async () => {
    const response = await app.get(folder, { Cookie: "__Host-session=abc" });
    expect(response.headers.get("set-cookie")).toBeNull();
    expect((await sendAnonymously("GET", folder, { Cookie: "__Host-session=abc" })).status).toBe(
      401,
    );
  });
});

describe("With a STORAGE_ORIGIN", () => {
  const sendThere = sendWithSettings({ STORAGE_ORIGIN: "https://files.example" });

  it("§14 §7.1 the pages' host refuses storage with CORS, and not with 404, after which clients delete their copies", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const body = method === "PUT" ? { body: "x" } : {};
      const response = await expectUnchanged(app, () =>
        sendThere(`/storage/${app.user}${folder}doc`, {
          method,
          headers: {
            ...ORIGIN_HEADER,
            Authorization: `Bearer ${app.token}`,
            "Content-Type": "text/plain",
          },
          ...body,
        }),
      );
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).not.toBe(404);
      expect(response.headers.get("access-control-allow-origin")).toBe(ORIGIN_HEADER.Origin);
    }
  });

  it("§14 the storage host serves storage", async () => {
    const response = await requestWithEnv(
      { ORIGIN: "https://pages.example", STORAGE_ORIGIN: storageOrigin(app.user) },
      app,
      "GET",
      `${folder}doc`,
    );
    expect([response.status, await response.text()]).toEqual([200, "hello"]);
  });
});
