/** Injects faults into the calls to D1, R2 and the Durable Objects. */

import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { waitUntilEmpty, withDeadline } from "./deadline";

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

type Binding = "DB" | "BODIES" | "USERS" | "PASSWORDS" | "MODULES";

/** What D1 refuses because of the provider's plan. */
export type PlanFault = "day" | "space" | "length";

type PlatformError = "lost" | "overloaded" | "reset" | "broken" | PlanFault;

const PLAN_ERRORS: Record<PlanFault, [message: string]> = {
  day: [
    "D1_ERROR: Your account has exceeded D1's free tier daily row read limit. Upgrade to a paid plan or wait until tomorrow (midnight UTC) to continue.",
  ],
  space: ["D1_ERROR: Exceeded maximum DB size"],
  length: ["D1_ERROR: statement too long: SQLITE_TOOBIG"],
};

const OBJECT_ERRORS: Record<PlatformError, [message: string, flags?: object]> = {
  ...PLAN_ERRORS,
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

/** The platform's own messages. */
const PLATFORM_ERRORS: Record<Binding, Record<PlatformError, [message: string, flags?: object]>> = {
  DB: {
    ...PLAN_ERRORS,
    lost: ["D1_ERROR: Network connection lost."],
    overloaded: ["D1_ERROR: D1 DB is overloaded. Requests queued for too long."],
    reset: ["D1_ERROR: Internal error in D1 DB storage caused object to be reset."],
    broken: ["D1_ERROR: no such table: nodes: SQLITE_ERROR"],
  },
  BODIES: {
    ...PLAN_ERRORS,
    lost: ["Network connection lost."],
    overloaded: ["put: Reduce your concurrent request rate for the same object. (10058)"],
    reset: ["put: We encountered an internal error. Please try again. (10001)"],
    broken: ["put: Unauthorized (10002)"],
  },
  USERS: OBJECT_ERRORS,
  PASSWORDS: OBJECT_ERRORS,
  MODULES: OBJECT_ERRORS,
};

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

/** What was observed while calls failed. */
export interface FaultyRun<T> {
  result: T;
  /** Every call that was attempted, failed or not, such as "DB.batch". */
  calls: string[];
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
  const calls: string[] = [];
  const pauses: number[] = [];
  const undelivered: (() => Promise<unknown>)[] = [];
  /** The names of the calls that have not been answered yet. */
  const running = new Map<() => Promise<unknown>, string>();
  let faultyBinding: Binding | null = null;
  const time = skippableTime();
  const restore = interceptCalls(async (binding, method, makeCall) => {
    const name = `${binding}.${method}`;
    const index = calls.push(name) - 1;
    const run = async (call = makeCall) => {
      running.set(call, name);
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
  try {
    const result = await withDeadline("What a fault was injected into", action());
    await waitUntilEmpty(running);
    const deliverLate = async () => {
      for (const makeCall of undelivered.splice(0)) await makeCall().catch(() => {});
    };
    return { result, calls, pauses, deliverLate };
  } finally {
    time.restore();
    wait.mockRestore();
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
) => Promise<unknown>;

/** Passes every call to D1, R2 and the objects to `intercept`, until the returned function is called. */
export function interceptCalls(intercept: CallInterceptor): () => void {
  const methodsOf = (binding: Binding, target: object, methods: string[]): (() => void)[] =>
    methods.map((method) =>
      interceptMethod(target, method, (call) =>
        intercept(binding, method, call as () => Promise<unknown>),
      ),
    );
  const statement = (target: object): object => {
    methodsOf("DB", target, ["first", "all", "run", "raw"]);
    interceptMethod(target, "bind", (bind) => statement(bind() as object));
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
          (...args: unknown[]) => intercept(binding, method, async () => stub[method]?.(...args)),
        ]),
      );
    });
  const restores = [
    ...methodsOf("DB", env.DB, ["batch", "exec"]),
    interceptMethod(env.DB, "prepare", (prepare) => statement(prepare() as object)),
    ...methodsOf("BODIES", env.BODIES, ["get", "head", "put", "delete", "list"]),
    interceptMethod(env.BODIES, "createMultipartUpload", async (create) =>
      upload(
        (await intercept(
          "BODIES",
          "createMultipartUpload",
          create as () => Promise<object>,
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
