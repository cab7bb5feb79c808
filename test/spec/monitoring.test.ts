/** What an operator sees of the provider: its health, its numbers, and a line for each request. */

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { open } from "../support/admin";
import { advanceClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { breakCalls, cutting } from "../support/faults";
import { askForTokens, tokensOf } from "../support/oauth";
import { allRows } from "../support/rows";
import { type Send, sendWithSettings } from "../support/send-with-settings";
import {
  connectApp,
  createUser,
  createUserWithApp,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  TestApp,
} from "../support/provider";

let looks = 0;

/** Past what this isolate remembers of its last look. */
const later = () => advanceClock(++looks * 11 * SECOND_MS);

/** The next call of this kind fails at once. */
const failOnce = <Target extends object>(target: Target, method: keyof Target & string) =>
  vi.spyOn(target as Record<string, () => never>, method).mockImplementationOnce(() => {
    throw new Error("Network connection lost.");
  });

describe("GET /healthz", () => {
  it("says of each dependency that it answers, without sign-in", async () => {
    later();
    const response = await send("/healthz");
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(await response.json()).toEqual({ d1: "ok", r2: "ok", objects: "ok" });
  });

  it.each([
    ["d1", () => failOnce(env.DB, "prepare")],
    ["r2", () => failOnce(env.BODIES, "head")],
    ["objects", () => failOnce(env.USERS, "getByName")],
  ] as const)("503 when %s does not answer, and no word about why", async (which, fail) => {
    later();
    const failing = fail();
    const response = await send("/healthz");
    failing.mockRestore();
    expect(response.status).toBe(503);
    const all = { d1: "ok", r2: "ok", objects: "ok" };
    expect(await response.json()).toEqual({ ...all, [which]: "failed" });
  });

  it.each([...["d1", "r2", "objects"].entries()])(
    "503 (%i) when %s never answers, after a moment",
    async (at, which) => {
      later();
      const { result, calls } = await cutting({ at, trouble: "silent" }, () => send("/healthz"));
      expect(calls.slice(0, 3)).toEqual(["DB.first", "BODIES.head", "USERS.ping"]);
      expect(result.status).toBe(503);
      const all = { d1: "ok", r2: "ok", objects: "ok" };
      expect(await result.json()).toEqual({ ...all, [which]: "failed" });
    },
  );

  it("asks nothing of them again for ten seconds, however often it is asked", async () => {
    later();
    await send("/healthz");
    const spies = [
      vi.spyOn(env.DB, "prepare"),
      vi.spyOn(env.BODIES, "head"),
      vi.spyOn(env.USERS, "getByName"),
    ];
    // Not what was counted meanwhile, which is written now and then.
    const probes = () =>
      spies.map(({ mock }) => mock.calls.filter(([what]) => !what.includes("traffic")).length);
    for (let i = 0; i < 5; i++) expect((await send("/healthz")).status).toBe(200);
    expect(probes()).toEqual([0, 0, 0]);
    later();
    await send("/healthz");
    expect(probes()).toEqual([1, 1, 1]);
  });

  it("leaves nothing behind, and answers on the host of the storage, too", async () => {
    const before = await allRows();
    const elsewhere = sendWithSettings({ STORAGE_ORIGIN: "https://storage.example" });
    for (const host of ["https://storage.example", ORIGIN]) {
      later();
      expect((await elsewhere(`${host}/healthz`)).status).toBe(200);
    }
    expect(await allRows()).toEqual(before);
  });
});

const METRICS_TOKEN = "a-token-for-metrics-of-32-characters";
const withToken = { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } };

/** The samples of the numbers by their names with labels. */
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

  it("404 where there is no METRICS_TOKEN, whatever is shown", async () => {
    for (const Authorization of ["Bearer ", "Bearer", "Bearer x"]) {
      expect((await send("/metrics", { headers: { Authorization } })).status).toBe(404);
    }
  });

  it("is Prometheus' text format, each number with its type", async () => {
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

  it("counts requests, errors and bytes by route and class, up to this moment", async () => {
    const elsewhere = sendWithSettings({ METRICS_TOKEN });
    const before = await metrics(elsewhere);
    const app = await createUserWithApp();
    await app.put("/notes/secret-name", "x".repeat(1000));
    await app.get("/notes/secret-name");
    await app.get("/notes/not-there");
    const mend = breakCalls(env.DB, "batch", ["refused", "refused", "refused"]);
    expect((await app.get("/notes/secret-name")).status).toBe(503);
    mend();
    advanceClock(MINUTE_MS);
    const after = await metrics(elsewhere);
    const more = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    expect(more('satchel_requests_total{route="/storage/*",status="2xx"}')).toBe(2);
    expect(more('satchel_requests_total{route="/storage/*",status="4xx"}')).toBe(1);
    expect(more('satchel_requests_total{route="/storage/*",status="5xx"}')).toBe(1);
    expect(more('satchel_body_bytes_total{route="/storage/*",status="2xx"}')).toBe(2000);
    expect(more('satchel_accounts{state="active"}')).toBe(1);
    expect(more("satchel_documents")).toBe(1);
    expect(more("satchel_stored_bytes")).toBe(1000);
    expect(JSON.stringify(after)).not.toContain("secret-name");
    expect(JSON.stringify(after)).not.toContain(app.user);
  });
});

describe("The accounts in the numbers", () => {
  it("are counted once a minute, however often they are asked for", async () => {
    const elsewhere = sendWithSettings({ METRICS_TOKEN });
    advanceClock(10 * MINUTE_MS);
    const before = await metrics(elsewhere);
    await createUser();
    const counting = vi.spyOn(env.DB, "prepare").mockClear();
    for (let i = 0; i < 5; i++) expect(await metrics(elsewhere)).toMatchObject(accountsIn(before));
    expect(counting.mock.calls.filter(([sql]) => sql.includes("suspended_at) AS"))).toEqual([]);
    counting.mockRestore();
    advanceClock(MINUTE_MS);
    const name = 'satchel_accounts{state="active"}';
    expect((await metrics(elsewhere))[name]).toBe((before[name] ?? 0) + 1);
  });

  const accountsIn = (numbers: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(numbers).filter(([name]) => /accounts|documents|stored/.test(name)),
    );
});

describe("A failure nobody foresaw", () => {
  const fail = async (headers: Record<string, string>): Promise<[Response, string]> => {
    const person = await createUser();
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const loading = vi.spyOn(env.DB, "batch").mockRejectedValue(new Error("no such table"));
    const response = await open(person, "/data", headers);
    const { id } = JSON.parse(String(error.mock.calls[0]?.[0]));
    loading.mockRestore();
    error.mockRestore();
    return [response, id];
  };

  it.each([
    ["en", "Something went wrong", "Sign out"],
    ["de", "Etwas ist schiefgegangen", "Abmelden"],
  ])(
    "is a page for a browser, %s, with the id it is logged under, and the menu",
    async (language, title, signOut) => {
      const [response, id] = await fail({ Accept: "text/html,*/*", "Accept-Language": language });
      expect([response.status, response.headers.get("cache-control")]).toEqual([500, "no-store"]);
      const html = await response.text();
      for (const part of [`lang="${language}"`, title, signOut, id]) expect(html).toContain(part);
      expect(html).not.toContain("no such table");
    },
  );

  it("is JSON for everybody else", async () => {
    const [response, id] = await fail({ Accept: "application/json" });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: "internal", id });
  });
});

interface Line {
  id: string;
  method: string;
  route: string;
  status: number;
  milliseconds: number;
  calls: number;
  bytes: number;
}

describe("The line of a request in the log", () => {
  let log: MockInstance<typeof console.log>;
  beforeEach(() => {
    log = vi.spyOn(console, "log").mockImplementation(() => {});
  });
  afterEach(() => vi.restoreAllMocks());

  /** The lines of what was asked meanwhile, as they were printed. */
  async function linesOf(ask: () => Promise<unknown>): Promise<string[]> {
    log.mockClear();
    await ask();
    return log.mock.calls.map(([line]) => String(line));
  }
  const lineOf = async (ask: () => Promise<unknown>): Promise<Line> => {
    const [line = "{}", ...others] = await linesOf(ask);
    expect(others).toEqual([]);
    return JSON.parse(line);
  };

  it("says what was done, how it went and what it cost", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    const put = await lineOf(() => app.put("/notes/a", "x".repeat(1000)));
    expect(Object.keys(put).sort()).toEqual(
      ["bytes", "calls", "id", "method", "milliseconds", "route", "status"].sort(),
    );
    // The body to R2, and the commit to the object.
    expect(put).toMatchObject({ method: "PUT", route: "/storage/*", status: 200, calls: 2 });
    expect(put.bytes).toBe(1000);
    // The index, and the body.
    const get = await lineOf(async () => (await app.get("/notes/a")).text());
    expect(get).toMatchObject({ method: "GET", route: "/storage/*", status: 200, calls: 2 });
    expect(get.bytes).toBe(1000);
    expect(await lineOf(() => app.head("/notes/a"))).toMatchObject({ calls: 1, bytes: 0 });
    expect(await lineOf(() => send("/sign-up"))).toMatchObject({ route: "/sign-up", calls: 0 });
  });

  it("counts each try of a call that is tried again", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
    const mend = breakCalls(env.DB, "batch", ["refused", "refused"]);
    const line = await lineOf(() => app.head("/notes/a"));
    mend();
    expect(line).toMatchObject({ status: 200, calls: 3 });
  });

  it("has no token, query, document, person or address in it", async () => {
    const person = await createUser("very-private-person");
    const tokens = await tokensOf(person, "privatemodule:rw");
    const app = new TestApp(person.name, tokens.access_token);
    const secrets = [
      person.name,
      person.cookie.split("=")[1] ?? "",
      tokens.access_token,
      tokens.refresh_token,
      "privatemodule",
      "letter",
      "203.0.113.7",
      "app.example",
    ];
    const elsewhere = { "CF-Connecting-IP": "203.0.113.7", "User-Agent": "letter-browser" };
    const lines = await linesOf(async () => {
      await app.put("/privatemodule/letter", "text", elsewhere);
      await app.get("/privatemodule/", elsewhere);
      await app.get(`/privatemodule/letter?access_token=${tokens.access_token}`, elsewhere);
      await send(`/quota/${person.name}`, { headers: elsewhere });
      await send(`/.well-known/webfinger?resource=acct:${person.name}@satchel.example`);
      await submitConsent(person, { scope: "privatemodule:rw" });
      await askForTokens({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
      await sendForm("/sign-in", { name: person.name, password: "letter" }, elsewhere);
      await send(`/letter/${person.name}`);
      await send(`/set-up/letter`);
      await open(person, `/admin/accounts/${person.name}`);
      await send("/storage/%00letter", { method: "PATCH" });
    });
    expect(lines).toHaveLength(12);
    for (const secret of secrets)
      expect([secret, lines.join("").includes(secret)]).toEqual([secret, false]);
  });

  it("is one line of JSON, whatever comes in", async () => {
    const evil = ['x"}\n{"id":"forged', "x\\r\\nforged", "<script>", "ä".repeat(20)];
    for (const text of evil) {
      const headers = {
        "CF-Ray": encodeURIComponent(text),
        "User-Agent": encodeURIComponent(text),
      };
      const lines = await linesOf(() => send(`/${encodeURIComponent(text)}`, { headers }));
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toMatch(/[\n\r]|forged|script/);
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ route: "/*" });
    }
  });

  it("has the id that Cloudflare gave the request, if it is one", async () => {
    const ray = "8a1b2c3d4e5f6071-FRA";
    const idOf = async (id: string) =>
      (await lineOf(() => send("/healthz", { headers: { "CF-Ray": id } }))).id;
    expect(await idOf(ray)).toBe(ray);
    for (const forged of ["x", `${ray}x`, `${ray} x`, "8A1B2C3D4E5F6071-FRA"]) {
      expect(await idOf(forged)).toMatch(/^[\w-]{22}$/);
    }
    expect(await idOf("x")).not.toBe(await idOf("x"));
  });

  it("of a failure has the id that the client gets and that the failure is logged under", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(env.DB, "batch").mockRejectedValue(new Error("no such table"));
    let body = { id: "" };
    const line = await lineOf(async () => {
      body = await (await app.get("/notes/a")).json();
    });
    expect(line.status).toBe(500);
    expect(body.id).toBe(line.id);
    expect(JSON.parse(String(error.mock.calls[0]?.[0])).id).toBe(line.id);
  });

  it("of requests at once: each has its own calls and id", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "x");
    const lines = (
      await linesOf(() =>
        Promise.all([
          ...Array.from({ length: 5 }, () => app.head("/notes/a")),
          ...Array.from({ length: 5 }, () => send("/sign-up")),
        ]),
      )
    ).map((line): Line => JSON.parse(line));
    expect(new Set(lines.map(({ id }) => id)).size).toBe(10);
    for (const { route, calls } of lines) expect(calls).toBe(route === "/sign-up" ? 0 : 1);
  });
});

describe("What is counted", () => {
  const sum = async () =>
    (await env.DB.prepare("SELECT coalesce(sum(requests), 0) AS n FROM traffic").first<{
      n: number;
    }>()) ?? { n: 0 };

  it("is written once a minute at most, with the next request", async () => {
    await send("/sign-up");
    advanceClock(10 * MINUTE_MS);
    await send("/sign-up");
    await vi.waitFor(async () => expect((await sum()).n).toBeGreaterThan(0));
    const { n } = await sum();
    for (let i = 0; i < 5; i++) await send("/sign-up");
    expect(await sum()).toEqual({ n });
    advanceClock(MINUTE_MS);
    await send("/sign-up");
    await vi.waitFor(async () => expect(await sum()).toEqual({ n: n + 6 }));
  });

  it("is lost without a word to the client when it cannot be written", async () => {
    await send("/sign-up");
    advanceClock(10 * MINUTE_MS);
    const failing = failOnce(env.DB, "prepare");
    expect((await send("/sign-up")).status).toBe(200);
    expect(failing).toHaveBeenCalledOnce();
    failing.mockRestore();
    expect((await connectApp(await createUser())).user).not.toBe("");
  });
});
