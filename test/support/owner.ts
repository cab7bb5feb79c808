/** A signed-in user with an app: opens pages, sends forms, and has tasks done. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { Task } from "../../src/storage/tasks/task";
import { mainText } from "./html";
import {
  connectApp,
  createSession,
  createUser,
  encodePath,
  ORIGIN,
  send,
  type TestApp,
  type TestUser,
} from "./provider";
import { accountId } from "./rows";

/** More than any task of a test needs. */
const MAX_ALARMS = 1000;

/** The user, and an app that has access to everything. */
export class Owner {
  constructor(
    public user: TestUser,
    readonly app: TestApp,
  ) {}

  /** Signs in again, long after the last time. */
  async signIn(): Promise<void> {
    const { name } = this.user;
    this.user = { name, cookie: await createSession(await accountId(name)) };
  }

  get object() {
    return env.USERS.getByName(this.user.name);
  }

  /** Opens a page. */
  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return send(path, {
      headers: { Cookie: this.user.cookie, Accept: "text/html", ...headers },
    });
  }

  /** The text of a page that opens with 200. */
  async read(path: string, language = "en"): Promise<string> {
    const response = await this.get(path, { "Accept-Language": language });
    expect([path, response.status]).toEqual([path, 200]);
    return mainText(await response.text());
  }

  /** Sends a form; a field may be given more than once. */
  post(path: string, fields: [name: string, value: string][]): Promise<Response> {
    return send(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Cookie: this.user.cookie, Accept: "text/html", Origin: ORIGIN },
    });
  }

  /** Stores documents with these texts. */
  async store(texts: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(texts)) {
      expect((await this.app.put(encodePath(path), text)).ok).toBe(true);
    }
  }

  /** The text of each document below a folder. */
  async texts(folder = "/"): Promise<Record<string, string>> {
    const paths = Object.keys(await this.app.tree(folder)).filter((path) => !path.endsWith("/"));
    const texts = paths.map(async (path) => (await this.app.get(encodePath(path))).text());
    const read = await Promise.all(texts);
    return Object.fromEntries(paths.map((path, index) => [path, read[index] as string]));
  }

  /** Runs the alarm until no task is running. */
  async finishTasks(): Promise<void> {
    for (let alarms = 0; ; alarms++) {
      const tasks = await this.object.listTasks();
      if (!tasks.some(({ state }) => state === "running")) return;
      if (alarms === MAX_ALARMS) throw new Error("The task does not go on.");
      await runDurableObjectAlarm(this.object);
    }
  }

  /** Does the task whose page a response leads to. */
  async finish(response: Response): Promise<Task> {
    const [, id = ""] = /^\/tasks\/(.+)$/.exec(response.headers.get("location") ?? "") ?? [];
    expect([response.status, id]).toEqual([303, expect.stringContaining("-")]);
    await this.finishTasks();
    return (await this.object.getTask(id)) as Task;
  }

  /** Runs the alarm until no sweep is due. */
  async sweep(): Promise<void> {
    for (;;) {
      if (!(await runDurableObjectAlarm(this.object))) return;
      const dueAt = await runInDurableObject(
        this.object,
        (_, { storage }) => storage.kv.get<{ at: number }>("sweep")?.at ?? null,
      );
      if (dueAt === null || dueAt > Date.now()) return;
    }
  }

  /** Deletes what the journal has of commits, as if the object had died before it was written. */
  async loseJournal(): Promise<void> {
    // Asking for anything writes what is in memory.
    await this.object.documentFacts("/");
    await runInDurableObject(this.object, (_, { storage }) => {
      for (const [key] of [...storage.kv.list({ prefix: "journal:" })]) storage.kv.delete(key);
    });
  }
}

/** Creates a user with an app. */
export async function createOwner(): Promise<Owner> {
  const user = await createUser();
  return new Owner(user, await connectApp(user));
}
