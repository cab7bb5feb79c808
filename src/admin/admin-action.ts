/** What an administrator can do, as the audit log records it. */

import type { TimeCursor } from "../ui/paging";

/** What an administrator did. Actions on an account are logged together with its name. */
export type AdminAction =
  | { kind: "set-up" }
  | { kind: "suspended" }
  | { kind: "resumed" }
  | { kind: "quota-changed"; quotaBytes: number | null }
  | { kind: "reset-link-made" }
  | { kind: "administrator-made" }
  | { kind: "administrator-unmade" }
  | { kind: "account-deleted" }
  | {
      kind: "invitation-made";
      note: string;
      maxUses: number;
      quotaBytes: number | null;
      isAdmin: boolean;
    }
  | { kind: "invitation-revoked"; note: string };

/** An action, the administrator who performed it and the account it concerns. */
export interface AuditLogEntry extends TimeCursor {
  /** Name of the administrator. */
  admin: string;
  /** Name of the account; null for actions without one. */
  account: string | null;
  action: AdminAction;
}
