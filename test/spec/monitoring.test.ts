/** Health check, metrics, and the request log. */

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { openPage } from "../support/admin";
import { advanceClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { breakCalls, withFault } from "../support/fault-injection";
import { indexBytesOf } from "../support/index-bytes";
import { obtainTokens, postTokenRequest } from "../support/oauth";
import {
  createUser,
  createUserWithApp,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  TestApp,
} from "../support/provider";
import { allRows } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";

let advances = 0;

/** Counts are written after the response. */
const WAIT = { timeout: 60_000 };

/** Lets the cached result of /healthz expire. */
const expireHealthCache = () => advanceClock(++advances * 11 * SECOND_MS);

/** The next call of this method fails. */
const failOnce = <Target extends object>(target: Target, method: keyof Target & string) =>
  vi.spyOn(target as Record<string, () => never>, method).mockImplementationOnce(() => {
    throw new Error("Network connection lost.");
  });

describe("GET /healthz", () => {
  it("reports each dependency, without sign-in", async () => {
    expireHealthCache();
    const response = await send("/healthz");
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(await response.json()).toEqual({ d1: "ok", r2: "ok", objects: "ok" });
  });

  it("names the version that answers, for a deployment that waits for its own", async () => {
    const response = await send("/healthz");
    expect(response.headers.get("Satchel-Version")).toBe(env.VERSION?.id);
    expect(env.VERSION?.id).toMatch(/^[\w-]{10,}$/);
  });

  it.each([
    ["d1", () => failOnce(env.DB, "prepare")],
    ["r2", () => failOnce(env.BODIES, "head")],
    ["objects", () => failOnce(env.USERS, "getByName")],
  ] as const)("503 when %s fails, without details", async (dependency, fail) => {
    expireHealthCache();
    const failing = fail();
    const response = await send("/healthz");
    failing.mockRestore();
    expect(response.status).toBe(503);
    const all = { d1: "ok", r2: "ok", objects: "ok" };
    expect(await response.json()).toEqual({ ...all, [dependency]: "failed" });
  });

  it.each([...["d1", "r2", "objects"].entries()])(
    "503 (%i) when %s does not answer in time",
    async (at, dependency) => {
      expireHealthCache();
      const { result, calls } = await withFault({ at, kind: "silent" }, () => send("/healthz"));
      expect(calls.slice(0, 3)).toEqual(["DB.first", "BODIES.head", "USERS.ping"]);
      expect(result.status).toBe(503);
      const all = { d1: "ok", r2: "ok", objects: "ok" };
      expect(await result.json()).toEqual({ ...all, [dependency]: "failed" });
    },
  );

  it("caches the result for ten seconds", async () => {
    expireHealthCache();
    await send("/healthz");
    const spies = [
      vi.spyOn(env.DB, "prepare"),
      vi.spyOn(env.BODIES, "head"),
      vi.spyOn(env.USERS, "getByName"),
    ];
    // Without the writes of request counts.
    const probes = () =>
      spies.map(
        ({ mock }) => mock.calls.filter(([argument]) => !argument.includes("traffic")).length,
      );
    for (let i = 0; i < 5; i++) expect((await send("/healthz")).status).toBe(200);
    expect(probes()).toEqual([0, 0, 0]);
    expireHealthCache();
    await send("/healthz");
    expect(probes()).toEqual([1, 1, 1]);
  });

  it("answers checks at the same time without making one wait for another's calls", async () => {
    expireHealthCache();
    const waiting = withFault({ at: 1, kind: "silent" }, () => send("/healthz"));
    const others = await Promise.all([1, 2, 3].map(() => send("/healthz")));
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await waiting).result.status).toBe(503);
  });

  it("writes nothing, and also works on the storage host", async () => {
    const before = await allRows();
    const sendConfigured = sendWithSettings({ STORAGE_ORIGIN: "https://storage.example" });
    for (const host of ["https://storage.example", ORIGIN]) {
      expireHealthCache();
      expect((await sendConfigured(`${host}/healthz`)).status).toBe(200);
    }
    expect(await allRows()).toEqual(before);
  });
});

const METRICS_TOKEN = "a-token-for-metrics-of-32-characters";
const withToken = { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } };

/** The samples by their names with labels. */
async function metrics(sender: Send): Promise<Record<string, number>> {
  const response = await sender("/metrics", withToken);
  expect(response.status).toBe(200);
  const lines = (await response.text()).split("\n").filter((line) => /^[^#]/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = "", value = ""] = /^([a-z_]+(?:\{.*\})?) ([\d.e+-]+)$/.exec(line) ?? [];
      return [name, Number(value)];
    }),
  );
}

describe("GET /metrics", () => {
  it.each(["METRICS_TOKEN", "Bearer", "Bearer wrong", `Basic ${METRICS_TOKEN}`, ""])(
    "401 without the METRICS_TOKEN: %j",
    async (Authorization) => {
      const headers: Record<string, string> = Authorization ? { Authorization } : {};
      const response = await sendWithSettings({ METRICS_TOKEN })("/metrics", { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
      expect(await response.text()).not.toContain("satchel_");
    },
  );

  it("404 if METRICS_TOKEN is empty, whatever the token", async () => {
    for (const Authorization of ["Bearer ", "Bearer", "Bearer x"]) {
      expect((await send("/metrics", { headers: { Authorization } })).status).toBe(404);
    }
  });

  it("is in Prometheus' text format, with a type for each metric", async () => {
    await createUserWithApp();
    const response = await sendWithSettings({ METRICS_TOKEN })("/metrics", withToken);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await response.text();
    const names = new Set([...text.matchAll(/^(satchel_[a-z_]+)/gm)].map(([, name]) => name));
    for (const name of names) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} .+\\n# TYPE ${name} (counter|gauge)$`, "m"));
    }
    expect(
      text.split("\n").filter((line) => !/^(#.*|[a-z_]+(\{.*\})? [\d.]+|)$/.test(line)),
    ).toEqual([]);
  });

  it("counts requests, errors and bytes by route and status class, up to now", async () => {
    const sendConfigured = sendWithSettings({ METRICS_TOKEN });
    const before = await metrics(sendConfigured);
    const app = await createUserWithApp();
    await app.put("/notes/secret-name", "x".repeat(1000));
    await app.get("/notes/secret-name");
    await app.get("/notes/not-there");
    const restore = breakCalls(env.DB, "batch", ["refused", "refused", "refused"]);
    expect((await app.get("/notes/secret-name")).status).toBe(503);
    restore();
    advanceClock(MINUTE_MS);
    const after = await metrics(sendConfigured);
    const increase = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    expect(increase('satchel_requests_total{route="/storage/*",status="2xx"}')).toBe(2);
    expect(increase('satchel_requests_total{route="/storage/*",status="4xx"}')).toBe(1);
    expect(increase('satchel_requests_total{route="/storage/*",status="5xx"}')).toBe(1);
    expect(increase('satchel_body_bytes_total{route="/storage/*",status="2xx"}')).toBe(2000);
    expect(increase('satchel_accounts{state="active"}')).toBe(1);
    expect(increase("satchel_documents")).toBe(1);
    expect(increase("satchel_stored_bytes")).toBe(1000 + indexBytesOf(["/notes/secret-name"]));
    expect(JSON.stringify(after)).not.toContain("secret-name");
    expect(JSON.stringify(after)).not.toContain(app.user);
  });
});

describe("The account metrics", () => {
  it("are loaded at most once a minute", async () => {
    const sendConfigured = sendWithSettings({ METRICS_TOKEN });
    advanceClock(10 * MINUTE_MS);
    const before = await metrics(sendConfigured);
    await createUser();
    const counting = vi.spyOn(env.DB, "prepare").mockClear();
    for (let i = 0; i < 5; i++)
      expect(await metrics(sendConfigured)).toMatchObject(accountMetrics(before));
    expect(counting.mock.calls.filter(([sql]) => sql.includes("suspended_at) AS"))).toEqual([]);
    counting.mockRestore();
    advanceClock(MINUTE_MS);
    const name = 'satchel_accounts{state="active"}';
    expect((await metrics(sendConfigured))[name]).toBe((before[name] ?? 0) + 1);
  });

  const accountMetrics = (samples: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(samples).filter(([name]) => /accounts|documents|stored/.test(name)),
    );
});

describe("An unexpected error", () => {
  const fail = async (headers: Record<string, string>): Promise<[Response, string]> => {
    const user = await createUser();
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const loading = vi.spyOn(env.DB, "batch").mockRejectedValue(new Error("no such table"));
    const response = await openPage(user, "/data", headers);
    const { id } = JSON.parse(String(error.mock.calls[0]?.[0]));
    loading.mockRestore();
    error.mockRestore();
    return [response, id];
  };

  it.each([
    ["en", "Something went wrong", "Sign out"],
    ["de", "Etwas ist schiefgelaufen", "Abmelden"],
  ])(
    "is a page for a browser, %s, with the id of its log line, and the menu",
    async (language, title, signOut) => {
      const [response, id] = await fail({ Accept: "text/html,*/*", "Accept-Language": language });
      expect([response.status, response.headers.get("cache-control")]).toEqual([
        500,
        "no-store, no-transform",
      ]);
      const html = await response.text();
      for (const part of [`lang="${language}"`, title, signOut, id]) expect(html).toContain(part);
      expect(html).not.toContain("no such table");
    },
  );

  it("is JSON for other clients", async () => {
    const [response, id] = await fail({ Accept: "application/json" });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: "internal", id });
  });
});

interface LogLine {
  id: string;
  method: string;
  route: string;
  status: number;
  milliseconds: number;
  calls: number;
  bytes: number;
}

describe("The log line of a request", () => {
  let log: MockInstance<typeof console.log>;
  beforeEach(() => {
    globalThis.logsRequests = true;
    log = vi.spyOn(console, "log").mockImplementation(() => {});
  });
  afterEach(() => {
    globalThis.logsRequests = false;
    vi.restoreAllMocks();
  });

  /** The lines that were logged during these requests. */
  async function logLines(request: () => Promise<unknown>): Promise<string[]> {
    log.mockClear();
    await request();
    return log.mock.calls.map(([line]) => String(line));
  }
  const logLine = async (request: () => Promise<unknown>): Promise<LogLine> => {
    const [line = "{}", ...others] = await logLines(request);
    expect(others).toEqual([]);
    return JSON.parse(line);
  };

  it("is not written if LOG_REQUESTS is no", async () => {
    const sendUnlogged = sendWithSettings({ LOG_REQUESTS: "no" });
    expect(await logLines(() => sendUnlogged("/healthz"))).toEqual([]);
  });

  it("has the route, the status and the costs", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    const put = await logLine(() => app.put("/notes/a", "x".repeat(1000)));
    expect(Object.keys(put).sort()).toEqual(
      ["bytes", "calls", "id", "method", "milliseconds", "route", "status"].sort(),
    );
    // Putting the body into R2, and the commit by the Durable Object.
    expect(put).toMatchObject({ method: "PUT", route: "/storage/*", status: 200, calls: 2 });
    expect(put.bytes).toBe(1000);
    // Reading the row from D1, and the body from R2.
    const get = await logLine(async () => (await app.get("/notes/a")).text());
    expect(get).toMatchObject({ method: "GET", route: "/storage/*", status: 200, calls: 2 });
    expect(get.bytes).toBe(1000);
    expect(await logLine(() => app.head("/notes/a"))).toMatchObject({ calls: 1, bytes: 0 });
    expect(await logLine(() => send("/sign-up"))).toMatchObject({ route: "/sign-up", calls: 0 });
  });

  it("counts retries as calls", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
    const restore = breakCalls(env.DB, "batch", ["refused", "refused"]);
    const line = await logLine(() => app.head("/notes/a"));
    restore();
    expect(line).toMatchObject({ status: 200, calls: 3 });
  });

  it("has no token, query, document, user or address", async () => {
    const user = await createUser("very-private-person");
    const tokens = await obtainTokens(user, "privatemodule:rw");
    const app = new TestApp(user.name, tokens.access_token);
    const secrets = [
      user.name,
      user.cookie.split("=")[1] ?? "",
      tokens.access_token,
      tokens.refresh_token,
      "privatemodule",
      "letter",
      "203.0.113.7",
      "app.example",
    ];
    const clientHeaders = { "CF-Connecting-IP": "203.0.113.7", "User-Agent": "letter-browser" };
    const lines = await logLines(async () => {
      await app.put("/privatemodule/letter", "text", clientHeaders);
      await app.get("/privatemodule/", clientHeaders);
      await app.get(`/privatemodule/letter?access_token=${tokens.access_token}`, clientHeaders);
      await send(`/quota/${user.name}`, { headers: clientHeaders });
      await send(`/.well-known/webfinger?resource=acct:${user.name}@satchel.example`);
      await submitConsent(user, { scope: "privatemodule:rw" });
      await postTokenRequest({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
      await sendForm("/sign-in", { name: user.name, password: "letter" }, clientHeaders);
      await send(`/letter/${user.name}`);
      await send(`/set-up/letter`);
      await openPage(user, `/admin/accounts/${user.name}`);
      await send("/storage/%00letter", { method: "PATCH" });
    });
    expect(lines).toHaveLength(12);
    for (const secret of secrets)
      expect([secret, lines.join("").includes(secret)]).toEqual([secret, false]);
  });

  it("is one line of JSON, whatever the request contains", async () => {
    const evil = ['x"}\n{"id":"forged', "x\\r\\nforged", "<script>", "ä".repeat(20)];
    for (const text of evil) {
      const headers = {
        "CF-Ray": encodeURIComponent(text),
        "User-Agent": encodeURIComponent(text),
      };
      const lines = await logLines(() => send(`/${encodeURIComponent(text)}`, { headers }));
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toMatch(/[\n\r]|forged|script/);
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ route: "/*" });
    }
  });

  it("has the id from cf-ray, if it is valid", async () => {
    const ray = "8a1b2c3d4e5f6071-FRA";
    const idOf = async (id: string) =>
      (await logLine(() => send("/healthz", { headers: { "CF-Ray": id } }))).id;
    expect(await idOf(ray)).toBe(ray);
    for (const forged of ["x", `${ray}x`, `${ray} x`, "8A1B2C3D4E5F6071-FRA"]) {
      expect(await idOf(forged)).toMatch(/^[\w-]{22}$/);
    }
    expect(await idOf("x")).not.toBe(await idOf("x"));
  });

  it("of an error has the id in the response and in the error's log line", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(env.DB, "batch").mockRejectedValue(new Error("no such table"));
    let body = { id: "" };
    const line = await logLine(async () => {
      body = await (await app.get("/notes/a")).json();
    });
    expect(line.status).toBe(500);
    expect(body.id).toBe(line.id);
    expect(JSON.parse(String(error.mock.calls[0]?.[0])).id).toBe(line.id);
  });

  it("of concurrent requests has its own id and calls", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    const lines = (
      await logLines(() =>
        Promise.all([
          ...Array.from({ length: 5 }, () => app.head("/notes/a")),
          ...Array.from({ length: 5 }, () => send("/sign-up")),
        ]),
      )
    ).map((line): LogLine => JSON.parse(line));
    expect(new Set(lines.map(({ id }) => id)).size).toBe(10);
    for (const { route, calls } of lines) expect(calls).toBe(route === "/sign-up" ? 0 : 1);
  });
});

describe("Request counts", () => {
  const countedRequests = async () =>
    (await env.DB.prepare("SELECT coalesce(sum(requests), 0) AS n FROM traffic").first<{
      n: number;
    }>()) ?? { n: 0 };

  it("are written at most once a minute, by the next request", async () => {
    await send("/sign-up");
    advanceClock(10 * MINUTE_MS);
    await send("/sign-up");
    await vi.waitFor(async () => expect((await countedRequests()).n).toBeGreaterThan(0), WAIT);
    const { n } = await countedRequests();
    for (let i = 0; i < 5; i++) await send("/sign-up");
    expect(await countedRequests()).toEqual({ n });
    advanceClock(MINUTE_MS);
    await send("/sign-up");
    await vi.waitFor(async () => expect(await countedRequests()).toEqual({ n: n + 6 }), WAIT);
  });

  it("that cannot be written are lost, without an effect on the response", async () => {
    await send("/sign-up");
    advanceClock(10 * MINUTE_MS);
    const failing = failOnce(env.DB, "prepare");
    expect((await send("/sign-up")).status).toBe(200);
    expect(failing).toHaveBeenCalledOnce();
    failing.mockRestore();
    expect((await submitConsent(await createUser())).status).toBe(200);
  });
});
