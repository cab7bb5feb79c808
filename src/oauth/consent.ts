/** The consent of a user to an authorization request. */

import type { Account } from "../accounts/accounts";
import { type ActivityCondition, insertActivity, newActivityEntry } from "../accounts/activity";
import type { AppIdentity } from "./app-identity";
import type { RedirectUri } from "./redirect-uri";

/** What a user has allowed an app, before there is a grant. */
export interface Consent {
  account: Account;
  app: AppIdentity;
  redirectUri: RedirectUri;
  /** A scope parameter. */
  scope: string;
  /** Milliseconds since 1970; null: until the app is disconnected. */
  expiresAt: number | null;
  /** Id of the browser that the app runs in; null: it runs elsewhere. */
  browser: string | null;
}

/** Records a consent in the user's activity log if `isStored`; for the batch that stores it. */
export function consentActivity(
  db: D1Database,
  { account, app, scope }: Consent,
  isStored: ActivityCondition,
  now: number,
): D1PreparedStatement {
  const event = { kind: "app-allowed", app: app.origin, scope } as const;
  return insertActivity(db, account.id, newActivityEntry(event, now), isStored);
}
