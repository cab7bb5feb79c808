/** Listeners of the live endpoint catch up, whatever happens to objects, sockets and answers of D1. */

import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, inject, it } from "vitest";
import { breakCommits } from "../support/fault-injection";
import { LiveClient, requestLiveSession } from "../support/live";
import { createUserWithApp, type TestApp } from "../support/provider";
import { Random } from "../support/rxdb/random";
import { waitUntil } from "../support/rxdb/wait";
import { loadBin } from "../support/tasks";

declare module "vitest" {
  interface ProvidedContext {
    /** LIVE_STEPS in the environment: how many steps there are. */
    liveSteps: string | undefined;
    /** LIVE_SEED: the first seed, to reproduce a failure or to go on after others. */
    liveSeed: string | undefined;
  }
}

const STEPS = Number(inject("liveSteps") || 80);
const FIRST_SEED = Number(inject("liveSeed") || 1);

/** Each user is a run of its own, with a seed. */
const STEPS_PER_USER = 40;
const SEEDS = Array.from(
  { length: Math.ceil(STEPS / STEPS_PER_USER) },
  (_, index) => FIRST_SEED + index,
);

const FOLDERS = ["/", "/notes/", "/notes/a/", "/notes/b/", "/todos/", "/never/"];
const PATHS = ["/notes/a/1", "/notes/a/2", "/notes/b/1", "/notes/1", "/todos/1", "/todos/deep/1"];

let restore = () => {};

afterEach(() => restore());

/** A client that watches all folders, reconnects, and names the versions that it has. */
class Listener {
  readonly #app: TestApp;
  #client: LiveClient | null = null;
  readonly versions = new Map<string, string>();
  #seen = 0;

  constructor(app: TestApp) {
    this.#app = app;
  }

  /** Opens a socket if there is none. */
  async connect(): Promise<void> {
    if (this.#client?.closed === null) return;
    const { url } = await (await requestLiveSession(this.#app)).json<{ url: string }>();
    const { pathname, search } = new URL(url);
    this.#client = await LiveClient.open(this.#app, pathname + search);
    this.#seen = 0;
    const watched = FOLDERS.map((path) => {
      const ETag = this.versions.get(path);
      return ETag === undefined ? { path } : { path, ETag };
    });
    await this.#client.watch(...watched);
  }

  disconnect(): void {
    this.#client?.socket.close();
    this.#client = null;
  }

  /** Takes over the versions that messages have named, in their order. */
  read(): void {
    const messages = this.#client?.messages ?? [];
    for (const { folders = [] } of messages.slice(this.#seen)) {
      for (const { path, ETag } of folders) this.versions.set(path, ETag);
    }
    this.#seen = messages.length;
  }
}

/** The versions of the folders that are not empty: an empty one has the root's, which changes without it. */
async function listedVersions(app: TestApp): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  for (const path of FOLDERS) {
    const response = await app.get(path);
    const { items } = await response.json<{ items: object }>();
    if (Object.keys(items).length === 0) continue;
    versions.set(path, response.headers.get("etag")?.slice(1, -1) ?? "");
  }
  return versions;
}

async function evictUserObject(app: TestApp): Promise<void> {
  // Only an object that runs can be evicted, which takes until it has written its journal: this writes it now.
  await loadBin(app, "notes");
  await evictDurableObject(env.USERS.getByName(app.user));
}

const isTold = (listener: Listener, listed: Map<string, string>): boolean =>
  [...listed].every(([path, version]) => listener.versions.get(path) === version);

it.each(SEEDS)(
  "a listener that has caught up has the versions of a listing (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const app = await createUserWithApp();
    const listeners = [new Listener(app), new Listener(app)];
    for (let step = 0; step < STEPS_PER_USER; step++) {
      const chance = random.next();
      if (chance < 0.05) await abortAllDurableObjects();
      else if (chance < 0.15) await evictUserObject(app);
      else if (chance < 0.25) random.pick(listeners).disconnect();
      const writes = random
        .sample(PATHS, 3)
        .map((path) =>
          random.chance(0.6)
            ? app.put(path, String(step), random.chance(0.2) ? { "If-None-Match": "*" } : {})
            : app.delete(path),
        );
      if (random.chance(0.1)) restore = breakCommits(["lost", "refused"]);
      await Promise.all([...writes, ...listeners.map((listener) => listener.connect())]);
      restore();
      const listed = await listedVersions(app);
      await Promise.all(listeners.map((listener) => listener.connect()));
      await waitUntil(() => {
        for (const listener of listeners) listener.read();
        return listeners.every((listener) => isTold(listener, listed));
      });
    }
    expect(listeners.every(({ versions }) => versions.size === FOLDERS.length)).toBe(true);
  },
);
