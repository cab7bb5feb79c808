/** A user's consent: what they have just allowed an app. */

import type { Account } from "../accounts/accounts";
import { activityStatement } from "../accounts/activity";
import type { RedirectUri } from "./redirect-uri";

/** What a user has allowed an app, before there is a grant. */
export interface Consent {
  account: Account;
  redirectUri: RedirectUri;
  /** A scope parameter. */
  scope: string;
  /** Milliseconds since 1970; null: until the app is disconnected. */
  expiresAt: number | null;
}

/** Records a consent in the user's activity log; for the batch that stores it. */
export const consentActivity = (
  db: D1Database,
  { account, redirectUri, scope }: Consent,
  now: number,
): D1PreparedStatement =>
  activityStatement(db, account.id, { kind: "app-allowed", app: redirectUri.origin, scope }, now);
