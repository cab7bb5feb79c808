/** A load of concurrent writes by apps of several users, and a check of what the server kept. */

import { createHash } from "node:crypto";
import fc from "fast-check";

/** Sends a request of one user's app, to a path in their storage. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** A request of one of the apps. */
interface LoadRequest {
  /** Index of the app. */
  app: number;
  path: string;
  action: "put" | "delete" | "read" | "list";
  condition: "none" | "absent" | "current";
  bytes: number;
  /** Sent without a Content-Length. */
  isChunked: boolean;
}

const CONCURRENCY = 10;

const weighted = <T>(...entries: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...entries.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const arbitraryRequest = (apps: number): fc.Arbitrary<LoadRequest> =>
  fc.record({
    app: fc.nat(apps - 1),
    // "a" is the name of a folder and of a document.
    path: fc
      .tuple(fc.constantFrom("/notes/", "/notes/a/", "/public/b/c/"), fc.nat(12))
      .map(([folder, number]) => `${folder}${number === 0 ? "a" : number}`),
    action: weighted<LoadRequest["action"]>(
      [8, fc.constant("put")],
      [2, fc.constantFrom("delete", "read", "list")],
    ),
    condition: weighted<LoadRequest["condition"]>(
      [3, fc.constant("none")],
      [1, fc.constantFrom("absent", "current")],
    ),
    bytes: weighted([30, fc.nat(2000)], [2, fc.integer({ min: 200_000, max: 1_500_000 })]),
    isChunked: weighted([3, fc.constant(false)], [1, fc.constant(true)]),
  });

/** Uploaded to R2 in parts; takes so long that it is often interrupted by the kill. */
const LARGE_PUT: LoadRequest = {
  app: 0,
  path: "/notes/large",
  action: "put",
  condition: "none",
  bytes: 7_000_000,
  isChunked: true,
};

/** The content of a document; null: it is deleted or never existed. */
type Content = { type: string; body: Buffer<ArrayBuffer> } | null;

/** A write. Times are logical: a write sent after another was answered has a later time. */
interface Write {
  content: Content;
  /** From the response to a PUT. */
  etag: string | null;
  sentAt: number;
  /** Infinity if the connection broke. */
  answeredAt: number;
  isAcknowledged: boolean;
}

/** The writes to one path of one user. */
class PathHistory {
  readonly app: number;
  readonly path: string;
  writes: Write[] = [{ content: null, etag: null, sentAt: 0, answeredAt: 0, isAcknowledged: true }];

  constructor(app: number, path: string) {
    this.app = app;
    this.path = path;
  }

  /** The writes that may be the last: no acknowledged write was sent after their answer. */
  get possible(): Write[] {
    const acknowledged = this.writes.filter(({ isAcknowledged }) => isAcknowledged);
    return this.writes.filter(
      ({ answeredAt }) => !acknowledged.some(({ sentAt }) => sentAt > answeredAt),
    );
  }
}

/** Apps that write to a server until it is killed, and check its data after the restart. */
export class WriteLoad {
  readonly #apps: Send[];
  readonly #paths = new Map<string, PathHistory>();
  readonly #violations: string[] = [];
  #time = 0;
  #bodies = 0;

  constructor(apps: Send[]) {
    this.#apps = apps;
  }

  /** How many writes the server has acknowledged. */
  acknowledged = 0;

  /**
   * Sends writes, reads and listings, determined by the seed. After a number of answers it calls
   * `kill`, and continues until the connections break, so that the server is killed under load.
   * `kill` may wait before it kills the server.
   */
  async runUntilKilled(seed: number, kill: () => Promise<void>): Promise<void> {
    const all = fc.sample(arbitraryRequest(this.#apps.length), { seed, numRuns: 2000 });
    const requests = [LARGE_PUT, ...all].values();
    const [lastAnswer] = fc.sample(fc.integer({ min: 10, max: 120 }), { seed, numRuns: 1 });
    let answers = 0;
    let isKilled = false;
    const killed = Promise.withResolvers<void>();
    const client = async () => {
      for (const request of requests) {
        try {
          await this.#perform(request);
        } catch (error) {
          if (isKilled) return;
          throw error;
        }
        answers++;
        if (answers !== lastAnswer) continue;
        const done = kill().then(() => {
          isKilled = true;
        });
        done.then(killed.resolve, killed.reject);
      }
    };
    await Promise.all([killed.promise, ...Array.from({ length: CONCURRENCY }, client)]);
  }

  /**
   * Reads everything back, and writes once more. Returns each document that is not as acknowledged, each
   * difference between a listing and its documents, and each unexpected answer during the load.
   */
  async findViolations(): Promise<string[]> {
    await Promise.all(this.#apps.map((_, app) => this.#checkApp(app)));
    return this.#violations.splice(0);
  }

  #perform(request: LoadRequest): Promise<void> {
    if (request.action === "list") return this.#list(request);
    return request.action === "read" ? this.#read(request) : this.#write(request);
  }

  async #write({ app, path, action, condition, bytes, isChunked }: LoadRequest): Promise<void> {
    const history = this.#history(app, path);
    const current = history.writes.findLast(({ isAcknowledged }) => isAcknowledged)?.etag;
    const content = action === "put" ? contentOf(++this.#bodies, bytes) : null;
    const write: Write = {
      content,
      etag: null,
      sentAt: ++this.#time,
      answeredAt: Number.POSITIVE_INFINITY,
      isAcknowledged: false,
    };
    history.writes.push(write);
    const init: RequestInit & { duplex?: "half" } = {
      method: content ? "PUT" : "DELETE",
      headers: {
        ...(content && { "Content-Type": content.type }),
        ...(condition === "absent" && { "If-None-Match": "*" }),
        ...(condition === "current" && current && { "If-Match": current }),
      },
      ...(content && { body: isChunked ? new Blob([content.body]).stream() : content.body }),
      ...(isChunked && { duplex: "half" }),
    };
    const { status, headers } = await this.#send(app, path, init);
    write.answeredAt = ++this.#time;
    write.isAcknowledged = status < 300;
    if (content && write.isAcknowledged) write.etag = headers.get("etag");
    if (write.isAcknowledged) this.acknowledged++;
    // After a 503 the write may have been applied or not; any other refusal changed nothing.
    else if (status !== 503) history.writes.splice(history.writes.indexOf(write), 1);
    this.#expect([200, 201, 404, 409, 412, 503], status, app, path);
  }

  /** A document that is read must be one that was written, completely. */
  async #read({ app, path }: LoadRequest): Promise<void> {
    const response = await this.#send(app, path);
    const body = Buffer.from(await response.arrayBuffer());
    this.#expect([200, 404], response.status, app, path);
    if (response.status === 404) return;
    const type = response.headers.get("content-type");
    const { writes } = this.#history(app, path);
    if (!writes.some(({ content }) => content?.type === type && content?.body.equals(body))) {
      this.#reportViolation(
        app,
        path,
        `was read as ${body.length} bytes of ${type}, which was never written`,
      );
    }
  }

  async #list({ app, path }: LoadRequest): Promise<void> {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const response = await this.#send(app, folder);
    await response.arrayBuffer();
    this.#expect([200], response.status, app, folder);
  }

  async #checkApp(app: number): Promise<void> {
    const listed = new Map<string, Item>();
    for await (const [path, item] of this.#listAll(app, "/")) listed.set(path, item);
    for (const history of this.#paths.values()) {
      if (history.app !== app) continue;
      await this.#checkPath(history, listed.get(history.path));
      listed.delete(history.path);
    }
    for (const path of listed.keys())
      this.#reportViolation(app, path, "is listed, but was never written");
    await this.#write({ ...LARGE_PUT, app, path: "/notes/after", bytes: 10 });
    const after = this.#history(app, "/notes/after").writes.at(-1);
    if (!after?.isAcknowledged) this.#reportViolation(app, "/notes/after", "could not be written");
  }

  async #checkPath(history: PathHistory, item: Item | undefined): Promise<void> {
    const { app, path, possible } = history;
    const response = await this.#send(app, path);
    const body = Buffer.from(await response.arrayBuffer());
    this.#expect([200, 404], response.status, app, path);
    const [etag, type] = ["etag", "content-type"].map((name) => response.headers.get(name));
    const found = possible.find((write) =>
      write.content === null
        ? response.status === 404
        : write.content.body.equals(body) &&
          write.content.type === type &&
          (write.etag ?? etag) === etag,
    );
    if (!found) {
      const answer = `${response.status} ${etag} ${describe({ type: type ?? "", body })}`;
      const expected = possible.map(({ content, etag }) => `${etag} ${describe(content)}`);
      this.#reportViolation(app, path, `is ${answer}, not ${expected.join(" nor ")}`);
    }
    const isListed =
      response.status === 404
        ? item === undefined
        : `"${item?.ETag}"` === etag &&
          item?.["Content-Length"] === body.length &&
          item?.["Content-Type"] === type;
    if (!isListed) this.#reportViolation(app, path, `is listed as ${JSON.stringify(item)}`);
    // From now on, this is its content.
    const write = { sentAt: ++this.#time, answeredAt: ++this.#time, isAcknowledged: true };
    const content = response.status === 404 ? null : { type: type ?? "", body };
    history.writes = [{ ...write, content, etag: content && (etag ?? null) }];
  }

  /** Every document below a folder. */
  async *#listAll(app: number, folder: string): AsyncGenerator<[string, Item]> {
    const response = await this.#send(app, folder);
    this.#expect([200], response.status, app, folder);
    const { items } = (await response.json()) as { items: Record<string, Item> };
    for (const [name, item] of Object.entries(items)) {
      if (name.endsWith("/")) yield* this.#listAll(app, folder + name);
      else yield [folder + name, item];
    }
  }

  #send(app: number, path: string, init?: RequestInit): Promise<Response> {
    return (this.#apps[app] as Send)(path, init);
  }

  #history(app: number, path: string): PathHistory {
    const key = `${app} ${path}`;
    const history = this.#paths.get(key) ?? new PathHistory(app, path);
    this.#paths.set(key, history);
    return history;
  }

  #expect(statuses: number[], status: number, app: number, path: string): void {
    if (!statuses.includes(status)) this.#reportViolation(app, path, `was answered with ${status}`);
  }

  #reportViolation(app: number, path: string, what: string): void {
    this.#violations.push(`${path} of user ${app} ${what}`);
  }
}

/** An item of a listing. */
interface Item {
  ETag: string;
  "Content-Type"?: string;
  "Content-Length"?: number;
}

/** Content that differs for each number, unless it is empty. */
const contentOf = (number: number, bytes: number): Content => ({
  type: `text/plain; number=${number}`,
  body: Buffer.alloc(bytes, `${number} `),
});

const describe = (content: Content): string =>
  content === null
    ? "nothing"
    : `${content.body.length} bytes of ${content.type} ${createHash("sha256").update(content.body).digest("hex").slice(0, 8)}`;
