/** Measures what is sent to D1. */

import { env } from "cloudflare:workers";

/** What D1 was sent while an action ran. */
interface SentToD1<T> {
  result: T;
  /** Bytes of each batch, and of each statement that was sent alone: its text and its parameters. */
  calls: number[];
}

/** Runs an action, and measures what the Worker and its objects send to D1 meanwhile. */
export async function measureBytesToD1<T>(action: () => Promise<T>): Promise<SentToD1<T>> {
  const calls: number[] = [];
  const statement: D1PreparedStatement = Object.getPrototypeOf(env.DB.prepare("SELECT 1"));
  const originals = ["all", "run", "first", "raw"].map((method) => [
    method,
    Reflect.get(statement, method),
  ]);
  for (const [method, original] of originals) {
    Object.assign(statement, {
      [method](this: D1PreparedStatement, ...args: unknown[]) {
        calls.push(bytesOf(this));
        return original.apply(this, args);
      },
    });
  }
  Object.defineProperty(env.DB, "batch", {
    configurable: true,
    value: (statements: D1PreparedStatement[]) => {
      calls.push(statements.reduce((sum, one) => sum + bytesOf(one), 0));
      return Object.getPrototypeOf(env.DB).batch.call(env.DB, statements);
    },
  });
  try {
    return { result: await action(), calls };
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
  return new TextEncoder().encode(JSON.stringify({ sql, params })).byteLength;
}
