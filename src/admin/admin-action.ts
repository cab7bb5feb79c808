/** The actions of administrators, as the audit log records them. */

import type { TimeCursor } from "../ui/paging";

/** An action, as it is stored in the log. Those on an account are stored together with its name. */
export type AdminAction =
  | { kind: "set-up" }
  | { kind: "suspended" }
  | { kind: "resumed" }
  | { kind: "quota-changed"; quotaBytes: number | null }
  | { kind: "reset-link-made" }
  | { kind: "administrator-made" }
  | { kind: "administrator-unmade" }
  | { kind: "account-deleted" }
  | { kind: "domain-removed"; host: string }
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
