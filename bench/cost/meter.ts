/**
 * The meter counts calls and rows at a Worker's bindings, in the units that Cloudflare bills. Rows are
 * those reported by the bindings; nothing is derived from the source. It has no dependencies, so that
 * it counts the same in tests and in the bench.
 */

/** The usage of one or more requests. */
export interface Counts {
  /** Round trips to D1. Not billed, but the client waits for them. */
  trips: number;
  /** Statements executed by D1. Not billed, but limited per request. */
  queries: number;
  /** Rows of D1 and of Durable Object storage, which cost the same. */
  rowsRead: number;
  rowsWritten: number;
  /** R2 calls by class; deletions are free. */
  classA: number;
  classB: number;
  free: number;
  /** Durable Object calls. */
  objects: number;
}

/** The metered bindings, by their names in wrangler.toml. */
export interface MeteredBindings {
  DB: D1Database;
  BODIES: R2Bucket;
  USERS: DurableObjectNamespace<never>;
  PASSWORDS: DurableObjectNamespace<never>;
  MODULES: DurableObjectNamespace<never>;
}

export interface Meter {
  readonly counts: Counts;
  /** Also counts the rows of a Durable Object's storage. */
  watch(storage: DurableObjectStorage): void;
  /** Restores the bindings. */
  stop(): void;
}

/** Counts of zero. */
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
const BUCKET_CALL_CLASSES = {
  get: "classB",
  head: "classB",
  put: "classA",
  list: "classA",
  createMultipartUpload: "classA",
  resumeMultipartUpload: null,
  delete: "free",
} satisfies Partial<Record<keyof R2Bucket, keyof Counts | null>>;

const UPLOAD_CALL_CLASSES = {
  uploadPart: "classA",
  complete: "classA",
  abort: "free",
} satisfies Partial<Record<keyof R2MultipartUpload, keyof Counts>>;

/**
 * Counts until `stop` is called. Changes the bindings in place: the Worker and its Durable Objects share
 * them, so that calls of the objects are counted, too. Only one meter can run at a time. Methods that
 * the meter cannot count throw, so that no call goes uncounted.
 */
export function startMeter(env: MeteredBindings): Meter {
  const counts = noCounts();
  const undo = [
    ...meterDatabase(env.DB, counts),
    ...meterBucket(env.BODIES, counts),
    ...meterObjects(env.USERS, counts),
    ...meterObjects(env.PASSWORDS, counts),
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
  const countRows = ({ meta }: D1Result) => {
    counts.rowsRead += meta.rows_read;
    counts.rowsWritten += meta.rows_written;
  };
  const countTrip = (statements: number) => {
    counts.trips++;
    counts.queries += statements;
  };
  // All statements have the same prototype.
  const statement: D1PreparedStatement = Object.getPrototypeOf(db.prepare("SELECT 1"));
  const counted = (original: Method) =>
    async function (this: D1PreparedStatement, ...args: unknown[]) {
      countTrip(1);
      const result = (await original.apply(this, args)) as D1Result<Row>;
      countRows(result);
      return result;
    };
  return [
    replace(statement, "all", counted),
    replace(statement, "run", counted),
    // These two report no rows, so they are run as all().
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
      countTrip(statements.length);
      const results = (await original.call(db, statements)) as D1Result[];
      for (const result of results) countRows(result);
      return results;
    }),
    ...forbid(db, ["exec", "withSession"]),
  ];
}

function meterBucket(bucket: R2Bucket, counts: Counts): Undo[] {
  const meterUpload = (upload: R2MultipartUpload) => {
    for (const [method, kind] of entries(UPLOAD_CALL_CLASSES)) {
      replace(upload, method, (original) => (...args: unknown[]) => {
        counts[kind]++;
        return original.apply(upload, args);
      });
    }
    return upload;
  };
  return entries(BUCKET_CALL_CLASSES).map(([method, kind]) =>
    replace(bucket, method, (original) => (...args: unknown[]) => {
      if (kind) counts[kind]++;
      const result = original.apply(bucket, args);
      if (method === "resumeMultipartUpload") return meterUpload(result as R2MultipartUpload);
      if (method !== "createMultipartUpload") return result;
      return (result as Promise<R2MultipartUpload>).then(meterUpload);
    }),
  );
}

/** Each method call on a stub is billed as one request. */
function meterObjects(namespace: MeteredBindings["USERS"], counts: Counts): Undo[] {
  const meterStub = (stub: object) =>
    new Proxy(stub, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          counts.objects++;
          // Not `apply`: on a stub, every property is a remote method.
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

/** developers.cloudflare.com/durable-objects/platform/pricing: key-value entries and alarms are rows, too. */
function meterStorage(storage: DurableObjectStorage, counts: Counts, atStop: Undo[]): Undo[] {
  const counted =
    (kind: "rowsRead" | "rowsWritten", target: object, original: Method) =>
    (...args: unknown[]) => {
      counts[kind]++;
      return original.apply(target, args);
    };
  const { kv, sql } = storage;
  return [
    replace(storage, "setAlarm", (original) => counted("rowsWritten", storage, original)),
    replace(kv, "get", (original) => counted("rowsRead", kv, original)),
    replace(kv, "put", (original) => counted("rowsWritten", kv, original)),
    replace(kv, "delete", (original) => counted("rowsWritten", kv, original)),
    replace(sql, "exec", (original) => (...args: unknown[]) => {
      const cursor = original.apply(sql, args) as SqlStorageCursor<Record<string, SqlStorageValue>>;
      // The cursor knows its rows once it has been read.
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
    ...forbid(storage, ["get", "put", "delete", "list"]),
  ];
}

type Undo = () => void;
type Row = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: stands for any method of any binding.
type Method = (...args: any[]) => unknown;

/** Replaces a method by what `make` returns. The returned function restores it. */
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

const forbid = <Target extends object>(target: Target, methods: (keyof Target & string)[]) =>
  methods.map((method) =>
    replace(target, method, () => () => {
      throw new Error(`The meter cannot count ${method}().`);
    }),
  );

const entries = <T extends object>(table: T) => Object.entries(table) as [keyof T, T[keyof T]][];
