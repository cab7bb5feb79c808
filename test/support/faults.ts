/** Breaks the connections to D1, R2 and the objects at a chosen call. */

import { env } from "cloudflare:workers";
import { vi } from "vitest";

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
  const waiting = [...faults];
  return surround(target, method, async (make, args) => {
    if (!isMeant(...args)) return make();
    const fault = waiting.shift();
    if (fault === "refused") throw new Error("Network connection lost.");
    const answer = await make();
    if (fault === "lost") throw new Error("Network connection lost.");
    return answer;
  });
}

/** Breaks the next commits, whoever makes them, on their way to D1. */
export const breakCommits = (faults: (Fault | undefined)[]): (() => void) =>
  breakCalls(env.DB, "batch", faults, (statements) =>
    (statements as { statement: string }[]).some(({ statement }) => statement.includes("fenced")),
  );

type Binding = "DB" | "BODIES" | "USERS" | "MODULES";

/** How the platform says that it has a fault, in its own words. */
type Trouble = "lost" | "overloaded" | "reset" | "broken";

const OBJECT_WORDS: Record<Trouble, [message: string, flags?: object]> = {
  lost: ["Network connection lost.", { retryable: true }],
  overloaded: [
    "Durable Object is overloaded. Requests queued for too long.",
    { overloaded: true, retryable: true },
  ],
  reset: [
    "Durable Object reset because its code was updated.",
    { durableObjectReset: true, retryable: true },
  ],
  broken: ["The object threw."],
};

const WORDS: Record<Binding, Record<Trouble, [message: string, flags?: object]>> = {
  DB: {
    lost: ["D1_ERROR: Network connection lost."],
    overloaded: ["D1_ERROR: D1 DB is overloaded. Requests queued for too long."],
    reset: ["D1_ERROR: Internal error in D1 DB storage caused object to be reset."],
    broken: ["D1_ERROR: no such table: nodes: SQLITE_ERROR"],
  },
  BODIES: {
    lost: ["Network connection lost."],
    overloaded: ["put: Reduce your concurrent request rate for the same object. (10058)"],
    reset: ["put: We encountered an internal error. Please try again. (10001)"],
    broken: ["put: Unauthorized (10002)"],
  },
  USERS: OBJECT_WORDS,
  MODULES: OBJECT_WORDS,
};

/** What happens to the calls of a request. */
export interface Cut {
  /** How many calls go well before the first that is cut. */
  at: number;
  trouble: Trouble | "slow" | "silent";
  /**
   * Whether a call that is cut has its effect all the same. Of one that is `silent`: whether it has
   * it later, when `arrive` says so.
   */
  isMade?: boolean;
  /** Whether all later calls of the same binding are cut too. */
  lasts?: boolean;
}

/** What there was to see of a request whose calls were cut. */
export interface Cutting<T> {
  result: T;
  /** Every call that was tried, cut or not, such as "DB.batch". */
  calls: string[];
  /** Of each pause between two tries, milliseconds. Nobody had to wait for them. */
  pauses: number[];
  /** Makes the silent calls, long after whoever made them has given up. */
  arrive(): Promise<void>;
}

/**
 * Acts while the calls that this causes are cut, in the Worker and in the users' objects. Resolves
 * when the last of them has ended too. Only one at a time.
 */
export async function cutting<T>(cut: Cut | null, act: () => Promise<T>): Promise<Cutting<T>> {
  const calls: string[] = [];
  const pauses: number[] = [];
  const arriving: (() => Promise<unknown>)[] = [];
  const running = new Set<Promise<unknown>>();
  let cutBinding: Binding | null = null;
  const hung = rejectLater("The request waits for ever.");
  const time = flyingTime();
  const mend = surroundCalls(async (binding, method, make) => {
    const index = calls.push(`${binding}.${method}`) - 1;
    const run = () => {
      const call = make();
      running.add(call);
      call.catch(() => {}).finally(() => running.delete(call));
      return call;
    };
    if (index === cut?.at) cutBinding = binding;
    const isCut = index === cut?.at || (cut?.lasts && binding === cutBinding);
    if (!cut || !isCut) return run();
    if (cut.trouble === "slow") {
      await aTurn();
      return run();
    }
    if (cut.trouble === "silent") {
      if (cut.isMade) arriving.push(make);
      time.fly();
      return new Promise(() => {});
    }
    if (cut.isMade) await run();
    const [message, flags] = WORDS[binding][cut.trouble];
    throw Object.assign(new Error(message), flags);
  });
  const wait = vi.spyOn(scheduler, "wait").mockImplementation(async (milliseconds) => {
    pauses.push(milliseconds);
  });
  try {
    const result = await Promise.race([act(), hung]);
    while (running.size > 0) await Promise.allSettled(running);
    const arrive = async () => {
      for (const make of arriving.splice(0)) await make().catch(() => {});
    };
    return { result, calls, pauses, arrive };
  } finally {
    time.land();
    wait.mockRestore();
    mend();
  }
}

/** Time that can be made to fly for those who wait for a second or longer. */
function flyingTime(): { fly(): void; land(): void } {
  const original = globalThis.setTimeout;
  const waiting: (() => void)[] = [];
  let isFlying = false;
  const timer = vi.spyOn(globalThis, "setTimeout").mockImplementation(((
    callback: () => void,
    milliseconds = 0,
  ) => {
    if (milliseconds < 1000) return original(callback, milliseconds);
    if (isFlying) return original(callback, milliseconds / 100);
    waiting.push(callback);
    return original(callback, milliseconds);
  }) as typeof setTimeout);
  return {
    fly: () => {
      isFlying = true;
      for (const callback of waiting.splice(0)) original(callback, 50);
    },
    land: () => timer.mockRestore(),
  };
}

/** Far beyond what a request may wait, as time flies for those that could wait for long. */
const HUNG_AFTER_MS = 15_000;

function rejectLater(message: string): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  setTimeout(() => reject(new Error(message)), HUNG_AFTER_MS);
  promise.catch(() => {});
  return promise;
}

const aTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

type Around = (binding: Binding, method: string, make: () => Promise<unknown>) => Promise<unknown>;

/** Lets `around` decide about every call of a binding, until the returned function is called. */
function surroundCalls(around: Around): () => void {
  const calls = (binding: Binding, target: object, methods: string[]): (() => void)[] =>
    methods.map((method) =>
      surround(target, method, (make) => around(binding, method, make as () => Promise<unknown>)),
    );
  const statement = (target: object): object => {
    calls("DB", target, ["first", "all", "run", "raw"]);
    surround(target, "bind", (bind) => statement(bind() as object));
    return target;
  };
  const upload = (target: object): object => {
    calls("BODIES", target, ["uploadPart", "complete", "abort"]);
    return target;
  };
  const objects = (binding: "USERS" | "MODULES", methods: string[]): (() => void) =>
    surround(env[binding], "getByName", (get) => {
      const stub = get() as Record<string, (...args: unknown[]) => Promise<unknown>>;
      // Not the stub itself: a property of it would be taken for a method of the object.
      return Object.fromEntries(
        methods.map((method) => [
          method,
          (...args: unknown[]) => around(binding, method, async () => stub[method]?.(...args)),
        ]),
      );
    });
  const mends = [
    ...calls("DB", env.DB, ["batch", "exec"]),
    surround(env.DB, "prepare", (prepare) => statement(prepare() as object)),
    ...calls("BODIES", env.BODIES, ["get", "head", "put", "delete", "list"]),
    surround(env.BODIES, "createMultipartUpload", async (create) =>
      upload(
        (await around(
          "BODIES",
          "createMultipartUpload",
          create as () => Promise<object>,
        )) as object,
      ),
    ),
    surround(env.BODIES, "resumeMultipartUpload", (resume) => upload(resume() as object)),
    objects("USERS", ["commit", "noteUpload", "hashPassword", "checkPassword", "erase", "ping"]),
    objects("MODULES", ["inventory", "deleteDatabase", "recheck", "erase", "fetch"]),
  ];
  return () => {
    for (const mend of mends) mend();
  };
}

/** Lets `around` decide about the calls of a method, until the returned function is called. */
function surround(
  target: object,
  method: string,
  around: (make: () => unknown, args: unknown[]) => unknown,
): () => void {
  const original = Reflect.get(target, method) as (...args: unknown[]) => unknown;
  Object.defineProperty(target, method, {
    configurable: true,
    value: (...args: unknown[]) => around(() => original.apply(target, args), args),
  });
  return () => Reflect.deleteProperty(target, method);
}
