/** The `events` table of the module object: the latest changes, for clients that were offline. */

/** Characters of a part, of either text: at most three times as many bytes in UTF-8, and SQLite takes 2 MB. */
const PART_LENGTH = 300_000;

/** SQL for the size of a part in bytes. */
const PART_BYTES = "octet_length(json) + octet_length(answer)";

/** A change as it is stored. */
interface EventRow {
  /** Sequence number in the module. */
  seq: number;
  /** Id of the collection. */
  collection: number;
  /** Milliseconds since 1970. */
  at: number;
  /** Id of the request that made the change. */
  request: string;
  /** JSON of the answer to that request. */
  answer: string;
  /** JSON of the event bulk. */
  json: string;
}

/** Inserts a change, in as many parts as it needs. */
export function insertEvent(sql: SqlStorage, event: EventRow): void {
  const { seq, collection, at, request, json, answer } = event;
  const jsonParts = splitText(json);
  const answerParts = splitText(answer);
  const count = Math.max(jsonParts.length, answerParts.length);
  for (let part = 0; part < count; part++) {
    sql.exec(
      `INSERT INTO events (seq, part, collection, at, request, answer, json)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      seq,
      part,
      collection,
      at,
      request,
      answerParts[part] ?? "",
      jsonParts[part] ?? "",
    );
  }
}

function splitText(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    // Half of a surrogate pair has no encoding in UTF-8.
    const splitsPair = /[\ud800-\udbff]/.test(text[from + PART_LENGTH - 1] ?? "");
    const to = from + PART_LENGTH - +splitsPair;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

/** Returns sequence number and time of the newest change; 0 and 0 if there never was one. */
export const loadNewestEvent = (sql: SqlStorage): { seq: number; at: number } =>
  (sql.exec("SELECT seq, at FROM events ORDER BY seq DESC LIMIT 1").toArray()[0] as
    | { seq: number; at: number }
    | undefined) ?? { seq: 0, at: 0 };

/** Whether any change is kept. */
export const hasEvents = (sql: SqlStorage): boolean =>
  sql.exec("SELECT 1 FROM events WHERE collection <> 0 LIMIT 1").toArray().length > 0;

/** Whether all changes after this number are kept. */
export function areKeptAfter(sql: SqlStorage, seq: number): boolean {
  const oldest = sql.exec("SELECT seq, collection FROM events ORDER BY seq LIMIT 1").toArray()[0];
  if (!oldest) return true;
  const deleted = (oldest.seq as number) - (oldest.collection === 0 ? 0 : 1);
  return deleted <= seq;
}

/** Returns the first change made at `at` or later, kept or not; null if there is none. */
export const findFirstEventAt = (sql: SqlStorage, at: number): { seq: number; at: number } | null =>
  (sql.exec("SELECT seq, at FROM events WHERE at >= ? ORDER BY seq LIMIT 1", at).toArray()[0] as
    | { seq: number; at: number }
    | undefined) ?? null;

/**
 * Returns the position before the first change made at `at` or later; null if changes of that time
 * are no longer kept.
 */
export function findPositionAt(sql: SqlStorage, at: number): { seq: number } | null {
  const first = findFirstEventAt(sql, at);
  const seq = first ? first.seq - 1 : loadNewestEvent(sql).seq;
  return areKeptAfter(sql, seq) ? { seq } : null;
}

/**
 * Returns the sequence number up to which changes have to be deleted, so that at most `count` rows and
 * `length` bytes remain; 0 if none.
 */
export const findTrimSeq = (sql: SqlStorage, count: number, length: number): number =>
  (sql
    .exec(
      `SELECT max(seq) AS seq FROM (
         SELECT seq, row_number() OVER newest AS count, sum(${PART_BYTES}) OVER newest AS length
         FROM events WINDOW newest AS (ORDER BY seq DESC, part)
       ) WHERE count > ? OR length > ?`,
      count,
      length,
    )
    .one().seq as number | null) ?? 0;

/** Yields the event bulks after `seq`, in their order, without those of collections that were removed. */
export function* loadEvents(
  sql: SqlStorage,
  seq: number,
): Generator<{ seq: number; collection: number; json: string }> {
  const rows = sql.exec(
    "SELECT seq, collection, json FROM events WHERE seq > ? AND json <> '' ORDER BY seq, part",
    seq,
  );
  let bulk: { seq: number; collection: number; json: string } | null = null;
  for (const row of rows) {
    const part = row as { seq: number; collection: number; json: string };
    if (bulk && bulk.seq === part.seq) {
      bulk.json += part.json;
      continue;
    }
    if (bulk) yield bulk;
    bulk = { ...part };
  }
  if (bulk) yield bulk;
}

/** Returns the answer to a request whose change is kept; null if it is not. */
export function loadLoggedAnswer(
  sql: SqlStorage,
  collection: number,
  request: string,
): string | null {
  const parts = sql
    .exec(
      "SELECT answer FROM events WHERE collection = ? AND request = ? ORDER BY seq, part",
      collection,
      request,
    )
    .toArray();
  return parts.length > 0 ? parts.map(({ answer }) => answer).join("") : null;
}

/**
 * Deletes the changes made before `at` and those up to `seq`. Number and time of the newest among them
 * stay: all changes after it are kept.
 */
export function deleteOldEvents(sql: SqlStorage, at: number, seq: number): void {
  const { last } = sql
    .exec("SELECT max(seq) AS last FROM events WHERE at < ? OR seq <= ?", at, seq)
    .one();
  sql.exec("DELETE FROM events WHERE seq < ? OR (seq = ? AND part > 0)", last, last);
  sql.exec(
    `UPDATE events SET collection = 0, request = '', answer = '', json = ''
     WHERE seq = ? AND collection <> 0`,
    last,
  );
}

/** Returns how many rows and bytes are kept. Does not read the texts themselves. */
export const measureEvents = (sql: SqlStorage): { count: number; length: number } =>
  sql
    .exec(`SELECT count(*) AS count, coalesce(sum(${PART_BYTES}), 0) AS length FROM events`)
    .one() as {
    count: number;
    length: number;
  };
