/** A result of D1 that arrives late, in a test that says when. */

import { env } from "cloudflare:workers";

/** A result that is held back. */
export interface DelayedResult {
  /** Resolves when D1 has returned it. */
  held: () => Promise<void>;
  /** Lets it through. */
  release: () => void;
  /** How many results of the kind D1 has returned. */
  count: () => number;
}

/**
 * Holds back one result of `all()` of statements that contain `sql`, after `skip` others. Undo it with
 * `stopDelaying`.
 */
export function delayResult(sql: string, skip = 0): DelayedResult {
  let results = 0;
  let isReleased = false;
  const prepare = env.DB.prepare.bind(env.DB);
  const delay = (statement: D1PreparedStatement): D1PreparedStatement => {
    const { bind, all } = statement;
    Object.defineProperty(statement, "bind", {
      configurable: true,
      value: (...values: unknown[]) => delay(bind.apply(statement, values)),
    });
    Object.defineProperty(statement, "all", {
      configurable: true,
      value: async () => {
        const result = await all.call(statement);
        if (results++ === skip) await until(() => isReleased);
        return result;
      },
    });
    return statement;
  };
  Object.defineProperty(env.DB, "prepare", {
    configurable: true,
    value: (text: string) => (text.includes(sql) ? delay(prepare(text)) : prepare(text)),
  });
  return {
    held: () => until(() => results > skip),
    release: () => {
      isReleased = true;
    },
    count: () => results,
  };
}

/** Results arrive as soon as they are there. */
export const stopDelaying = (): void => {
  Reflect.deleteProperty(env.DB, "prepare");
};

/** Polls a condition: a promise cannot be settled across requests or Durable Objects. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
