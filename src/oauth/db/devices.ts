/** Device authorizations in D1 (RFC 8628). Writes are idempotent, so they are safe to retry. */

import type { ActivityCondition } from "../../accounts/activity";
import { withRetry } from "../../platform/retry";
import { deleteExpiredOfAccount, mayHaveGrantSql } from "./grants";
import { redeemOnce, type Successor } from "./single-use";

/** A device that asks for access. */
export interface DeviceRow {
  /** Hash of its device code. */
  hash: string;
  userCode: string;
  /** What the device calls itself. */
  name: string;
  /** The requested scope. */
  scope: string;
  /** Account of the user who allowed or denied it; null: pending. */
  account: string | null;
  /** Name of that account. */
  user: string | null;
  grantId: string | null;
  /** The granted scope; null with an account: denied. */
  granted: string | null;
  /** Milliseconds since 1970; null: valid until revoked. */
  grantExpiresAt: number | null;
  /** Seconds between two polls. */
  interval: number;
  polledAt: number | null;
  expiresAt: number;
  /** Hash of the refresh token that it was redeemed for; null: not redeemed. */
  successor: string | null;
  /** Key from which that was made; null: not redeemed, or by an earlier release. */
  successorKey: string | null;
}

/** Undecided devices that one client address may have, and devices that there may be in all. */
const MAX_DEVICES_PER_CLIENT = 20;
const MAX_DEVICES = 20_000;

/** How long an expired device is still told so, if it polls. */
const EXPIRED_DEVICE_MS = 60 * 1000;

interface NewDevice
  extends Pick<DeviceRow, "hash" | "userCode" | "name" | "scope" | "interval" | "expiresAt"> {
  /** The client address that asked for it. */
  client: string;
}

/**
 * Inserts a device, and deletes the expired ones. Changes nothing else if its user code is taken, or
 * if there are too many devices, of this client or in all.
 */
export async function insertDevice(
  db: D1Database,
  device: NewDevice,
  now: number,
): Promise<"inserted" | "code-taken" | "too-many"> {
  const { hash, userCode, name, scope, interval, expiresAt, client } = device;
  const results = await withRetry(() =>
    db.batch<{ hash: string }>([
      db.prepare("DELETE FROM devices WHERE expires_at <= ?1").bind(now - EXPIRED_DEVICE_MS),
      db
        .prepare(
          `INSERT INTO devices (hash, user_code, name, scope, interval, expires_at, client)
           SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
           WHERE (SELECT rows FROM row_counts WHERE name = 'devices') < ${MAX_DEVICES}
             AND (SELECT count(*) FROM devices WHERE client = ?7) < ${MAX_DEVICES_PER_CLIENT}
           ON CONFLICT DO NOTHING`,
        )
        .bind(hash, userCode, name, scope, interval, expiresAt, client),
      db.prepare("SELECT hash FROM devices WHERE user_code = ?1").bind(userCode),
    ]),
  );
  const owner = results.at(-1)?.results[0];
  if (owner === undefined) return "too-many";
  return owner.hash === hash ? "inserted" : "code-taken";
}

/** A device by the hash of its device code; null if not found. */
export const loadDevice = (db: D1Database, hash: string): Promise<DeviceRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT d.hash, d.user_code AS userCode, d.name, d.scope, d.account, a.name AS user,
                d.grant_id AS grantId, d.granted, d.grant_expires_at AS grantExpiresAt,
                d.interval, d.polled_at AS polledAt, d.expires_at AS expiresAt, d.successor,
                d.successor_key AS successorKey
         FROM devices d LEFT JOIN accounts a ON a.id = d.account
         WHERE d.hash = ?1`,
      )
      .bind(hash)
      .first<DeviceRow>(),
  );

/** A device by its user code; null if it has expired or the user has decided. */
export const loadPendingDevice = (
  db: D1Database,
  userCode: string,
  now: number,
): Promise<Pick<DeviceRow, "hash" | "name" | "scope"> | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT hash, name, scope FROM devices
         WHERE user_code = ?1 AND account IS NULL AND expires_at > ?2`,
      )
      .bind(userCode, now)
      .first(),
  );

/** A user's decision about a device. */
interface DeviceDecision {
  account: string;
  /** New even for a denial: it tells this decision from another. */
  grantId: string;
  /** The granted scope; null: denied. */
  granted: string | null;
  grantExpiresAt: number | null;
}

/**
 * Records the decision about a pending device, which from then on no longer counts as its client's.
 * Without a change it resolves to `gone` if another decision came first or the device has expired, to
 * `too-many` if the account has as many grants as it may have. `activity` runs in the same batch.
 */
export async function decideDevice(
  db: D1Database,
  hash: string,
  { account, grantId, granted, grantExpiresAt }: DeviceDecision,
  activity: D1PreparedStatement[],
  now: number,
): Promise<"done" | "gone" | "too-many"> {
  const results = await withRetry(() =>
    db.batch<{ grantId: string | null; isPending: 0 | 1 }>([
      ...deleteExpiredOfAccount(db, account, now),
      db
        .prepare(
          `UPDATE devices SET account = ?2, grant_id = ?3, granted = ?4, grant_expires_at = ?5,
                              client = ''
           WHERE hash = ?1 AND account IS NULL AND expires_at > ?6
             AND (?4 IS NULL OR ${mayHaveGrantSql("?2")})`,
        )
        .bind(hash, account, grantId, granted, grantExpiresAt, now),
      ...activity,
      db
        .prepare(
          `SELECT grant_id AS grantId, account IS NULL AND expires_at > ?2 AS isPending
           FROM devices WHERE hash = ?1`,
        )
        .bind(hash, now),
    ]),
  );
  const device = results.at(-1)?.results[0];
  if (device?.grantId === grantId) return "done";
  return device?.isPending === 1 ? "too-many" : "gone";
}

/** Condition of an activity entry: this decision, and no other, was recorded. */
export const isDecidedBy = (hash: string, grantId: string): ActivityCondition => ({
  sql: "EXISTS (SELECT 1 FROM devices WHERE hash = :device AND grant_id = :grant)",
  values: { device: hash, grant: grantId },
});

/** Records a poll and the interval from now on, in seconds, unless another poll came meanwhile. */
export async function recordPoll(
  db: D1Database,
  { hash, polledAt }: Pick<DeviceRow, "hash" | "polledAt">,
  interval: number,
  now: number,
): Promise<void> {
  await withRetry(() =>
    db
      .prepare(
        "UPDATE devices SET polled_at = ?2, interval = ?3 WHERE hash = ?1 AND polled_at IS ?4",
      )
      .bind(hash, now, interval, polledAt)
      .run(),
  );
}

/**
 * Redeems a device code for a grant and its first refresh token, unless it was redeemed before or the device is not
 * allowed. Returns the key of the first redemption, as `redeemOnce` does.
 */
export async function redeemDeviceCode(
  db: D1Database,
  hash: string,
  refresh: Successor,
  now: number,
): Promise<string | null> {
  const fromFirst = "FROM devices WHERE hash = ?1 AND successor = ?2";
  return redeemOnce(db, [
    db
      .prepare(
        `UPDATE devices SET successor = ?2, successor_key = ?3
         WHERE hash = ?1 AND successor IS NULL AND granted IS NOT NULL`,
      )
      .bind(hash, refresh.hash, refresh.key),
    db
      .prepare(
        `INSERT INTO grants
           (account, id, origin, app_url, label, scope, flow, created_at, expires_at)
         SELECT account, grant_id, '', '', name, granted, 'device', ?3, grant_expires_at ${fromFirst}
         ON CONFLICT DO NOTHING`,
      )
      .bind(hash, refresh.hash, now),
    db
      .prepare(
        `INSERT INTO refresh_tokens (hash, account, grant_id, issued_at, expires_at)
         SELECT ?2, account, grant_id, ?4, ?3 ${fromFirst}
         ON CONFLICT DO NOTHING`,
      )
      .bind(hash, refresh.hash, refresh.expiresAt, now),
    db.prepare("SELECT successor_key AS key FROM devices WHERE hash = ?1").bind(hash),
  ]);
}
