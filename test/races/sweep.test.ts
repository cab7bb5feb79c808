/** The sweep with real R2, D1 and alarms, and with commits at the worst moments. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { encodeLabel } from "../../src/core/labels";
import { documentFromPath, MAX_PATH_BYTES, parseNodePath } from "../../src/core/path";
import type { Env } from "../../src/env";
import { bodyKey } from "../../src/storage/bodies";
import { COMMIT_WINDOW_MS, Committer } from "../../src/storage/commit";
import { newChange } from "../../src/storage/documents";
import { GRACE_PERIOD_MS } from "../../src/storage/versions/expiry";
import { startSweep } from "../../src/storage/versions/sweep";
import { CommitJournal } from "../../src/user-object/commit-journal";
import { VersionSweep } from "../../src/user-object/version-sweep";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { breakCalls } from "../support/fault-injection";
import { indexBytesOf } from "../support/index-bytes";
import { expectIndexCounted } from "../support/index-tree";
import { createUserWithApp, listBodyKeys, type TestApp } from "../support/provider";
import { accountId, allRows, grantRows } from "../support/rows";
import { binaryBytes, countedStream, setQuota, sha256 } from "../support/storage";

let restore = () => {};
afterEach(() => {
  restore();
  restore = () => {};
});

const userObject = ({ user }: TestApp) => env.USERS.getByName(user);

const dueAt = (app: TestApp): Promise<number | null> =>
  runInDurableObject(
    userObject(app),
    (_, { storage }) => storage.kv.get<{ at: number }>("sweep")?.at ?? null,
  );

/** Runs the alarm until nothing is due. */
async function sweep(app: TestApp): Promise<void> {
  for (;;) {
    expect(await runDurableObjectAlarm(userObject(app))).toBe(true);
    const next = await dueAt(app);
    if (next === null || next > Date.now()) return;
  }
}

const sweepOf = (storage: DurableObjectStorage, bindings: Env = env): VersionSweep =>
  new VersionSweep(storage, bindings, new CommitJournal(storage));

/** Sweeps at this time, for a provider that keeps no history: deletes whatever may be deleted. */
async function sweepAllAt(app: TestApp, now: number): Promise<void> {
  const cursor = startSweep(await accountId(app.user));
  await runInDurableObject(userObject(app), async (_, { storage }) => {
    storage.kv.put("sweep", { at: now, walk: cursor, again: false });
    const versionSweep = sweepOf(storage, {
      ...env,
      HISTORY_DAYS: "0",
      HISTORY_VERSIONS: "0",
    });
    while ((await versionSweep.run(now)) === now);
  });
}

const versionsOf = async (app: TestApp): Promise<string[]> =>
  (await listBodyKeys(app.user)).map((key) => key.split("/")[2] as string).sort();

const versionIn = (response: Response): string =>
  (response.headers.get("etag") ?? "").replaceAll('"', "");

/** Stores a body as a crashed request leaves one: no row has ever named it. */
async function storeOrphanedBody(app: TestApp, path: string): Promise<string> {
  const node = parseNodePath(path);
  if (!node.ok) throw new Error(path);
  const version = `orphaned-${path.length}-${Math.floor(performance.now() * 1000)}`;
  const key = await bodyKey(await accountId(app.user), node.value, version);
  await env.BODIES.put(key, "orphaned", {
    customMetadata: { path, type: "text/plain", replaces: "" },
  });
  return version;
}

/** Makes R2 list so few bodies at a time that documents are split across pages. */
const limitPages = (limit: number): void => {
  const list = env.BODIES.list.bind(env.BODIES);
  Object.defineProperty(env.BODIES, "list", {
    configurable: true,
    value: (options: R2ListOptions) => list({ ...options, limit }),
  });
  restore = () => Reflect.deleteProperty(env.BODIES, "list");
};

/** The options of each call that lists bodies. */
const listCalls: R2ListOptions[] = [];

const countLists = (): (() => void) => {
  listCalls.length = 0;
  const list = env.BODIES.list.bind(env.BODIES);
  Object.defineProperty(env.BODIES, "list", {
    configurable: true,
    value: (options: R2ListOptions) => {
      listCalls.push(options);
      return list(options);
    },
  });
  return () => Reflect.deleteProperty(env.BODIES, "list");
};

describe("Earlier versions", () => {
  it("are kept for HISTORY_DAYS after they were replaced, then deleted", async () => {
    const app = await createUserWithApp();
    const first = versionIn(await app.put("/notes/a", "1"));
    const second = versionIn(await app.put("/notes/a", "2"));
    advanceClock(29 * DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual([first, second].sort());
    advanceClock(2 * DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual([second]);
    expect(await (await app.get("/notes/a")).text()).toBe("2");
  });

  it("are kept up to HISTORY_VERSIONS of one document, the newest", async () => {
    const app = await createUserWithApp();
    const versions: string[] = [];
    for (let i = 0; i < 25; i++) versions.push(versionIn(await app.put("/notes/a", `${i}`)));
    advanceClock(DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual(versions.slice(-21).sort());
  });

  it("of a deleted document are kept for HISTORY_DAYS after the deletion was noticed", async () => {
    const app = await createUserWithApp();
    const version = versionIn(await app.put("/notes/a", "1"));
    await app.delete("/notes/a");
    advanceClock(2 * DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual([version]);
    advanceClock(31 * DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual([]);
  });

  it("of a document that was stored again expire by its new version", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    await app.delete("/notes/a");
    advanceClock(2 * DAY_MS);
    await sweep(app);
    const again = versionIn(await app.put("/notes/a", "2"));
    advanceClock(31 * DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual([again]);
    expect((await app.get("/notes/a")).status).toBe(200);
  });
});

describe("Bodies left by crashed requests", () => {
  it("are kept while a commit may still name them", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const orphaned = [
      await storeOrphanedBody(app, "/notes/a"),
      await storeOrphanedBody(app, "/notes/new"),
    ];
    const now = Date.now();
    await sweepAllAt(app, now + GRACE_PERIOD_MS - MINUTE_MS);
    expect(await versionsOf(app)).toEqual(expect.arrayContaining(orphaned));
    await sweepAllAt(app, now + GRACE_PERIOD_MS + MINUTE_MS);
    for (const version of orphaned) expect(await versionsOf(app)).not.toContain(version);
  });

  it("are deleted in the end, and nothing else is", async () => {
    const app = await createUserWithApp();
    const version = versionIn(await app.put("/notes/a", "1"));
    await storeOrphanedBody(app, "/notes/a");
    await storeOrphanedBody(app, "/notes/never-committed");
    advanceClock(DAY_MS);
    await sweep(app);
    const before = await allRows();
    advanceClock(32 * DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual([version]);
    expect(await allRows()).toEqual(before);
  });
});

describe("A commit at the worst moment", () => {
  it("between upload and commit: the sweep deletes nothing", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    let releaseBatch = () => {};
    const arrived = new Promise<void>((resolve) => {
      const batch = env.DB.batch.bind(env.DB);
      const held = new Promise<void>((release) => {
        releaseBatch = release;
      });
      Object.defineProperty(env.DB, "batch", {
        configurable: true,
        value: async (statements: D1PreparedStatement[]) => {
          const sql = (statements[0] as unknown as { statement: string }).statement;
          if (!sql.includes("fenced")) return batch(statements);
          resolve();
          await held;
          return batch(statements);
        },
      });
      restore = () => Reflect.deleteProperty(env.DB, "batch");
    });
    const writing = app.put("/notes/a", "2");
    await arrived;
    await sweepAllAt(app, Date.now() + COMMIT_WINDOW_MS);
    releaseBatch();
    expect((await writing).status).toBe(200);
    expect(await (await app.get("/notes/a")).text()).toBe("2");
  });

  it("after its deadline: it has no effect, so that its body can be deleted", async () => {
    const app = await createUserWithApp();
    const etag = (await app.put("/notes/a", "1")).headers.get("etag");
    const before = await allRows();
    const node = parseNodePath("/notes/a");
    if (!node.ok) throw new Error();
    const late = {
      account: await accountId(app.user),
      grant: (await grantRows(app.user))[0]?.id ?? "",
      node: node.value,
      version: "late",
      precondition: {},
      put: { type: "text/plain", length: 1 },
      commitBefore: Date.now() - 1,
      defaultQuotaBytes: 10_000,
      maxDocuments: 100,
      modified: Date.now(),
      preview: { rootVersion: await rootVersion(app), version: null },
    };
    const [outcome] = await new Committer(env.DB).commit([late]);
    expect(outcome).toMatchObject({ ok: false, refusal: { code: "unavailable" } });
    expect(await allRows()).toEqual(before);
    const beforeDeadline = { ...late, version: "in-time", commitBefore: Date.now() + MINUTE_MS };
    expect((await new Committer(env.DB).commit([beforeDeadline]))[0]).toMatchObject({ ok: true });
    expect(await app.version("/notes/a")).not.toBe(etag);
  });

  it("during a sweep: every acknowledged document stays complete", async () => {
    const app = await createUserWithApp();
    for (let i = 0; i < 12; i++) await app.put(`/notes/${i % 4}`, `${i}`);
    limitPages(2);
    const writing = Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        i % 5 === 0 ? app.delete(`/notes/${i % 4}`) : app.put(`/notes/${i % 6}`, `later ${i}`),
      ),
    );
    const now = Date.now();
    await sweepAllAt(app, now + GRACE_PERIOD_MS);
    await writing;
    await sweepAllAt(app, now + GRACE_PERIOD_MS);
    for (const [name, item] of Object.entries(await app.list("/notes/"))) {
      const response = await app.get(`/notes/${name}`);
      expect([response.status, versionIn(response)]).toEqual([200, item.ETag]);
      expect((await response.text()).length).toBe(item["Content-Length"]);
    }
  });
});

describe("A sweep", () => {
  it("goes on where it stopped, page by page, also in another instance of the object", async () => {
    const app = await createUserWithApp();
    const current: string[] = [];
    for (let i = 0; i < 9; i++) {
      await app.put(`/notes/${i}`, "1");
      current.push(versionIn(await app.put(`/notes/${i}`, "2")));
    }
    advanceClock(31 * DAY_MS);
    limitPages(3);
    expect(await runDurableObjectAlarm(userObject(app))).toBe(true);
    restore();
    const halfway = (await versionsOf(app)).length;
    expect(halfway).toBeGreaterThan(current.length);
    expect(halfway).toBeLessThan(2 * current.length);
    limitPages(3);
    await runInDurableObject(userObject(app), async (_, { storage }) => {
      const successor = sweepOf(storage);
      while ((await successor.run(Date.now())) === Date.now());
    });
    restore();
    expect(await versionsOf(app)).toEqual(current.sort());
  });

  it("that fails loses nothing and is retried", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const current = versionIn(await app.put("/notes/a", "2"));
    advanceClock(31 * DAY_MS);
    restore = breakCalls(env.BODIES, "delete", ["refused", "refused", "refused"]);
    await runDurableObjectAlarm(userObject(app));
    expect(await versionsOf(app)).toContain(current);
    expect(await versionsOf(app)).toHaveLength(2);
    restore();
    advanceClock(60 * MINUTE_MS);
    await sweep(app);
    expect(await versionsOf(app)).toEqual([current]);
  });

  it("follows a change within a day, and a burst of overwrites after the grace period", async () => {
    const app = await createUserWithApp();
    const now = Date.now();
    const { usual, early } = await runInDurableObject(userObject(app), async (_, state) => {
      const versionSweep = sweepOf(state.storage);
      const at = () => state.storage.getAlarm();
      await versionSweep.recordChange("account", true, now);
      const usual = await at();
      for (let i = 0; i < 1000; i++) await versionSweep.recordChange("account", true, now);
      return { usual, early: await at() };
    });
    expect(usual).toBe(now + DAY_MS);
    expect(early).toBe(now + GRACE_PERIOD_MS);
  });

  it("is not brought forward by new documents, of which a first sync has thousands", async () => {
    const app = await createUserWithApp();
    const now = Date.now();
    const at = await runInDurableObject(userObject(app), async (_, state) => {
      const versionSweep = sweepOf(state.storage);
      for (let i = 0; i < 5000; i++) await versionSweep.recordChange("account", false, now);
      return state.storage.getAlarm();
    });
    expect(at).toBe(now + DAY_MS);
  });

  it("that leaves nothing to sweep leaves nothing in the object", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    await app.delete("/notes/a");
    advanceClock(DAY_MS);
    await sweep(app);
    advanceClock(32 * DAY_MS);
    await sweep(app);
    const rest = await runInDurableObject(userObject(app), async (_, { storage }) => ({
      keys: [...storage.kv.list()].length,
      alarm: await storage.getAlarm(),
    }));
    expect(rest).toEqual({ keys: 0, alarm: null });
    expect((await app.put("/notes/b", "1")).status).toBe(201);
    expect(await dueAt(app)).toBeGreaterThan(Date.now());
  });

  it("runs again a month later without any change, for bodies that nothing knows of", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    advanceClock(DAY_MS);
    await sweep(app);
    expect(await dueAt(app)).toBe(Date.now() + 30 * DAY_MS);
    const orphaned = await storeOrphanedBody(app, "/notes/a");
    advanceClock(90 * DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).not.toContain(orphaned);
  });

  it("is followed by another if something changes meanwhile, also in another instance of the object", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    advanceClock(DAY_MS);
    const now = Date.now();
    const account = await accountId(app.user);
    const next = await runInDurableObject(userObject(app), async (_, { storage }) => {
      const cursor = { ...startSweep(account), bodiesAfter: "under way" };
      storage.kv.put("sweep", { at: now, walk: cursor, again: false });
      await sweepOf(storage).recordChange(account, false, now);
      return sweepOf(storage).run(now);
    });
    expect(next).toBe(now + DAY_MS);
  });

  it("that failed is retried an hour later, not with each change", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    advanceClock(DAY_MS);
    restore = breakCalls(env.BODIES, "list", Array(12).fill("refused"));
    await runDurableObjectAlarm(userObject(app));
    expect(await dueAt(app)).toBe(Date.now() + 60 * MINUTE_MS);
    await app.put("/notes/b", "1");
    expect(await dueAt(app)).toBe(Date.now() + 60 * MINUTE_MS);
  });

  it("is not brought forward by changes that were refused", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const due = await dueAt(app);
    const { account, grant } = app.claims;
    const writer = { account, grant, user: app.user };
    const node = parseNodePath("/notes/missing");
    if (!node.ok) throw new Error();
    const deletion = newChange(env, writer, node.value, {}, null, Date.now());
    // In the object, because so many requests to the Worker would take seconds.
    const refusals = await runInDurableObject(userObject(app), (object) =>
      Promise.all(
        Array.from({ length: 520 }, (_, i) =>
          object.commit({ ...deletion, version: `${i}`, preview: null }),
        ),
      ),
    );
    const codes = refusals.map((made) => !made.ok && made.refusal.code);
    expect(new Set(codes)).toEqual(new Set(["not-found"]));
    expect(await dueAt(app)).toBe(due);
  });

  it("keeps bodies without metadata", async () => {
    const app = await createUserWithApp();
    const version = versionIn(await app.put("/notes/a", "precious"));
    const [key = ""] = await listBodyKeys(app.user);
    await env.BODIES.put(key, "precious");
    const now = Date.now();
    await sweepAllAt(app, now + DAY_MS);
    await sweepAllAt(app, now + 90 * DAY_MS);
    expect(await versionsOf(app)).toEqual([version]);
    expect(await (await app.get("/notes/a")).text()).toBe("precious");
  });

  it("keeps less history if it takes more than the quota", async () => {
    const app = await createUserWithApp();
    await setQuota(app, 1000 + indexBytesOf(["/notes/0"]));
    for (let i = 0; i < 10; i++) {
      await app.put(`/notes/${i}`, "x".repeat(1000));
      await app.delete(`/notes/${i}`);
    }
    advanceClock(DAY_MS);
    await sweep(app);
    expect(await versionsOf(app)).toHaveLength(10);
    for (let day = 0; day < 5; day++) {
      advanceClock(DAY_MS);
      if (((await dueAt(app)) ?? Number.POSITIVE_INFINITY) <= Date.now()) await sweep(app);
    }
    expect((await versionsOf(app)).length).toBeLessThanOrEqual(1);
  });
});

describe("Names that are long when they are escaped", () => {
  const hostilePath = (index: number): string =>
    `/notes/${"\u0001".repeat(MAX_PATH_BYTES - 20)}${String(index).padStart(4, "0")}`;

  /** Stores versions that no row names and that are due, labelled as here. */
  async function storeOld(app: TestApp, label: (path: string) => string): Promise<void> {
    const account = await accountId(app.user);
    for (let i = 0; i < 120; i++) {
      const path = hostilePath(i);
      const key = await bodyKey(account, documentFromPath(path), `old-${i}`);
      const customMetadata = {
        path: label(path),
        type: encodeLabel('"'.repeat(1024)),
        replaces: "",
      };
      await env.BODIES.put(key, "old", { customMetadata });
    }
  }

  it("do not stop the sweep: R2 lists the labels that are written now as it lists any others", async () => {
    const app = await createUserWithApp();
    await app.put(encodeURI(hostilePath(0)), "current");
    const [key = ""] = await listBodyKeys(app.user);
    const metadata = (await env.BODIES.head(key))?.customMetadata;
    expect(JSON.stringify(metadata)).toMatch(/^[ -~]{1,8000}$/);
    await storeOld(app, encodeLabel);
    restore = countLists();
    await sweepAllAt(app, Date.now() + DAY_MS);
    expect(listCalls.every(({ limit }) => limit === undefined)).toBe(true);
    expect(await versionsOf(app)).toHaveLength(1);
    expect(await (await app.get(encodeURI(hostilePath(0)))).text()).toBe("current");
  });

  it("do not stop the sweep where earlier releases have stored them as they were", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const current = versionIn(await app.put("/notes/a", "2"));
    await storeOld(app, (path) => path);
    await sweepAllAt(app, Date.now() + DAY_MS);
    expect(await versionsOf(app)).toEqual([current]);
  });

  it("a body whose metadata R2 cannot list is passed over, and all others are swept", async () => {
    const app = await createUserWithApp();
    const current: string[] = [];
    for (let i = 0; i < 5; i++) {
      await app.put(`/notes/${i}`, "1");
      current.push(versionIn(await app.put(`/notes/${i}`, "2")));
    }
    const before = new Set(await listBodyKeys(app.user));
    await app.put("/notes/alone", "1");
    await app.delete("/notes/alone");
    const broken = (await listBodyKeys(app.user)).find((key) => !before.has(key)) as string;
    const list = env.BODIES.list.bind(env.BODIES);
    Object.defineProperty(env.BODIES, "list", {
      configurable: true,
      value: async (options: R2ListOptions) => {
        const listed = await list(options);
        const isBroken = listed.objects.some(({ key }) => key === broken);
        if (isBroken && options.include) throw new Error("R2 metadata size seems way too large");
        return listed;
      },
    });
    restore = () => Reflect.deleteProperty(env.BODIES, "list");
    await sweepAllAt(app, Date.now() + DAY_MS);
    restore();
    const rest = await versionsOf(app);
    expect(rest).toEqual([...new Set([...current, broken.split("/")[2] as string])].sort());
  });
});

describe("Multipart uploads", () => {
  const MIB = 1024 * 1024;

  it("that were abandoned are aborted after a day", async () => {
    const app = await createUserWithApp();
    const key = `${await accountId(app.user)}/document/unfinished`;
    const upload = await env.BODIES.createMultipartUpload(key);
    await upload.uploadPart(1, new Uint8Array(5 * MIB));
    await userObject(app).noteUpload(key, upload.uploadId);
    advanceClock(23 * 60 * MINUTE_MS);
    await runDurableObjectAlarm(userObject(app));
    const part = await upload.uploadPart(2, "more");
    advanceClock(2 * DAY_MS);
    await sweep(app);
    await expect(upload.uploadPart(2, "more")).rejects.toThrow("10024");
    await expect(upload.complete([part])).rejects.toThrow("10024");
  });

  it("are all aborted, however many were cut off, a few at a time", async () => {
    const app = await createUserWithApp();
    const account = await accountId(app.user);
    const uploads: R2MultipartUpload[] = [];
    for (let i = 0; i < 35; i++) {
      const key = `${account}/document/unfinished-${i}`;
      uploads.push(await env.BODIES.createMultipartUpload(key));
      await userObject(app).noteUpload(key, (uploads[i] as R2MultipartUpload).uploadId);
    }
    advanceClock(2 * DAY_MS);
    // Those that R2 does not abort now do not hold up the others.
    const isBroken = (key: unknown) => /-[0-9]$/.test(String(key));
    const aborts: string[] = [];
    const resume = env.BODIES.resumeMultipartUpload.bind(env.BODIES);
    Object.defineProperty(env.BODIES, "resumeMultipartUpload", {
      configurable: true,
      value: (key: string, id: string) => {
        aborts.push(key);
        if (!isBroken(key)) return resume(key, id);
        return { abort: () => Promise.reject(new Error("abort: Unauthorized (10002)")) };
      },
    });
    restore = () => Reflect.deleteProperty(env.BODIES, "resumeMultipartUpload");
    await runDurableObjectAlarm(userObject(app));
    expect(aborts.length).toBeLessThanOrEqual(10);
    await sweep(app);
    expect(new Set(aborts).size).toBe(uploads.length);
    expect(aborts).toHaveLength(uploads.length);
    for (const upload of uploads.slice(10)) {
      await expect(upload.uploadPart(1, "more")).rejects.toThrow("10024");
    }
    expect(await dueAt(app)).toBe(Date.now() + DAY_MS);
    restore();
    advanceClock(DAY_MS);
    await sweep(app);
    for (const upload of uploads) {
      await expect(upload.uploadPart(1, "more")).rejects.toThrow("10024");
    }
  });

  it("that were completed are forgotten, and stay complete", async () => {
    const app = await createUserWithApp();
    const bytes = binaryBytes(6 * MIB);
    const digest = await sha256(bytes);
    const response = await app.put("/notes/big", countedStream([bytes]).body);
    expect(response.status).toBe(201);
    advanceClock(2 * DAY_MS);
    await sweep(app);
    const recorded = await runInDurableObject(userObject(app), (_, { storage }) => [
      ...storage.kv.list({ prefix: "upload:" }),
    ]);
    expect(recorded).toEqual([]);
    const stored = await (await app.get("/notes/big")).arrayBuffer();
    expect(await sha256(stored)).toBe(digest);
  });
});

describe("Totals that have drifted", () => {
  /** By the name of the folder, which no other folder of the account has. */
  const drift = async (
    app: TestApp,
    name: string,
    bytes: number,
    documents: number,
    indexBytes = 0,
  ) => {
    const { meta } = await env.DB.prepare(
      `UPDATE nodes
       SET length = length + ?3, documents = documents + ?4, index_bytes = index_bytes + ?5
       WHERE account = ?1 AND name = ?2`,
    )
      .bind(await accountId(app.user), name, bytes, documents, indexBytes)
      .run();
    expect(meta.changes).toBe(1);
  };

  it("are repaired from the deepest folder up, and nothing else changes", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a/b/one", "12345");
    await app.put("/notes/two", "1");
    await app.put("/photos/three", "123");
    const before = await allRows();
    await drift(app, "b/", 100, 7, 10);
    await drift(app, "notes/", -5, 0, -1);
    await drift(app, "/", 1e9, -1, 1e6);
    expect(await allRows()).not.toEqual(before);
    advanceClock(DAY_MS);
    await sweep(app);
    expect(await allRows()).toEqual(before);
  });

  it("are repaired where the keys of the rows are shortened", async () => {
    const app = await createUserWithApp();
    const [one, two, three] = ["1", "2", "3"].map((digit) => digit.repeat(100));
    await app.put(`/notes/${one}/${two}/${three}/document`, "12345");
    const before = await allRows();
    for (const name of [one, two, three]) await drift(app, `${name}/`, 1, 2, 3);
    await drift(app, "notes/", -1, 0, 0);
    advanceClock(DAY_MS);
    await sweep(app);
    expect(await allRows()).toEqual(before);
    expect((await app.delete(`/notes/${one}/${two}/${three}/document`)).status).toBe(200);
    expect(await app.list("/")).toEqual({});
    await expectIndexCounted(app.user);
  });

  it("no longer count against the quota once they are repaired", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    await drift(app, "/", 2 ** 40, 0);
    expect((await app.put("/notes/b", "1")).status).toBe(507);
    advanceClock(DAY_MS);
    await sweep(app);
    expect((await app.put("/notes/b", "1")).status).toBe(201);
  });
});

const rootVersion = async (app: TestApp): Promise<string | null> =>
  env.DB.prepare("SELECT version FROM nodes WHERE account = ? AND parent = ''")
    .bind(await accountId(app.user))
    .first("version");
