/** §5 and §7: every status that the storage answers with, and what all answers have in common. */

import { beforeAll, describe, expect, it } from "vitest";
import type { Env } from "../../src/env";
import { freshFolder, requestWith, setQuota, unchanged } from "../support/storage";
import { createUserWithApp, ORIGIN, send, sendForm, type TestApp } from "../support/provider";

let app: TestApp;
let folder: string;
let etag: string;
beforeAll(async () => {
  app = await createUserWithApp();
  folder = freshFolder();
  etag = (await app.put(`${folder}doc`, "hello")).headers.get("etag") ?? "";
  await app.put(`${folder}replaced`, "x");
});

type Extra = Record<string, string>;

const stranger = (method: string, path: string, headers: Extra) =>
  send(`/storage/${app.user}${path}`, { method, headers });

/** A database that is out of order: its message must not get outside. */
const broken = {
  prepare: () => {
    throw new Error("SQLITE_CORRUPT in /secret/path");
  },
} as unknown as D1Database;

/** An answer of each kind; the request carries these headers besides its own. */
const ANSWERS: [status: number, what: string, ask: (headers: Extra) => Promise<Response>][] = [
  [200, "a document", (h) => app.get(`${folder}doc`, h)],
  [200, "HEAD of a document", (h) => app.head(`${folder}doc`, h)],
  [200, "a folder", (h) => app.get(folder, h)],
  [200, "an empty folder", (h) => app.get(freshFolder(), h)],
  [200, "a document that was replaced", (h) => app.put(`${folder}replaced`, "x", h)],
  [
    200,
    "a document that was deleted",
    async (h) => {
      await app.put(`${folder}deleted`, "x");
      return app.delete(`${folder}deleted`, h);
    },
  ],
  [201, "a document that was made", (h) => app.put(`${freshFolder()}doc`, "x", h)],
  [204, "OPTIONS", (h) => app.request("OPTIONS", `${folder}doc`, { headers: h })],
  [206, "a range", (h) => app.get(`${folder}doc`, { Range: "bytes=0-1", ...h })],
  [
    304,
    "a document that is known",
    (h) => app.get(`${folder}doc`, { "If-None-Match": etag, ...h }),
  ],
  [304, "a folder that is known", (h) => app.get(folder, { "If-None-Match": "*", ...h })],
  [400, "a malformed path", (h) => app.get("/%00", h)],
  [400, "no path at all", (h) => send("/storage/", { headers: h })],
  [400, "a folder that was put", (h) => app.put(folder, "x", h)],
  [401, "no token", (h) => stranger("GET", folder, h)],
  [401, "no token for HEAD", (h) => stranger("HEAD", folder, h)],
  [401, "a bad token", (h) => app.get(folder, { Authorization: "Bearer x", ...h })],
  [
    403,
    "another account",
    (h) => send("/storage/other/", { headers: { Authorization: `Bearer ${app.token}`, ...h } }),
  ],
  [404, "no such document", (h) => app.get(`${folder}missing`, h)],
  [404, "no such public document", (h) => stranger("GET", "/public/missing", h)],
  [405, "no such method", (h) => app.request("POST", `${folder}doc`, { body: "x", headers: h })],
  [409, "a clash", (h) => app.put(`${folder}doc/below`, "x", h)],
  [412, "a stale condition", (h) => app.put(`${folder}doc`, "x", { "If-Match": '"x"', ...h })],
  [
    413,
    "too large",
    (h) =>
      requestWith({ MAX_DOCUMENT_BYTES: "1" }, app, "PUT", `${folder}doc`, {
        body: "xx",
        headers: { "Content-Length": "2", ...h },
      }),
  ],
  [414, "too long a path", (h) => app.get(`/${"x".repeat(5000)}`, h)],
  [416, "no such range", (h) => app.get(`${folder}doc`, { Range: "bytes=9-", ...h })],
  [
    500,
    "a failure",
    (h) => requestWith({ DB: broken }, app, "GET", `${folder}doc`, { headers: h }),
  ],
  [
    500,
    "a failure of a PUT",
    (h) => requestWith({ DB: broken }, app, "PUT", `${folder}doc`, { body: "x", headers: h }),
  ],
  [
    500,
    "a failure for a stranger",
    (h) => requestWith({ DB: broken }, app, "GET", "/public/doc", { headers: h }),
  ],
  [
    507,
    "no room",
    async (h) => {
      await setQuota(app, 0);
      const response = await app.put(`${folder}more`, "x", h);
      await setQuota(app, null);
      return response;
    },
  ],
];

const FROM = { Origin: "https://app.example" };

describe("each status", () => {
  it.each(ANSWERS)("§5.1 §5.2 %i: %s", async (status, _, ask) => {
    expect((await ask(FROM)).status).toBe(status);
    expect((await ask({})).status).toBe(status);
  });

  it.each(ANSWERS.filter(([status]) => status >= 400))(
    "§5.1 %i: %s says why, in JSON and a sentence",
    async (_, what, ask) => {
      const response = await ask(FROM);
      expect(response.headers.get("content-type")).toBe("application/json");
      if (what.includes("HEAD")) return expect(await response.text()).toBe("");
      const body = (await response.json()) as { error: string; message: string };
      expect(body.error).toMatch(/^[a-z-]+$/);
      expect(body.message).toMatch(/^[A-Z].*\w\.?.*\.$/);
    },
  );

  it.each(["POST", "PATCH", "PROPFIND", "MKCOL", "QUERY"])(
    "§5.1 §4.1 %s -> 405 with Allow, nothing changed",
    async (method) => {
      for (const path of [`${folder}doc`, folder, "/"]) {
        const response = await unchanged(app, () => app.request(method, path));
        expect(response.status).toBe(405);
        const allow = response.headers.get("allow")?.split(", ").sort();
        expect(allow).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]);
      }
    },
  );

  it("§5.17 500 has an id to find it by, and nothing of what went wrong", async () => {
    const responses = await Promise.all(
      [1, 2].map(() => requestWith({ DB: broken }, app, "GET", `${folder}doc`)),
    );
    const bodies = await Promise.all(responses.map((response) => response.text()));
    for (const body of bodies) {
      expect(body).not.toMatch(/SQLITE|secret|Error:|at /);
      expect(JSON.parse(body).id).toMatch(/^[\w-]{16,}$/);
    }
    expect(bodies[0]).not.toBe(bodies[1]);
  });

  it("§5.14 more tries from one address than anyone needs -> 429 with Retry-After", async () => {
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
  const words = (response: Response, header: string): string[] =>
    (response.headers.get(header) ?? "").toLowerCase().split(/\s*,\s*/);

  it.each(ANSWERS)("§7.1 on %i: %s", async (_, __, ask) => {
    const response = await ask(FROM);
    expect(response.headers.get("access-control-allow-origin")).toBe(FROM.Origin);
    expect(words(response, "vary")).toContain("origin");
    expect(words(response, "access-control-expose-headers")).toEqual(
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
    // No cookie is of use here, and with it an echoed origin would be a hole.
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  it.each(ANSWERS)("§7.1 without an Origin for everybody, on %i: %s", async (_, __, ask) => {
    expect((await ask({})).headers.get("access-control-allow-origin")).toBe("*");
  });

  it("§7.1 for any origin, odd ones as well", async () => {
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
    "§7.2 §4.44 a preflight for %s is answered",
    async (method) => {
      for (const path of [`${folder}doc`, folder, "/", `${folder}missing`, "/public/doc", "/%00"]) {
        const response = await send(`/storage/${app.user}${path}`, {
          method: "OPTIONS",
          headers: {
            ...FROM,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type, if-match",
          },
        });
        expect(response.ok).toBe(true);
        expect(await response.text()).toBe("");
        expect(response.headers.get("access-control-allow-origin")).toBe(FROM.Origin);
        expect(words(response, "access-control-allow-methods")).toEqual(
          expect.arrayContaining(["get", "head", "put", "delete"]),
        );
        expect(words(response, "access-control-allow-headers")).toEqual(
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

  it("§7.2 §9.9 a preflight needs no token, no user and no binding", async () => {
    const headers = { ...FROM, "Access-Control-Request-Method": "PUT" };
    const untouched = new Proxy({} as Env["DB"], {
      get: () => {
        throw new Error("A preflight touched a binding.");
      },
    });
    const response = await requestWith(
      { DB: untouched, BODIES: untouched as never, USERS: untouched as never },
      { user: "nobody-at-all", token: "" } as TestApp,
      "OPTIONS",
      "/notes/doc",
      { headers },
    );
    expect(response.status).toBe(204);
    const alone = await send("/storage/nobody-at-all/notes/doc", { method: "OPTIONS", headers });
    expect(alone.status).toBe(204);
  });

  it("§4.44 §9.9 OPTIONS without Origin succeeds as well", async () => {
    const response = await send(`/storage/${app.user}/`, { method: "OPTIONS" });
    expect([response.ok, await response.text()]).toEqual([true, ""]);
  });
});

describe("what a browser must not make of an answer", () => {
  it.each(ANSWERS.filter(([status]) => status !== 204))("§14 %i: %s", async (_, __, ask) => {
    const response = await ask(FROM);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy.split(/; */)).toContain("sandbox");
    expect(policy).not.toMatch(/allow-|script-src/);
    expect(response.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  it("§14 no cookie is set, and none that is sent is of any use", async () => {
    const response = await app.get(folder, { Cookie: "__Host-session=abc" });
    expect(response.headers.get("set-cookie")).toBeNull();
    expect((await stranger("GET", folder, { Cookie: "__Host-session=abc" })).status).toBe(401);
  });
});

describe("with a storage host of its own", () => {
  const STORAGE_ORIGIN = "https://files.example";

  it("§14 §7.1 storage is refused on the pages' host, with CORS, and not as 404: clients would delete their copies", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const body = method === "PUT" ? { body: "x" } : {};
      const response = await unchanged(app, () =>
        requestWith({ STORAGE_ORIGIN }, app, method, `${folder}doc`, { headers: FROM, ...body }),
      );
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).not.toBe(404);
      expect(response.headers.get("access-control-allow-origin")).toBe(FROM.Origin);
    }
  });

  it("§14 storage is served on the storage host", async () => {
    const response = await requestWith(
      { ORIGIN: "https://pages.example", STORAGE_ORIGIN: ORIGIN },
      app,
      "GET",
      `${folder}doc`,
    );
    expect([response.status, await response.text()]).toEqual([200, "hello"]);
  });
});
