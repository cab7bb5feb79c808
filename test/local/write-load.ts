/** A storm of writes by several people's apps, and what they know afterwards. */

import { createHash } from "node:crypto";
import fc from "fast-check";

/** An app of one person, wherever the server is. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** What one of the apps does next. */
interface Move {
  app: number;
  path: string;
  action: "put" | "delete" | "read" | "list";
  condition: "none" | "absent" | "current";
  bytes: number;
  /** Sent without a Content-Length. */
  isChunked: boolean;
}

const CLIENTS = 10;

const weighted = <T>(...entries: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...entries.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const MOVE = (apps: number): fc.Arbitrary<Move> =>
  fc.record({
    app: fc.nat(apps - 1),
    // One name of a folder is also one of a document.
    path: fc
      .tuple(fc.constantFrom("/notes/", "/notes/a/", "/public/b/c/"), fc.nat(12))
      .map(([folder, number]) => `${folder}${number === 0 ? "a" : number}`),
    action: weighted<Move["action"]>(
      [8, fc.constant("put")],
      [2, fc.constantFrom("delete", "read", "list")],
    ),
    condition: weighted<Move["condition"]>(
      [3, fc.constant("none")],
      [1, fc.constantFrom("absent", "current")],
    ),
    bytes: weighted([30, fc.nat(2000)], [2, fc.integer({ min: 200_000, max: 1_500_000 })]),
    isChunked: weighted([3, fc.constant(false)], [1, fc.constant(true)]),
  });

/** Goes into R2 in parts, and takes so long that it is often on its way when the server dies. */
const LARGE: Move = {
  app: 0,
  path: "/notes/large",
  action: "put",
  condition: "none",
  bytes: 7_000_000,
  isChunked: true,
};

/** A document as it was sent. Null: deleted, or never there. */
type Content = { type: string; body: Buffer<ArrayBuffer> } | null;

/** A write, by the time of the storm: what was sent after an answer came after it. */
interface Write {
  content: Content;
  /** Of a PUT that was acknowledged. */
  etag: string | null;
  sentAt: number;
  /** Never, if the connection broke. */
  answeredAt: number;
  isAcknowledged: boolean;
}

/** What is known of one path of one person. */
class Path {
  readonly app: number;
  readonly path: string;
  writes: Write[] = [{ content: null, etag: null, sentAt: 0, answeredAt: 0, isAcknowledged: true }];

  constructor(app: number, path: string) {
    this.app = app;
    this.path = path;
  }

  /** The writes one of which must be the last: none that was acknowledged was sent after them. */
  get possible(): Write[] {
    const acknowledged = this.writes.filter(({ isAcknowledged }) => isAcknowledged);
    return this.writes.filter(
      ({ answeredAt }) => !acknowledged.some(({ sentAt }) => sentAt > answeredAt),
    );
  }
}

/** Apps that write to a server until it dies, and look at it when it is back. */
export class Storm {
  readonly #apps: Send[];
  readonly #paths = new Map<string, Path>();
  readonly #complaints: string[] = [];
  #time = 0;
  #bodies = 0;

  constructor(apps: Send[]) {
    this.#apps = apps;
  }

  /** How many writes the server has acknowledged so far. */
  acknowledged = 0;

  /**
   * Writes, reads and lists, the same with the same seed as far as the server lets it. After some
   * answers it calls `kill`, and goes on until the connections break: the server must not have
   * come to rest before it dies.
   */
  async rage(seed: number, kill: () => void): Promise<void> {
    const all = fc.sample(MOVE(this.#apps.length), { seed, numRuns: 2000 });
    const moves = [LARGE, ...all].values();
    const [lastAnswer] = fc.sample(fc.integer({ min: 10, max: 120 }), { seed, numRuns: 1 });
    let answers = 0;
    let isKilled = false;
    const client = async () => {
      for (const move of moves) {
        try {
          await this.#make(move);
        } catch (error) {
          if (isKilled) return;
          throw error;
        }
        answers++;
        if (answers === lastAnswer) {
          isKilled = true;
          kill();
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  /**
   * Reads everything back, and writes once more. Returns what is not as it was acknowledged, what differs between a
   * listing and its documents, and every answer of the storm that should not have been given.
   */
  async complaints(): Promise<string[]> {
    await Promise.all(this.#apps.map((_, app) => this.#checkApp(app)));
    return this.#complaints.splice(0);
  }

  #make(move: Move): Promise<void> {
    if (move.action === "list") return this.#list(move);
    return move.action === "read" ? this.#read(move) : this.#write(move);
  }

  async #write({ app, path, action, condition, bytes, isChunked }: Move): Promise<void> {
    const known = this.#known(app, path);
    const current = known.writes.findLast(({ isAcknowledged }) => isAcknowledged)?.etag;
    const content = action === "put" ? contentOf(++this.#bodies, bytes) : null;
    const write: Write = {
      content,
      etag: null,
      sentAt: ++this.#time,
      answeredAt: Number.POSITIVE_INFINITY,
      isAcknowledged: false,
    };
    known.writes.push(write);
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
    // A 503 may have been made or not; any other refusal changed nothing.
    else if (status !== 503) known.writes.splice(known.writes.indexOf(write), 1);
    this.#expect([200, 201, 404, 409, 412, 503], status, app, path);
  }

  /** Whatever is read is a document that somebody has written, whole. */
  async #read({ app, path }: Move): Promise<void> {
    const response = await this.#send(app, path);
    const body = Buffer.from(await response.arrayBuffer());
    this.#expect([200, 404], response.status, app, path);
    if (response.status === 404) return;
    const type = response.headers.get("content-type");
    const { writes } = this.#known(app, path);
    if (!writes.some(({ content }) => content?.type === type && content?.body.equals(body))) {
      this.#complain(app, path, `was read as ${body.length} bytes of ${type}, which nobody wrote`);
    }
  }

  async #list({ app, path }: Move): Promise<void> {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const response = await this.#send(app, folder);
    await response.arrayBuffer();
    this.#expect([200], response.status, app, folder);
  }

  async #checkApp(app: number): Promise<void> {
    const listed = new Map<string, Item>();
    for await (const [path, item] of this.#walk(app, "/")) listed.set(path, item);
    for (const known of this.#paths.values()) {
      if (known.app !== app) continue;
      await this.#checkPath(known, listed.get(known.path));
      listed.delete(known.path);
    }
    for (const path of listed.keys()) this.#complain(app, path, "is listed, but nobody wrote it");
    await this.#write({ ...LARGE, app, path: "/notes/after", bytes: 10 });
    const after = this.#known(app, "/notes/after").writes.at(-1);
    if (!after?.isAcknowledged) this.#complain(app, "/notes/after", "could not be written");
  }

  async #checkPath(known: Path, item: Item | undefined): Promise<void> {
    const { app, path, possible } = known;
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
      const wanted = possible.map(({ content, etag }) => `${etag} ${describe(content)}`);
      this.#complain(app, path, `is ${answer}, not ${wanted.join(" nor ")}`);
    }
    const isListed =
      response.status === 404
        ? item === undefined
        : `"${item?.ETag}"` === etag &&
          item?.["Content-Length"] === body.length &&
          item?.["Content-Type"] === type;
    if (!isListed) this.#complain(app, path, `is listed as ${JSON.stringify(item)}`);
    // From here on this is what it is.
    const write = { sentAt: ++this.#time, answeredAt: ++this.#time, isAcknowledged: true };
    const content = response.status === 404 ? null : { type: type ?? "", body };
    known.writes = [{ ...write, content, etag: content && (etag ?? null) }];
  }

  /** Every document below a folder. */
  async *#walk(app: number, folder: string): AsyncGenerator<[string, Item]> {
    const response = await this.#send(app, folder);
    this.#expect([200], response.status, app, folder);
    const { items } = (await response.json()) as { items: Record<string, Item> };
    for (const [name, item] of Object.entries(items)) {
      if (name.endsWith("/")) yield* this.#walk(app, folder + name);
      else yield [folder + name, item];
    }
  }

  #send(app: number, path: string, init?: RequestInit): Promise<Response> {
    return (this.#apps[app] as Send)(path, init);
  }

  #known(app: number, path: string): Path {
    const key = `${app} ${path}`;
    const known = this.#paths.get(key) ?? new Path(app, path);
    this.#paths.set(key, known);
    return known;
  }

  #expect(statuses: number[], status: number, app: number, path: string): void {
    if (!statuses.includes(status)) this.#complain(app, path, `was answered with ${status}`);
  }

  #complain(app: number, path: string, what: string): void {
    this.#complaints.push(`${path} of person ${app} ${what}`);
  }
}

/** An item of a listing. */
interface Item {
  ETag: string;
  "Content-Type"?: string;
  "Content-Length"?: number;
}

/** No two are equal, unless they are empty. */
const contentOf = (number: number, bytes: number): Content => ({
  type: `text/plain; number=${number}`,
  body: Buffer.alloc(bytes, `${number} `),
});

const describe = (content: Content): string =>
  content === null
    ? "nothing"
    : `${content.body.length} bytes of ${content.type} ${createHash("sha256").update(content.body).digest("hex").slice(0, 8)}`;
