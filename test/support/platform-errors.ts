/** The errors with which Cloudflare's platform answers calls to D1, R2 and the Durable Objects. */

/** What the Worker calls. */
export type Binding = "DB" | "BODIES" | "USERS" | "PASSWORDS" | "MODULES";

/** What D1 refuses because of the provider's plan. */
export type PlanFault = "day" | "space" | "length";

/** How a call fails. */
export type PlatformError = "lost" | "overloaded" | "reset" | "broken" | PlanFault;

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
export const PLATFORM_ERRORS: Record<
  Binding,
  Record<PlatformError, [message: string, flags?: object]>
> = {
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
