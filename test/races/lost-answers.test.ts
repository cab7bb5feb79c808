/** Connections that break during a commit: the response is true, or says "unknown-outcome". */

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { app as worker } from "../../src/app";
import { parseNodePath } from "../../src/core/path";
import { insertGrant } from "../../src/oauth/db/grants";
import type { Change } from "../../src/storage/change";
import { Committer } from "../../src/storage/commit";
import { changeStatements } from "../../src/storage/db/changes";
import { type BrokenCall, breakCalls, breakCommits } from "../support/fault-injection";
import { createUserWithApp, ORIGIN, type TestApp } from "../support/provider";

let restore = () => {};
afterEach(() => restore());

describe("D1 does not answer a commit", () => {
  it("committed, then the connection broke -> a PUT succeeds with the version in the tree", async () => {
    const app = await createUserWithApp();
    restore = breakCommits(["lost"]);
    const response = await app.put("/notes/a", "hello");
    expect(response.status).toBe(201);
    expect(response.headers.get("etag")).toBe(await app.version("/notes/a"));
    expect(await (await app.get("/notes/a")).text()).toBe("hello");
  });

  it("committed, then the connection broke -> a DELETE with If-Match succeeds with that version", async () => {
    const app = await createUserWithApp();
    const etag = (await app.put("/notes/a", "hello")).headers.get("etag") ?? "";
    restore = breakCommits(["lost"]);
    const response = await app.delete("/notes/a", { "If-Match": etag });
    expect(response.status).toBe(200);
    expect(response.headers.get("etag")).toBe(etag);
    expect((await app.get("/notes/a")).status).toBe(404);
  });

  it("committed, then the connection broke -> a DELETE without If-Match has an unknown outcome: its version is lost", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "hello");
    restore = breakCommits(["lost"]);
    const response = await app.delete("/notes/a");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: "unknown-outcome" });
    expect((await app.get("/notes/a")).status).toBe(404);
  });

  it("the connection broke before the commit -> it is retried, and made once", async () => {
    const app = await createUserWithApp();
    restore = breakCommits(["refused", "refused"]);
    expect((await app.put("/notes/a", "hello", { "If-None-Match": "*" })).status).toBe(201);
    expect(Object.keys(await app.list("/notes/"))).toEqual(["a"]);
  });

  it("no answer to any attempt -> 503 with Retry-After, and nothing was changed", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "before");
    const before = await app.tree();
    restore = breakCommits(Array<BrokenCall>(5).fill("refused"));
    const response = await app.put("/notes/a", "after");
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await app.tree()).toEqual(before);
    expect(await (await app.get("/notes/a")).text()).toBe("before");
  });

  it("a group whose answer was lost: each of its writers gets a true response", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/first", "x");
    restore = breakCommits(["lost", undefined, "lost", undefined, "lost", undefined]);
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, i) => app.put(`/notes/${i}`, `${i}`)),
    );
    const items = await app.list("/notes/");
    for (const [i, response] of responses.entries()) {
      expect([200, 201, 503]).toContain(response.status);
      if (response.status !== 503) {
        expect(response.headers.get("etag")).toBe(`"${items[i]?.ETag}"`);
      }
    }
    expect(responses.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  });
});

describe("The user's object does not answer", () => {
  const putWith = async (app: TestApp, fault: BrokenCall, body: string): Promise<Response> => {
    const stub = env.USERS.getByName(app.user);
    const broken = {
      commit: (...args: Parameters<typeof stub.commit>) => stub.commit(...args),
    };
    restore = breakCalls(broken, "commit", [fault]);
    const ctx = createExecutionContext();
    const response = await worker.fetch(
      new Request(`${ORIGIN}/storage/${app.user}/notes/a`, {
        method: "PUT",
        body,
        headers: { Authorization: `Bearer ${app.token}`, "Content-Type": "text/plain" },
      }),
      { ...env, USERS: { getByName: () => broken } },
      ctx,
    );
    await waitOnExecutionContext(ctx);
    return response;
  };

  it("after the commit -> success, recognised by the version in the index", async () => {
    const app = await createUserWithApp();
    const response = await putWith(app, "lost", "hello");
    expect(response.status).toBe(201);
    expect(response.headers.get("etag")).toBe(await app.version("/notes/a"));
  });

  it("before the commit -> 503, nothing was changed", async () => {
    const app = await createUserWithApp();
    const response = await putWith(app, "refused", "hello");
    expect(response.status).toBe(503);
    expect(await app.tree()).toEqual({});
  });
});

describe("The fence", () => {
  const node = (path: string) => {
    const parsed = parseNodePath(path);
    if (!parsed.ok) throw new Error(path);
    return parsed.value;
  };
  /** Inserts a grant of this account that allows everything. */
  const insertFullGrant = (account: string) =>
    insertGrant(env.DB, {
      account,
      id: "grant",
      origin: "https://app.example",
      appUrl: "https://app.example/",
      label: null,
      scope: "*:rw",
      flow: "implicit",
      createdAt: 0,
      expiresAt: null,
    });
  const change = (account: string, version: string, over: Partial<Change> = {}) => ({
    account,
    grant: "grant",
    node: node("/notes/a"),
    version,
    precondition: {},
    put: { type: "text/plain", length: 1 },
    commitBefore: Date.now() + 60_000,
    defaultQuotaBytes: 10_000,
    maxDocuments: 100,
    modified: 0,
    ...over,
  });
  const emptyPreview = { rootVersion: null, version: null };
  const versionOf = (account: string): Promise<string | null> =>
    env.DB.prepare("SELECT version FROM nodes WHERE account = ? AND name = 'a'")
      .bind(account)
      .first("version");

  it("a late duplicate of a batch does not overwrite what came after it", async () => {
    await insertFullGrant("late");
    const late = changeStatements(env.DB, change("late", "v1"), { base: null, earlier: [] });
    const committer = new Committer(env.DB);
    await committer.commit([{ ...change("late", "v1"), preview: emptyPreview }]);
    await committer.commit([{ ...change("late", "v2"), preview: emptyPreview }]);
    await env.DB.batch(late);
    expect(await versionOf("late")).toBe("v2");
  });

  it("a replaced object cannot overwrite what its successor has written", async () => {
    await insertFullGrant("replaced");
    const [old, successor] = [new Committer(env.DB), new Committer(env.DB)];
    const put = (version: string, over: Partial<Change> = {}) => [
      { ...change("replaced", version, over), preview: emptyPreview },
    ];
    await old.commit(put("v1"));
    const ifMatch = { precondition: { match: { any: false, versions: ["v1"] } } };
    const [won] = await successor.commit(put("v2", ifMatch));
    const [lost] = await old.commit(put("v3", ifMatch));
    expect(won?.ok).toBe(true);
    expect(lost).toMatchObject({ ok: false, refusal: { code: "precondition-failed" } });
    expect(await versionOf("replaced")).toBe("v2");
  });

  it("a change whose deadline passes while it is evaluated is acknowledged only if it was made", async () => {
    await insertFullGrant("late-group");
    const committer = new Committer(env.DB);
    for (let round = 0; round < 40; round++) {
      const group = Array.from({ length: 12 }, (_, i) => ({
        ...change("late-group", `late-${round}-${i}`, { node: node(`/notes/${round}-${i}`) }),
        commitBefore: Date.now() + (round % 8),
        preview: null,
      }));
      const outcomes = await committer.commit(group);
      const { results } = await env.DB.prepare(
        "SELECT version FROM nodes WHERE account = 'late-group' AND type IS NOT NULL",
      ).all<{ version: string }>();
      const made = new Set(results.map(({ version }) => version));
      expect(outcomes.map(({ ok }) => ok)).toEqual(group.map(({ version }) => made.has(version)));
    }
  });

  it("the same change twice is made once and answered twice", async () => {
    await insertFullGrant("twice");
    const committer = new Committer(env.DB);
    const group = [
      {
        ...change("twice", "v1", { precondition: { noneMatch: { any: true, versions: [] } } }),
        preview: emptyPreview,
      },
    ];
    expect((await committer.commit(group))[0]).toMatchObject({ ok: true });
    expect((await committer.commit(group))[0]).toMatchObject({
      ok: true,
      value: { version: "v1" },
    });
    const root = await env.DB.prepare(
      "SELECT length, documents FROM nodes WHERE account = 'twice' AND parent = ''",
    ).first();
    expect(root).toEqual({ length: 1, documents: 1 });
  });
});
