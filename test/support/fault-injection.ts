/** Injects faults into the calls to D1, R2 and the Durable Objects. */

import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { waitUntilEmpty, withDeadline } from "./deadline";
import { type Binding, PLATFORM_ERRORS, type PlatformError } from "./platform-errors";

/** What happens to a call: it is not made (`refused`), or it is, but its answer is `lost`. */
export type BrokenCall = "refused" | "lost";

/**
 * Breaks the next calls of `target[method]` that match, one after the other; undefined lets a call
 * through. Returns a function that restores the method, with the faults that were not used.
 */
export function breakCalls<Target extends object>(
  target: Target,
  method: keyof Target & string,
  faults: (BrokenCall | undefined)[],
  matches: (...args: unknown[]) => boolean = () => true,
): () => void {
  const remaining = [...faults];
  return interceptMethod(target, method, async (call, args) => {
    if (!matches(...args)) return call();
    const fault = remaining.shift();
    if (fault === "refused") throw new Error("Network connection lost.");
    const answer = await call();
    if (fault === "lost") throw new Error("Network connection lost.");
    return answer;
  });
}

/** Breaks the next commits on their way to D1. */
export const breakCommits = (faults: (BrokenCall | undefined)[]): (() => void) =>
  breakCalls(env.DB, "batch", faults, (statements) =>
    (statements as { statement: string }[]).some(({ statement }) => statement.includes("fenced")),
  );

/** A fault in the calls that a request causes. */
export interface Fault {
  /** How many calls succeed before it. */
  at: number;
  /** `slow`: the call is made later; `silent`: it is never answered. */
  kind: PlatformError | "slow" | "silent";
  /**
   * Whether the call takes effect all the same. That of a `silent` call takes effect when
   * `deliverLate` is called.
   */
  takesEffect?: boolean;
  /** Whether all later calls of the same binding fail too. */
  isPermanent?: boolean;
}

/** A call that was attempted, failed or not. */
export interface SeenCall {
  /** Such as "DB.batch". */
  name: string;
  /** It changes nothing, for certain. */
  isRead: boolean;
  /** No other call was made between it and its answer. */
  isAlone: boolean;
}

/** What was observed while calls failed. */
export interface FaultyRun<T> {
  result: T;
  /** The names of all calls that were attempted, such as "DB.batch". */
  calls: string[];
  /** The same calls. */
  seenCalls: SeenCall[];
  /** The pauses between retries, in milliseconds. They were skipped. */
  pauses: number[];
  /** Makes the silent calls, long after their callers have stopped waiting. */
  deliverLate(): Promise<void>;
}

/**
 * Runs an action while the calls that it causes fail, in the Worker and in the users' objects.
 * Resolves when the last of the calls has ended too. Only one at a time.
 */
export async function withFault<T>(
  fault: Fault | null,
  action: () => Promise<T>,
): Promise<FaultyRun<T>> {
  const seenCalls: SeenCall[] = [];
  const pauses: number[] = [];
  const undelivered: (() => Promise<unknown>)[] = [];
  /** The calls that have not been answered yet. */
  const running = new Map<() => Promise<unknown>, SeenCall>();
  let faultyBinding: Binding | null = null;
  const time = skippableTime();
  const restore = interceptCalls(async (binding, method, makeCall, isRead) => {
    const seen = { name: `${binding}.${method}`, isRead, isAlone: running.size === 0 };
    const index = seenCalls.push(seen) - 1;
    for (const other of running.values()) other.isAlone = false;
    const run = async (call = makeCall) => {
      running.set(call, seen);
      try {
        return await call();
      } finally {
        running.delete(call);
      }
    };
    if (index === fault?.at) faultyBinding = binding;
    const fails = index === fault?.at || (fault?.isPermanent && binding === faultyBinding);
    if (!fault || !fails) return run();
    if (fault.kind === "slow") return run(() => nextTask().then(makeCall));
    if (fault.kind === "silent") {
      if (fault.takesEffect) undelivered.push(makeCall);
      time.skip();
      return new Promise(() => {});
    }
    if (fault.takesEffect) await run();
    const [message, flags] = PLATFORM_ERRORS[binding][fault.kind];
    throw Object.assign(new Error(message), flags);
  });
  const wait = vi.spyOn(scheduler, "wait").mockImplementation(async (milliseconds) => {
    pauses.push(milliseconds);
  });
  // Each warning has a stack, and would go through the process of Vitest: there are several for each fault.
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const result = await withDeadline("What a fault was injected into", action());
    await waitUntilEmpty(running);
    const deliverLate = async () => {
      for (const makeCall of undelivered.splice(0)) await makeCall().catch(() => {});
    };
    const calls = seenCalls.map(({ name }) => name);
    return { result, calls, seenCalls, pauses, deliverLate };
  } finally {
    time.restore();
    wait.mockRestore();
    warn.mockRestore();
    restore();
  }
}

/** Timers of a second or longer can be made to fire early: `skip`. */
function skippableTime(): { skip(): void; restore(): void } {
  const original = globalThis.setTimeout;
  const waiting: (() => void)[] = [];
  let isSkipping = false;
  const timer = vi.spyOn(globalThis, "setTimeout").mockImplementation(((
    callback: () => void,
    milliseconds = 0,
  ) => {
    if (milliseconds < 1000) return original(callback, milliseconds);
    if (isSkipping) return original(callback, milliseconds / 100);
    waiting.push(callback);
    return original(callback, milliseconds);
  }) as typeof setTimeout);
  return {
    skip: () => {
      isSkipping = true;
      for (const callback of waiting.splice(0)) original(callback, 50);
    },
    restore: () => timer.mockRestore(),
  };
}

const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export type CallInterceptor = (
  binding: Binding,
  method: string,
  makeCall: () => Promise<unknown>,
  /** Whether the call changes nothing, for certain. */
  isRead: boolean,
) => Promise<unknown>;

/** Passes every call to D1, R2 and the objects to `intercept`, until the returned function is called. */
export function interceptCalls(intercept: CallInterceptor): () => void {
  const methodsOf = (
    binding: Binding,
    target: object,
    methods: string[],
    isRead: (args: unknown[]) => boolean = () => false,
  ): (() => void)[] =>
    methods.map((method) =>
      interceptMethod(target, method, (call, args) =>
        intercept(binding, method, call as () => Promise<unknown>, isRead(args)),
      ),
    );
  const statement = (target: object, sql: string): object => {
    methodsOf("DB", target, ["first", "all", "run", "raw"], () => isQuery(sql));
    interceptMethod(target, "bind", (bind) => statement(bind() as object, sql));
    return target;
  };
  const upload = (target: object): object => {
    methodsOf("BODIES", target, ["uploadPart", "complete", "abort"]);
    return target;
  };
  const objects = (binding: "USERS" | "PASSWORDS" | "MODULES", methods: string[]): (() => void) =>
    interceptMethod(env[binding], "getByName", (getByName) => {
      const stub = getByName() as Record<string, (...args: unknown[]) => Promise<unknown>>;
      // Not the stub itself: a property of it would be taken for a method of the object.
      return Object.fromEntries(
        methods.map((method) => [
          method,
          (...args: unknown[]) =>
            intercept(binding, method, async () => stub[method]?.(...args), false),
        ]),
      );
    });
  const restores = [
    ...methodsOf("DB", env.DB, ["batch"], ([statements]) => areQueries(statements)),
    ...methodsOf("DB", env.DB, ["exec"]),
    interceptMethod(env.DB, "prepare", (prepare, [sql]) =>
      statement(prepare() as object, String(sql)),
    ),
    ...methodsOf("BODIES", env.BODIES, ["get", "head", "list"], () => true),
    ...methodsOf("BODIES", env.BODIES, ["put", "delete"]),
    interceptMethod(env.BODIES, "createMultipartUpload", async (create) =>
      upload(
        (await intercept(
          "BODIES",
          "createMultipartUpload",
          create as () => Promise<object>,
          false,
        )) as object,
      ),
    ),
    interceptMethod(env.BODIES, "resumeMultipartUpload", (resume) => upload(resume() as object)),
    objects("USERS", USER_OBJECT_METHODS),
    objects("PASSWORDS", ["recordAttempt", "forgetFailures", "hash", "verify"]),
    objects("MODULES", [
      "inventory",
      "deleteDatabase",
      "recheck",
      "erase",
      "fetch",
      "transfer",
      "restore",
    ]),
  ];
  return () => {
    for (const restore of restores) restore();
  };
}

const isQuery = (sql: string): boolean =>
  /^\s*(SELECT|WITH)\b/i.test(sql) && !/\b(INSERT|REPLACE|UPDATE|DELETE)\b/i.test(sql);

const areQueries = (statements: unknown): boolean =>
  (statements as { statement: string }[]).every(({ statement }) => isQuery(statement));

/** What the Worker calls in the object of a user. */
const USER_OBJECT_METHODS = [
  "beginMoveInSignIn",
  "changeTimes",
  "commit",
  "controlMoveIn",
  "controlTask",
  "deletions",
  "deletionsByModule",
  "documentFacts",
  "erase",
  "findTaskEntries",
  "getMoveIn",
  "getTask",
  "historySize",
  "listTasks",
  "moveInReport",
  "noteUpload",
  "openLiveSession",
  "ping",
  "recheck",
  "startMoveIn",
  "startTask",
  "takeMoveInSignIn",
];

/** Passes the calls of a method to `intercept`, until the returned function is called. */
function interceptMethod(
  target: object,
  method: string,
  intercept: (call: () => unknown, args: unknown[]) => unknown,
): () => void {
  const original = Reflect.get(target, method) as (...args: unknown[]) => unknown;
  Object.defineProperty(target, method, {
    configurable: true,
    value: (...args: unknown[]) => intercept(() => original.apply(target, args), args),
  });
  return () => Reflect.deleteProperty(target, method);
}
