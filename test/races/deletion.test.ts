/** Deleted accounts against storms, crashes and lost calls: nothing is left, and nothing else goes. */

import { createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { insertSession } from "../../src/accounts/db/sessions";
import { deleteAccount } from "../../src/accounts/deletion";
import worker from "../../src/index";
import { openModule } from "../../src/modules/modules";
import { insertGrant } from "../../src/oauth/db/grants";
import { longestRequestMs } from "../../src/storage/erasure";
import { Eraser } from "../../src/user-object/account-erasure";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { accountRow, bodiesOf, expectErased, othersOf, ring, rowsOf } from "../support/erasing";
import { type Act, CUTS, cutAtEachCall } from "../support/fault-injection";
import { breakCalls, cutting } from "../support/faults";
import { fillIndex } from "../support/fill";
import { askedOfModules, modulesOf, reserve } from "../support/modules";
import { signedInUser, uniqueClientAddress } from "../support/sign-in-forms";
import { accountId, grantRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import {
  connectApp,
  createUser,
  createUserWithApp,
  ORIGIN,
  type TestApp,
  type TestUser,
} from "../support/provider";

let mend = () => {};
afterEach(() => {
  mend();
  mend = () => {};
});

/** What Cloudflare calls once a day. */
const dailyRound = async (): Promise<void> => {
  const controller = createScheduledController({ scheduledTime: new Date(Date.now()), cron: "" });
  await worker.scheduled?.(controller, env);
};

const deleteNow = async ({ user }: TestApp): Promise<string> => {
  const account = { id: await accountId(user), name: user };
  await deleteAccount(env, account, Date.now());
  return account.id;
};

/** Both rounds of the erasure, as they come. */
async function eraseAll(user: string): Promise<void> {
  await ring(user);
  advanceClock(longestRequestMs(env) + MINUTE_MS);
  await ring(user);
}

describe("An erasure", () => {
  it("of thousands of documents in many folders goes in bounded steps", async () => {
    const person = await createUser();
    const other = await createUserWithApp();
    await other.put("/notes/a", "theirs");
    await fillIndex(person.name, 12_500);
    const app = await connectApp(person);
    for (let i = 0; i < 5; i++) await app.put(`/many/1/2/real-${i}`, "1");
    const before = await othersOf(await accountId(person.name));
    const account = await deleteNow(app);
    expect(await ring(person.name)).toBeGreaterThan(1);
    expect(await rowsOf(account)).toEqual([]);
    expect(await bodiesOf(account)).toEqual([]);
    await eraseAll(person.name);
    await expectErased(person.name, account);
    expect(await othersOf(account)).toEqual(before);
  });

  it("goes on where it stopped, also in another instance of the object", async () => {
    const person = await createUser();
    await fillIndex(person.name, 2500);
    const app = await connectApp(person);
    await app.put("/many/real", "1");
    const account = await deleteNow(app);
    advanceClock(2 * MINUTE_MS);
    const now = Date.now();
    const crash = new Error("The object is gone.");
    await runInDurableObject(env.USERS.getByName(person.name), async (_, { storage }) => {
      // The isolate dies after the first page of rows: nothing after it is done.
      let pages = 0;
      const run = new Eraser(storage, {
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
    const left = (await rowsOf(account)).length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(2500);
    await runInDurableObject(env.USERS.getByName(person.name), async (_, { storage }) => {
      const successor = new Eraser(storage, env);
      const later = now + 60 * MINUTE_MS;
      let next: number | null = later;
      while (next === later) next = await successor.run(later);
      expect(next).toBeGreaterThan(later);
    });
    expect(await rowsOf(account)).toEqual([]);
    await eraseAll(person.name);
    await expectErased(person.name, account);
  });

  it("that meets faults at R2 or D1 is tried again an hour later", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const account = await deleteNow(app);
    const all = ["refused", "refused", "refused"] as const;
    mend = breakCalls(env.BODIES, "delete", [...all]);
    await ring(app.user);
    expect(await bodiesOf(account)).toHaveLength(1);
    mend();
    advanceClock(60 * MINUTE_MS);
    await ring(app.user);
    expect(await bodiesOf(account)).toEqual([]);
    // The last word to D1 gets lost: nobody forgets that it is still to be said.
    advanceClock(DAY_MS);
    mend = breakCalls(env.DB, "batch", ["lost", "refused", "refused"]);
    await ring(app.user);
    mend();
    advanceClock(60 * MINUTE_MS);
    await ring(app.user);
    await expectErased(app.user, account);
  });

  it("that its object was never told of is begun by the daily round", async () => {
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
    await ring(app.user);
    expect(await bodiesOf(account)).toHaveLength(1);
    advanceClock(DAY_MS);
    await dailyRound();
    await eraseAll(app.user);
    await expectErased(app.user, account);
    await dailyRound();
    expect(await (await other.get("/notes/a")).text()).toBe("1");
  });

  it("that lost its alarm is woken by the daily round", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const account = await deleteNow(app);
    await runInDurableObject(env.USERS.getByName(app.user), (_, { storage }) =>
      storage.deleteAlarm(),
    );
    await dailyRound();
    await eraseAll(app.user);
    await expectErased(app.user, account);
  });

  it("empties every module in both rounds, and forgets them at the very end", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    for (const module of ["notes", "todos"]) await reserve(app.user, module, 3000);
    await reserve(other.user, "todos", 3000);
    const account = await deleteNow(app);
    const both = ["notes erase", "todos erase"];
    expect(await askedOfModules(app.user, () => ring(app.user))).toEqual(both);
    expect(await modulesOf(app.user)).toEqual(["notes", "todos"]);
    advanceClock(longestRequestMs(env) + MINUTE_MS);
    expect(await askedOfModules(app.user, () => ring(app.user))).toEqual(both);
    await expectErased(app.user, account);
    expect(await modulesOf(other.user)).toEqual(["todos"]);
  });

  it("waits for a module that does not answer; documents and other modules go meanwhile", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    for (const module of ["notes", "todos"]) await reserve(app.user, module, 3000);
    const account = await deleteNow(app);
    for (let hours = 0; hours < 10; hours++) {
      const asked = await askedOfModules(app.user, () => ring(app.user), "notes");
      expect(asked).toEqual(["notes erase", "todos erase"]);
      advanceClock(60 * MINUTE_MS);
    }
    expect([await bodiesOf(account), await modulesOf(app.user)]).toEqual([[], ["notes", "todos"]]);
    expect(await accountRow(account)).toMatchObject({ erased_at: null });
    advanceClock(60 * MINUTE_MS);
    await ring(app.user);
    await expectErased(app.user, account);
  });

  it("leaves no way to open a module any more", async () => {
    const app = await createUserWithApp();
    const account = await accountId(app.user);
    await reserve(app.user, "todos", 3000);
    const opening = ["todos", "late"].map((module) => openModule(env, account, module));
    const [, closed] = await Promise.all([Promise.all(opening), deleteNow(app)]);
    expect(closed).toBe(account);
    expect(await openModule(env, account, "later")).toBe("closed");
    await eraseAll(app.user);
    await expectErased(app.user, account);
    expect(await openModule(env, account, "todos")).toBe("closed");
    expect(await modulesOf(app.user)).toEqual([]);
  });

  it("of an account that is not deleted does nothing", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    await reserve(app.user, "todos", 3000);
    const account = await accountId(app.user);
    const before = [await rowsOf(account), await bodiesOf(account)];
    await env.USERS.getByName(app.user).erase(account);
    await eraseAll(app.user);
    expect([await rowsOf(account), await bodiesOf(account)]).toEqual(before);
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

describe("Requests that were let in before", () => {
  it("a storm of writes during the deletion leaves nothing behind", async () => {
    const app = await createUserWithApp();
    const other = await createUserWithApp();
    await app.put("/notes/first", "1");
    const account = await accountId(app.user);
    const write = (who: TestApp, i: number) =>
      i % 6 === 5
        ? who.delete(`/notes/${i - 3}`, uniqueClientAddress())
        : who.put(`/notes/${i}`, "x".repeat(i * 100), uniqueClientAddress());
    const storm = Array.from({ length: 60 }, (_, i) => write(app, i));
    const elsewhere = Array.from({ length: 20 }, (_, i) => other.put(`/notes/${i}`, "1"));
    await Promise.all(storm.slice(0, 5));
    await deleteNow(app);
    const late = Array.from({ length: 20 }, (_, i) => write(app, i));
    await ring(app.user);
    const statuses = (await Promise.all([...storm, ...late])).map(({ status }) => status);
    expect(statuses).toContain(201);
    expect(statuses).toContain(401);
    expect(statuses.filter((status) => ![200, 201, 401, 404].includes(status))).toEqual([]);
    await Promise.all(elsewhere);
    await eraseAll(app.user);
    await expectErased(app.user, account);
    expect(Object.keys(await other.list("/notes/"))).toHaveLength(20);
  });

  it("bodies that arrive after the first round go with the second", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "1");
    const account = await deleteNow(app);
    await ring(app.user);
    await env.BODIES.put(`${account}/document/late`, "late");
    await env.BODIES.put(`rxdb/${account}/todos/late`, "late");
    await dailyRound();
    advanceClock(longestRequestMs(env) - 5 * MINUTE_MS);
    await ring(app.user);
    expect(await bodiesOf(account)).toHaveLength(2);
    advanceClock(10 * MINUTE_MS);
    await ring(app.user);
    await expectErased(app.user, account);
  });

  it("an upload in parts is ended", async () => {
    const app = await createUserWithApp();
    const account = await accountId(app.user);
    const key = `${account}/document/unfinished`;
    const upload = await env.BODIES.createMultipartUpload(key);
    await env.USERS.getByName(app.user).noteUpload(key, upload.uploadId);
    await deleteNow(app);
    await ring(app.user);
    await expect(upload.uploadPart(1, "more")).rejects.toThrow("10024");
    await eraseAll(app.user);
    await expectErased(app.user, account);
  });

  it("a session and a grant that are written late open nothing, and go in the end", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/notes/a", "1");
    const account = await accountId(person.name);
    const [grant] = await grantRows(person.name);
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
      hash: await sha256Of(person.cookie),
      createdAt: now,
      expiresAt: now + DAY_MS,
      provedAt: now,
      seenAt: now,
      device: null,
      country: null,
    };
    await insertSession(env.DB, account, late, null);
    // Of an isolate that does not know yet that the grant was gone for a moment.
    expect((await app.get("/notes/a", uniqueClientAddress())).status).toBe(401);
    expect((await app.put("/notes/a", "2", uniqueClientAddress())).status).toBe(401);
    expect(await signedInUser(person.cookie)).toBe("");
    await eraseAll(person.name);
    await expectErased(person.name, account);
  });
});

const sha256Of = async (cookie: string): Promise<string> => {
  const secret = new TextEncoder().encode(cookie.split("=")[1]);
  return Buffer.from(await crypto.subtle.digest("SHA-256", secret)).toString("base64url");
};

/** Deleting by the form, cut wherever it asks the platform for something. */
async function deleting(): Promise<Act> {
  const person: TestUser = await createUser();
  const app = await connectApp(person);
  await app.put("/notes/a", "1");
  await reserve(person.name, "todos", 3000);
  const account = await accountId(person.name);
  const state = async () => [await accountRow(account), (await rowsOf(account)).length];
  return {
    send: () =>
      sendWithSettings({})("/settings/delete", {
        method: "POST",
        body: new URLSearchParams({ name: person.name }),
        headers: { Origin: ORIGIN, Cookie: person.cookie },
      }),
    status: 303,
    state,
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await accountRow(account), context).toMatchObject({ deleted_at: expect.any(Number) });
      expect(await signedInUser(person.cookie), context).toBe("");
      expect((await app.get("/notes/a", uniqueClientAddress())).status, context).toBe(401);
      await dailyRound();
      await eraseAll(person.name);
      await expectErased(person.name, account);
    },
  };
}

describe("Deleting", () => {
  it.each(CUTS)("at each call: $title", (kind) => cutAtEachCall(kind, deleting));

  it("asks for a handful of things", async () => {
    const { calls } = await cutting(null, (await deleting()).send);
    expect(calls).toEqual(["DB.first", "DB.batch", "MODULES.recheck", "USERS.erase", "DB.run"]);
  });
});
