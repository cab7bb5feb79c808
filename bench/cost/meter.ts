/**
 * The meter: counts what a Worker asks of its bindings, in the units that Cloudflare bills. The
 * numbers are those of the bindings themselves; nothing is derived from the source. It depends on
 * nothing, so that it counts the same in a test and in the bench.
 */

/** What one request asked for, or several. */
export interface Counts {
  /** Round trips to D1. Not billed; they are what the client waits for. */
  trips: number;
  /** Statements that D1 ran. Not billed either, but limited per request. */
  queries: number;
  /** Rows of D1 and of the objects' own storage, which cost the same. */
  rowsRead: number;
  rowsWritten: number;
  /** Calls of R2 by their class; deleting is free. */
  classA: number;
  classB: number;
  free: number;
  /** Calls of Durable Objects. */
  objects: number;
}

/** The bindings that are metered, by their names in wrangler.toml. */
export interface MeteredBindings {
  DB: D1Database;
  BODIES: R2Bucket;
  USERS: DurableObjectNamespace<never>;
  MODULES: DurableObjectNamespace<never>;
}

export interface Meter {
  readonly counts: Counts;
  /** Counts what an object does to its own storage as well. */
  watch(storage: DurableObjectStorage): void;
  /** Puts the bindings back as they were. */
  stop(): void;
}

export const noCounts = (): Counts => ({
  trips: 0,
  queries: 0,
  rowsRead: 0,
  rowsWritten: 0,
  classA: 0,
  classB: 0,
  free: 0,
  objects: 0,
});

/** developers.cloudflare.com/r2/pricing. A resumed upload is a handle, not a call. */
const BUCKET_CALLS = {
  get: "classB",
  head: "classB",
  put: "classA",
  list: "classA",
  createMultipartUpload: "classA",
  resumeMultipartUpload: null,
  delete: "free",
} satisfies Partial<Record<keyof R2Bucket, keyof Counts | null>>;

const UPLOAD_CALLS = {
  uploadPart: "classA",
  complete: "classA",
  abort: "free",
} satisfies Partial<Record<keyof R2MultipartUpload, keyof Counts>>;

/**
 * Counts from now on, until `stop`. The bindings are changed in place: Worker and object share
 * them, so that what the object asks for counts too. Only one meter at a time. A way of asking that
 * the meter cannot count throws, so that no call goes by unseen.
 */
export function startMeter(env: MeteredBindings): Meter {
  const counts = noCounts();
  const undo = [
    ...meterDatabase(env.DB, counts),
    ...meterBucket(env.BODIES, counts),
    ...meterObjects(env.USERS, counts),
    ...meterObjects(env.MODULES, counts),
  ];
  return {
    counts,
    watch: (storage) => void undo.push(...meterStorage(storage, counts, undo)),
    stop() {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

function meterDatabase(db: D1Database, counts: Counts): Undo[] {
  const add = ({ meta }: D1Result) => {
    counts.rowsRead += meta.rows_read;
    counts.rowsWritten += meta.rows_written;
  };
  const ask = (statements: number) => {
    counts.trips++;
    counts.queries += statements;
  };
  // All statements share their methods, whoever prepares and binds them.
  const statement: D1PreparedStatement = Object.getPrototypeOf(db.prepare("SELECT 1"));
  const counted = (original: Method) =>
    async function (this: D1PreparedStatement, ...args: unknown[]) {
      ask(1);
      const result = (await original.apply(this, args)) as D1Result<Row>;
      add(result);
      return result;
    };
  return [
    replace(statement, "all", counted),
    replace(statement, "run", counted),
    // These two say nothing of rows, so they run as all().
    replace(
      statement,
      "first",
      () =>
        async function (this: D1PreparedStatement, column?: string) {
          const [row] = (await this.all<Row>()).results;
          if (row === undefined) return null;
          return column === undefined ? row : row[column];
        },
    ),
    replace(
      statement,
      "raw",
      () =>
        async function (this: D1PreparedStatement, options?: { columnNames?: boolean }) {
          const { results } = await this.all<Row>();
          const rows = results.map((row) => Object.values(row));
          return options?.columnNames ? [Object.keys(results[0] ?? {}), ...rows] : rows;
        },
    ),
    replace(db, "batch", (original) => async (statements: D1PreparedStatement[]) => {
      ask(statements.length);
      const results = (await original.call(db, statements)) as D1Result[];
      for (const result of results) add(result);
      return results;
    }),
    ...refuse(db, ["exec", "withSession"]),
  ];
}

function meterBucket(bucket: R2Bucket, counts: Counts): Undo[] {
  const meterUpload = (upload: R2MultipartUpload) => {
    for (const [method, kind] of entries(UPLOAD_CALLS)) {
      replace(upload, method, (original) => (...args: unknown[]) => {
        counts[kind]++;
        return original.apply(upload, args);
      });
    }
    return upload;
  };
  return entries(BUCKET_CALLS).map(([method, kind]) =>
    replace(bucket, method, (original) => (...args: unknown[]) => {
      if (kind) counts[kind]++;
      const answer = original.apply(bucket, args);
      if (method === "resumeMultipartUpload") return meterUpload(answer as R2MultipartUpload);
      if (method !== "createMultipartUpload") return answer;
      return (answer as Promise<R2MultipartUpload>).then(meterUpload);
    }),
  );
}

/** Each call of a method of a stub is billed as one request. */
function meterObjects(namespace: MeteredBindings["USERS"], counts: Counts): Undo[] {
  const meterStub = (stub: object) =>
    new Proxy(stub, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          counts.objects++;
          // Not `apply`: every property of a stub is a method of the object.
          return (target as Record<typeof name, Method>)[name]?.(...args);
        };
      },
    });
  return (["get", "getByName"] as const).map((method) =>
    replace(
      namespace,
      method,
      (original) =>
        (...args: unknown[]) =>
          meterStub(original.apply(namespace, args) as object),
    ),
  );
}

/** developers.cloudflare.com/durable-objects/platform/pricing: kv and alarms are rows as well. */
function meterStorage(storage: DurableObjectStorage, counts: Counts, atStop: Undo[]): Undo[] {
  const one =
    (kind: "rowsRead" | "rowsWritten", target: object, original: Method) =>
    (...args: unknown[]) => {
      counts[kind]++;
      return original.apply(target, args);
    };
  const { kv, sql } = storage;
  return [
    replace(storage, "setAlarm", (original) => one("rowsWritten", storage, original)),
    replace(kv, "get", (original) => one("rowsRead", kv, original)),
    replace(kv, "put", (original) => one("rowsWritten", kv, original)),
    replace(kv, "delete", (original) => one("rowsWritten", kv, original)),
    replace(sql, "exec", (original) => (...args: unknown[]) => {
      const cursor = original.apply(sql, args) as SqlStorageCursor<Record<string, SqlStorageValue>>;
      // It knows its rows when it has been read.
      atStop.push(() => {
        counts.rowsRead += cursor.rowsRead;
        counts.rowsWritten += cursor.rowsWritten;
      });
      return cursor;
    }),
    replace(
      kv,
      "list",
      (original) =>
        function* (...args: unknown[]) {
          for (const entry of original.apply(kv, args) as Iterable<unknown>) {
            counts.rowsRead++;
            yield entry;
          }
        },
    ),
    ...refuse(storage, ["get", "put", "delete", "list"]),
  ];
}

type Undo = () => void;
type Row = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: it stands for every method of every binding.
type Method = (...args: any[]) => unknown;

/** Puts what `make` makes of a method in its place, until the returned function is called. */
function replace<Target extends object>(
  target: Target,
  method: keyof Target & string,
  make: (original: Method) => Method,
): Undo {
  const own = Object.getOwnPropertyDescriptor(target, method);
  const value = make(target[method] as Method);
  Object.defineProperty(target, method, { configurable: true, writable: true, value });
  return () => {
    if (own) Object.defineProperty(target, method, own);
    else Reflect.deleteProperty(target, method);
  };
}

const refuse = <Target extends object>(target: Target, methods: (keyof Target & string)[]) =>
  methods.map((method) =>
    replace(target, method, () => () => {
      throw new Error(`The meter cannot count ${method}().`);
    }),
  );

const entries = <T extends object>(table: T) => Object.entries(table) as [keyof T, T[keyof T]][];
