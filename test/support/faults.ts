/** Breaks the connection to a binding at a chosen call: before it was made, or after. */

import { env } from "cloudflare:workers";

/** What happens to a call. `lost`: it is made, but its answer never arrives. */
export type Fault = "refused" | "lost";

/**
 * Breaks the next calls of `target[method]` that are meant, one fault each; undefined lets a call
 * through. Returns what mends it, with the faults that no call has met.
 */
export function breakCalls<Target extends object>(
  target: Target,
  method: keyof Target & string,
  faults: (Fault | undefined)[],
  isMeant: (...args: unknown[]) => boolean = () => true,
): () => void {
  const original = target[method] as (...args: unknown[]) => Promise<unknown>;
  const waiting = [...faults];
  Object.defineProperty(target, method, {
    configurable: true,
    value: async (...args: unknown[]) => {
      if (!isMeant(...args)) return original.apply(target, args);
      const fault = waiting.shift();
      if (fault === "refused") throw new Error("Network connection lost.");
      const answer = await original.apply(target, args);
      if (fault === "lost") throw new Error("Network connection lost.");
      return answer;
    },
  });
  return () => Reflect.deleteProperty(target, method);
}

/** Breaks the next commits, whoever makes them, on their way to D1. */
export const breakCommits = (faults: (Fault | undefined)[]): (() => void) =>
  breakCalls(env.DB, "batch", faults, (statements) =>
    (statements as { statement: string }[]).some(({ statement }) => statement.includes("fenced")),
  );
