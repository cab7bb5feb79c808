/** Measures what is sent to D1, and what it returns. */

import { env } from "cloudflare:workers";

/** What D1 was sent while an action ran, and what it has returned. */
interface SentToD1<T> {
  result: T;
  /** Bytes of each batch, and of each statement that was sent alone: its text and its parameters. */
  calls: number[];
  /** Bytes of all rows that were returned, as JSON. */
  returned: number;
}

/** Runs an action, and measures what the Worker and its objects send to D1 meanwhile. */
export async function measureBytesToD1<T>(action: () => Promise<T>): Promise<SentToD1<T>> {
  const calls: number[] = [];
  let returned = 0;
  const measureResult = (result: unknown) => {
    returned += jsonBytes(rowsOf(result));
    return result;
  };
  const statement: D1PreparedStatement = Object.getPrototypeOf(env.DB.prepare("SELECT 1"));
  const originals = ["all", "run", "first", "raw"].map((method) => [
    method,
    Reflect.get(statement, method),
  ]);
  for (const [method, original] of originals) {
    Object.assign(statement, {
      [method](this: D1PreparedStatement, ...args: unknown[]) {
        calls.push(bytesOf(this));
        return original.apply(this, args).then(measureResult);
      },
    });
  }
  Object.defineProperty(env.DB, "batch", {
    configurable: true,
    value: (statements: D1PreparedStatement[]) => {
      calls.push(statements.reduce((sum, one) => sum + bytesOf(one), 0));
      return Object.getPrototypeOf(env.DB).batch.call(env.DB, statements).then(measureResult);
    },
  });
  try {
    return { result: await action(), calls, returned };
  } finally {
    for (const [method, original] of originals) Object.assign(statement, { [method]: original });
    Reflect.deleteProperty(env.DB, "batch");
  }
}

/** As D1 gets it: JSON in UTF-8, in which a control character takes six bytes. */
function bytesOf(statement: D1PreparedStatement): number {
  const { statement: sql, params } = statement as unknown as {
    statement: string;
    params: unknown[];
  };
  return jsonBytes({ sql, params });
}

/** The rows in what any method of D1 returns. */
function rowsOf(result: unknown): unknown {
  if (!Array.isArray(result)) return (result as Partial<D1Result> | null)?.results ?? result;
  return result.map(rowsOf);
}

const jsonBytes = (value: unknown): number =>
  new TextEncoder().encode(JSON.stringify(value)).byteLength;
