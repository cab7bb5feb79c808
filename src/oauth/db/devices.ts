/** Devices that ask for access, in D1. Every write comes to the same when it is repeated. */

import type { Condition } from "../../accounts/activity";
import { withRetry } from "../../platform/retry";
import { redeemOnce } from "./codes";

/** A device that asks, as it stands in its row. */
export interface DeviceRow {
  hash: string;
  userCode: string;
  name: string;
  scope: string;
  /** Who answered; null: nobody yet. */
  account: string | null;
  /** Their name. */
  user: string | null;
  grantId: string | null;
  /** Null with an account: denied. */
  granted: string | null;
  grantExpiresAt: number | null;
  /** Seconds. */
  interval: number;
  polledAt: number | null;
  expiresAt: number;
  successor: string | null;
}

type NewDevice = Pick<DeviceRow, "hash" | "userCode" | "name" | "scope" | "interval" | "expiresAt">;

/** Keeps what a device asks for. False, and nothing written, if the user code is taken. */
export async function insertDevice(db: D1Database, device: NewDevice): Promise<boolean> {
  const { hash, userCode, name, scope, interval, expiresAt } = device;
  const [, answer] = await withRetry(() =>
    db.batch<{ hash: string }>([
      db
        .prepare(
          `INSERT INTO devices (hash, user_code, name, scope, interval, expires_at)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6)
           ON CONFLICT DO NOTHING`,
        )
        .bind(hash, userCode, name, scope, interval, expiresAt),
      db.prepare("SELECT hash FROM devices WHERE user_code = ?1").bind(userCode),
    ]),
  );
  return answer?.results[0]?.hash === hash;
}

/** A device by the hash of its code. */
export const loadDevice = (db: D1Database, hash: string): Promise<DeviceRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT d.hash, d.user_code AS userCode, d.name, d.scope, d.account, a.name AS user,
                d.grant_id AS grantId, d.granted, d.grant_expires_at AS grantExpiresAt,
                d.interval, d.polled_at AS polledAt, d.expires_at AS expiresAt, d.successor
         FROM devices d LEFT JOIN accounts a ON a.id = d.account
         WHERE d.hash = ?1`,
      )
      .bind(hash)
      .first<DeviceRow>(),
  );

/** A device that waits for an answer, by the code that a person typed. */
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

/** What a person has answered. */
interface DeviceDecision {
  account: string;
  /** Fresh, of a denial too: it tells this answer from others. */
  grantId: string;
  /** Null: denied. */
  granted: string | null;
  grantExpiresAt: number | null;
}

/**
 * Keeps the answer to a device that still waits. False, and no answer kept, if another came first
 * or its time is over. `alsoDo` comes in the same batch.
 */
export async function decideDevice(
  db: D1Database,
  hash: string,
  { account, grantId, granted, grantExpiresAt }: DeviceDecision,
  alsoDo: D1PreparedStatement[],
  now: number,
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch<{ grantId: string | null }>([
      db
        .prepare(
          `UPDATE devices SET account = ?2, grant_id = ?3, granted = ?4, grant_expires_at = ?5
           WHERE hash = ?1 AND account IS NULL AND expires_at > ?6`,
        )
        .bind(hash, account, grantId, granted, grantExpiresAt, now),
      ...alsoDo,
      db.prepare("SELECT grant_id AS grantId FROM devices WHERE hash = ?1").bind(hash),
    ]),
  );
  return answers.at(-1)?.results[0]?.grantId === grantId;
}

/** For the log of the person: whether this answer is the one that was taken. */
export const isDecidedBy = (hash: string, grantId: string): Condition => ({
  sql: "EXISTS (SELECT 1 FROM devices WHERE hash = ?6 AND grant_id = ?7)",
  values: [hash, grantId],
});

/** Notes a poll, and how long the device has to wait from now on. A later poll is not undone. */
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
 * Redeems a device code for a grant and its first refresh token, if it is still unused: the fresh
 * hash in `successor` says who was first. False, and nothing written, otherwise.
 */
export async function redeemDeviceCode(
  db: D1Database,
  hash: string,
  refresh: { hash: string; expiresAt: number },
  now: number,
): Promise<boolean> {
  const first = "FROM devices WHERE hash = ?1 AND successor = ?2";
  return redeemOnce(db, refresh.hash, [
    db
      .prepare(
        `UPDATE devices SET successor = ?2
         WHERE hash = ?1 AND successor IS NULL AND granted IS NOT NULL`,
      )
      .bind(hash, refresh.hash),
    db
      .prepare(
        `INSERT INTO grants
           (account, id, origin, app_url, label, scope, flow, created_at, expires_at)
         SELECT account, grant_id, '', '', name, granted, 'device', ?3, grant_expires_at ${first}
         ON CONFLICT DO NOTHING`,
      )
      .bind(hash, refresh.hash, now),
    db
      .prepare(
        `INSERT INTO refresh_tokens (hash, account, grant_id, expires_at)
         SELECT ?2, account, grant_id, ?3 ${first}
         ON CONFLICT DO NOTHING`,
      )
      .bind(hash, refresh.hash, refresh.expiresAt),
    db.prepare("SELECT successor FROM devices WHERE hash = ?1").bind(hash),
  ]);
}
