/** The events that an account's activity log records, as they are stored. */

import { randomId } from "../core/secrets";

/** How a user authenticated (cf. RFC 8176, "amr"). */
export type AuthMethod = "password" | "passkey" | "recovery-code" | "link";

/** Why requests of an app were refused, as far as it concerns the user. */
export type RefusalReason = "scope" | "quota" | "size" | "rate" | "name" | "request";

/** What a task does with the user's documents: the kinds of `TaskSpec` in `storage/tasks/task.ts`. */
export type TaskKind = "delete" | "move" | "restore" | "go-back" | "undo" | "free";

/** How an account lost a domain: removed by its user or an administrator, taken over, or not proved any more. */
export type DomainLoss = "removed" | "administrator" | "taken" | "unproved";

/**
 * An event as it is stored in the log. `app` is an origin, or the label of an app without one.
 */
export type ActivityEvent =
  | { kind: "sign-up"; way: AuthMethod }
  | { kind: "sign-in"; way: AuthMethod; device: string | null; country: string | null }
  | { kind: "session-ended"; device: string | null }
  | { kind: "sign-out-everywhere" }
  | { kind: "password-set" }
  | { kind: "password-removed" }
  | { kind: "passkey-added"; name: string }
  | { kind: "passkey-renamed"; name: string }
  | { kind: "passkey-removed"; name: string }
  | { kind: "recovery-codes-made" }
  | { kind: "email-set"; email: string }
  | { kind: "email-removed" }
  | { kind: "profile-changed" }
  | { kind: "app-allowed"; app: string; scope: string }
  | { kind: "app-changed"; app: string; scope: string }
  | { kind: "app-disconnected"; app: string }
  | { kind: "app-ended"; app: string; why: "replay" | "revoked" }
  | { kind: "app-refused"; app: string; why: RefusalReason }
  | { kind: "all-disconnected" }
  | { kind: "token-made"; app: string; scope: string }
  | { kind: "export" }
  | { kind: "import" }
  | { kind: "database-deleted"; module: string; name: string }
  | { kind: "task-started"; task: TaskKind; path: string }
  | { kind: "move-in"; from: string }
  | { kind: "files-edited"; module: string }
  | { kind: "files-uploaded"; module: string }
  | { kind: "domain-added"; host: string }
  | { kind: "domain-failing"; host: string }
  | { kind: "domain-lost"; host: string; why: DomainLoss }
  | { kind: "suspended" }
  | { kind: "resumed" }
  | { kind: "quota-changed"; quotaBytes: number | null }
  | { kind: "reset-link-made" };

/** An entry of the log: an event and its time (milliseconds since 1970). */
export interface ActivityEntry {
  at: number;
  id: string;
  event: ActivityEvent;
}

/** An entry for an event that happens now, with a new id. */
export const newActivityEntry = (event: ActivityEvent, now: number): ActivityEntry => ({
  at: now,
  id: randomId(),
  event,
});
