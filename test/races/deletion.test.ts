/** Deleting accounts under load, crashes and lost calls: nothing is left, and nothing else is erased. */

import { createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { insertBrowserSession } from "../../src/accounts/db/sessions";
import { deleteAccount } from "../../src/accounts/deletion";
import worker from "../../src/index";
import { openModule } from "../../src/modules/modules";
import { insertGrant } from "../../src/oauth/db/grants";
import { longestRequestMs } from "../../src/storage/erasure";
import { AccountErasure } from "../../src/user-object/account-erasure";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import {
  accountRow,
  bodyKeysOf,
  countRowsOfAccount,
  dataOfOthers,
  expectErased,
  rowsOfAccount,
  runDueAlarms,
} from "../support/erasure";
import { breakCalls, withFault } from "../support/fault-injection";
import { type FaultCase, testEachFault } from "../support/faults-at-each-call";
import { fillIndex } from "../support/fill-index";
import { callsToModules, moduleNames, openModuleWithBytes } from "../support/modules";
import {
  connectApp,
  createUser,
  createUserWithApp,
  ORIGIN,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, grantRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import { signedInUser, uniqueClientAddress } from "../support/sign-in-forms";

let restore = () => {};
afterEach(() => {
  restore();
  restore = () => {};
});

/** The scheduled handler, which Cloudflare calls once a day. */
const runDailyJob = async (): Promise<void> => {
  const controller = createScheduledController({ scheduledTime: new Date(Date.now()), cron: "" });
  await worker.scheduled?.(controller, env);
};

const deleteNow = async ({ user }: TestApp): Promise<string> => {
  const account = { id: await accountId(user), name: user };
  await deleteAccount(env, account, Date.now());
  return account.id;
};

/** Runs both rounds of the erasure when they are due. */
async function eraseAll(user: string): Promise<void> {
  await runDueAlarms(user);
  advanceClock(longestRequestMs(env) + MINUTE_MS);
  await runDueAlarms(user);
}

describe("An erasure", () => {
  it("of thousands of documents in many folders takes bounded steps", async () => {
    const user = await createUser();
    const other = await createUserWithApp();
    await other.put("/notes/a", "theirs");
    await fillIndex(user.name, 12_500);
    const app = await connectApp(user);
    for (let i = 0; i < 5; i++) await app.put(`/many/1/2/real-${i}`, "1");
    const before = await dataOfOthers(await accountId(user.name));
    const account = await deleteNow(app);
    expect(await runDueAlarms(user.name)).toBeGreaterThan(1);
    expect(await rowsOfAccount(account)).toEqual([]);
    expect(await bodyKeysOf(account)).toEqual([]);
    await eraseAll(user.name);
    await expectErased(user.name, account);
    expect(await dataOfOthers(account)).toEqual(before);
  });

  it("continues where it stopped, also in another instance of the object", async () => {
    const user = await createUser();
    await fillIndex(user.name, 2500);
    const app = await connectApp(user);
    await app.put("/many/real", "1");
    const account = await deleteNow(app);
    advanceClock(2 * MINUTE_MS);
    const now = Date.now();
    const crash = new Error("The object is gone.");
    await runInDurableObject(env.USERS.getByName(user.name), async (_, { storage }) => {
      // The isolate dies after the first page of rows; nothing after that happens.
      let pages = 0;
      const run = new AccountErasure(storage, {
        ...env,
        DB: new Proxy(env.DB, {
          get: (db, key) => {
            if (key === "prepare" && ++pages > 3) throw crash;
            const value = Reflect.get(db, key);
            return typeof value === "function" ? value.bind(db) : value;
          },
        }),
      }).run(now);
      expect(await run).toBe(now + 60 * MINUTE_MS);
    });
    const left = (await rowsOfAccount(account)).length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(2500);
    await runInDurableObject(env.USERS.getByName(user.name), async (_, { storage }) => {
      const successor = new AccountErasure(storage, env);
      const later = now + 60 * MINUTE_MS;
      let next: number | null = later;
      while (next === later) next = await successor.run(later);
      expect(next).toBeGreaterThan(later);
    });
    expect(await rowsOfAccount(account)).toEqual([]);
    await eraseAll(user.name);
    await expectErased(user.name, account);
  });

  it("that fails at R2 or D1 is tried again an hour later", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const account = await deleteNow(app);
    const all = ["refused", "refused", "refused"] as const;
    restore = breakCalls(env.BODIES, "delete", [...all]);
    await runDueAlarms(app.user);
    expect(await bodyKeysOf(account)).toHaveLength(1);
    restore();
    advanceClock(60 * MINUTE_MS);
    await runDueAlarms(app.user);
    expect(await bodyKeysOf(account)).toEqual([]);
    // The answer to the last batch in D1 is lost: the object keeps its plan and repeats it.
    advanceClock(DAY_MS);
    restore = breakCalls(env.DB, "batch", ["lost", "refused", "refused"]);
    await runDueAlarms(app.user);
    restore();
    advanceClock(60 * MINUTE_MS);
    await runDueAlarms(app.user);
    await expectErased(app.user, account);
  });

  it("that its object was never told of is started by the daily job", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    await app.put("/notes/a", "1");
    await other.put("/notes/a", "1");
    const broken = { ...env, USERS: { getByName: () => ({ erase: () => Promise.reject("no") }) } };
    const account = await accountId(app.user);
    await deleteAccount(
      broken as unknown as typeof env,
      { id: account, name: app.user },
      Date.now(),
    );
    expect((await app.get("/notes/a", uniqueClientAddress())).status).toBe(401);
    await runDueAlarms(app.user);
    expect(await bodyKeysOf(account)).toHaveLength(1);
    advanceClock(DAY_MS);
    await runDailyJob();
    await eraseAll(app.user);
    await expectErased(app.user, account);
    await runDailyJob();
    expect(await (await other.get("/notes/a")).text()).toBe("1");
  });

  it("that lost its alarm is resumed by the daily job", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const account = await deleteNow(app);
    await runInDurableObject(env.USERS.getByName(app.user), (_, { storage }) =>
      storage.deleteAlarm(),
    );
    await runDailyJob();
    await eraseAll(app.user);
    await expectErased(app.user, account);
  });

  it("empties every module in both rounds, and forgets them at the very end", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    for (const module of ["notes", "todos"]) await openModuleWithBytes(app.user, module, 3000);
    await openModuleWithBytes(other.user, "todos", 3000);
    const account = await deleteNow(app);
    const both = ["notes erase", "todos erase"];
    expect(await callsToModules(app.user, () => runDueAlarms(app.user))).toEqual(both);
    expect(await moduleNames(app.user)).toEqual(["notes", "todos"]);
    advanceClock(longestRequestMs(env) + MINUTE_MS);
    expect(await callsToModules(app.user, () => runDueAlarms(app.user))).toEqual(both);
    await expectErased(app.user, account);
    expect(await moduleNames(other.user)).toEqual(["todos"]);
  });

  it("waits for a module that does not answer; documents and other modules are erased meanwhile", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    for (const module of ["notes", "todos"]) await openModuleWithBytes(app.user, module, 3000);
    const account = await deleteNow(app);
    for (let hours = 0; hours < 10; hours++) {
      const asked = await callsToModules(app.user, () => runDueAlarms(app.user), "notes");
      expect(asked).toEqual(["notes erase", "todos erase"]);
      advanceClock(60 * MINUTE_MS);
    }
    expect([await bodyKeysOf(account), await moduleNames(app.user)]).toEqual([
      [],
      ["notes", "todos"],
    ]);
    expect(await accountRow(account)).toMatchObject({ erased_at: null });
    advanceClock(60 * MINUTE_MS);
    await runDueAlarms(app.user);
    await expectErased(app.user, account);
  });

  it("prevents modules from being opened", async () => {
    const app = await createUserWithApp();
    const account = await accountId(app.user);
    await openModuleWithBytes(app.user, "todos", 3000);
    const opening = ["todos", "late"].map((module) => openModule(env, account, module));
    const [, closed] = await Promise.all([Promise.all(opening), deleteNow(app)]);
    expect(closed).toBe(account);
    expect(await openModule(env, account, "later")).toBe("closed");
    await eraseAll(app.user);
    await expectErased(app.user, account);
    expect(await openModule(env, account, "todos")).toBe("closed");
    expect(await moduleNames(app.user)).toEqual([]);
  });

  it("of an account that is not deleted does nothing", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    await openModuleWithBytes(app.user, "todos", 3000);
    const account = await accountId(app.user);
    const before = [await rowsOfAccount(account), await bodyKeysOf(account)];
    await env.USERS.getByName(app.user).erase(account);
    await eraseAll(app.user);
    expect([await rowsOfAccount(account), await bodyKeysOf(account)]).toEqual(before);
    expect(await accountRow(account)).toMatchObject({ deleted_at: null, erased_at: null });
    expect(await (await app.get("/notes/a")).text()).toBe("1");
  });

  it("is not disturbed by a sweep that was due, and none follows", async () => {
    const app = await createUserWithApp();
    for (let i = 0; i < 3; i++) await app.put("/notes/a", `${i}`);
    advanceClock(DAY_MS);
    const account = await deleteNow(app);
    await eraseAll(app.user);
    await expectErased(app.user, account);
  });
});

describe("Requests in flight during a deletion", () => {
  it("leave nothing behind, even many writes at the same time", async () => {
    const app = await createUserWithApp();
    const other = await createUserWithApp();
    await app.put("/notes/first", "1");
    const account = await accountId(app.user);
    const write = (by: TestApp, i: number) =>
      i % 6 === 5
        ? by.delete(`/notes/${i - 3}`, uniqueClientAddress())
        : by.put(`/notes/${i}`, "x".repeat(i * 100), uniqueClientAddress());
    const writes = Array.from({ length: 60 }, (_, i) => write(app, i));
    const ofOther = Array.from({ length: 20 }, (_, i) => other.put(`/notes/${i}`, "1"));
    await Promise.all(writes.slice(0, 5));
    await deleteNow(app);
    const late = Array.from({ length: 20 }, (_, i) => write(app, i));
    await runDueAlarms(app.user);
    const statuses = (await Promise.all([...writes, ...late])).map(({ status }) => status);
    expect(statuses).toContain(201);
    expect(statuses).toContain(401);
    expect(statuses.filter((status) => ![200, 201, 401, 404].includes(status))).toEqual([]);
    await Promise.all(ofOther);
    await eraseAll(app.user);
    await expectErased(app.user, account);
    expect(Object.keys(await other.list("/notes/"))).toHaveLength(20);
  });

  it("bodies that arrive after the first round are erased by the second", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const account = await deleteNow(app);
    await runDueAlarms(app.user);
    await env.BODIES.put(`${account}/document/late`, "late");
    await env.BODIES.put(`rxdb/${account}/todos/late`, "late");
    await runDailyJob();
    advanceClock(longestRequestMs(env) - 5 * MINUTE_MS);
    await runDueAlarms(app.user);
    expect(await bodyKeysOf(account)).toHaveLength(2);
    advanceClock(10 * MINUTE_MS);
    await runDueAlarms(app.user);
    await expectErased(app.user, account);
  });

  it("a multipart upload is aborted", async () => {
    const app = await createUserWithApp();
    const account = await accountId(app.user);
    const key = `${account}/document/unfinished`;
    const upload = await env.BODIES.createMultipartUpload(key);
    await env.USERS.getByName(app.user).noteUpload(key, upload.uploadId);
    await deleteNow(app);
    await runDueAlarms(app.user);
    await expect(upload.uploadPart(1, "more")).rejects.toThrow("10024");
    await eraseAll(app.user);
    await expectErased(app.user, account);
  });

  it("a session and a grant that are written late give no access, and are erased in the end", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/notes/a", "1");
    const account = await accountId(user.name);
    const [grant] = await grantRows(user.name);
    await deleteNow(app);
    const now = Date.now();
    await insertGrant(env.DB, {
      account,
      id: grant?.id ?? "",
      origin: "https://app.example",
      appUrl: "",
      label: null,
      scope: "*:rw",
      flow: "implicit",
      createdAt: now,
      expiresAt: null,
    });
    const late = {
      hash: await sha256Of(user.cookie),
      createdAt: now,
      expiresAt: now + DAY_MS,
      authenticatedAt: now,
      seenAt: now,
      device: null,
      country: null,
    };
    await insertBrowserSession(env.DB, account, late, null);
    // Another isolate may not know yet that the grant was gone for a moment.
    expect((await app.get("/notes/a", uniqueClientAddress())).status).toBe(401);
    expect((await app.put("/notes/a", "2", uniqueClientAddress())).status).toBe(401);
    expect(await signedInUser(user.cookie)).toBe("");
    await eraseAll(user.name);
    await expectErased(user.name, account);
  });
});

const sha256Of = async (cookie: string): Promise<string> => {
  const secret = new TextEncoder().encode(cookie.split("=")[1]);
  return Buffer.from(await crypto.subtle.digest("SHA-256", secret)).toString("base64url");
};

/** Deleting by the form, with a fault at each call to the platform. */
async function deleting(): Promise<FaultCase> {
  const user: TestUser = await createUser();
  const app = await connectApp(user);
  await app.put("/notes/a", "1");
  await openModuleWithBytes(user.name, "todos", 3000);
  const account = await accountId(user.name);
  const state = async () => [await accountRow(account), await countRowsOfAccount(account)];
  return {
    send: () =>
      sendWithSettings({})("/settings/delete", {
        method: "POST",
        body: new URLSearchParams({ name: user.name }),
        headers: { Origin: ORIGIN, Cookie: user.cookie },
      }),
    status: 303,
    loadState: state,
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await accountRow(account), context).toMatchObject({ deleted_at: expect.any(Number) });
      expect(await signedInUser(user.cookie), context).toBe("");
      expect((await app.get("/notes/a", uniqueClientAddress())).status, context).toBe(401);
      await eraseAll(user.name);
      // The daily job starts an erasure that the object was not told of.
      if ((await accountRow(account))?.erased_at === null) {
        await runDailyJob();
        await eraseAll(user.name);
      }
      await expectErased(user.name, account);
    },
  };
}

describe("Deleting an account", () => {
  testEachFault(async () => deleting);

  it("makes six calls", async () => {
    const { calls } = await withFault(null, (await deleting()).send);
    expect(calls).toEqual([
      "DB.first",
      "DB.batch",
      "MODULES.recheck",
      "USERS.recheck",
      "USERS.erase",
      "DB.run",
    ]);
  });
});
