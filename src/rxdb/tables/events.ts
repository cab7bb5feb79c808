/** The latest changes in the object's SQLite, for clients that were away. */

/** Characters of one part, of either text: in UTF-8 at most three times as many bytes, and SQLite takes 2 MB. */
const PART_LENGTH = 300_000;

/** Of a part, in bytes. */
const SIZE = "octet_length(json) + octet_length(answer)";

/** A change as it is kept. */
interface EventRow {
  seq: number;
  collection: number;
  /** Milliseconds since 1970. */
  at: number;
  /** Id of the request that made it. */
  request: string;
  /** JSON of what it was answered. */
  answer: string;
  /** JSON of the event bulk. */
  json: string;
}

/** In as many parts as it needs. */
export function insertEvent(sql: SqlStorage, event: EventRow): void {
  const { seq, collection, at, request, json, answer } = event;
  const [jsons, answers] = [partsOf(json), partsOf(answer)];
  const parts = Math.max(jsons.length, answers.length);
  for (let part = 0; part < parts; part++) {
    sql.exec(
      `INSERT INTO events (seq, part, collection, at, request, answer, json)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      seq,
      part,
      collection,
      at,
      request,
      answers[part] ?? "",
      jsons[part] ?? "",
    );
  }
}

function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    // Half of a surrogate pair is nothing that UTF-8 could keep.
    const isSplit = /[\ud800-\udbff]/.test(text[from + PART_LENGTH - 1] ?? "");
    const to = from + PART_LENGTH - +isSplit;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

/** The number of the newest; 0: there never was one. */
export const newestEvent = (sql: SqlStorage): { seq: number; at: number } =>
  (sql.exec("SELECT seq, at FROM events ORDER BY seq DESC LIMIT 1").toArray()[0] as
    | { seq: number; at: number }
    | undefined) ?? { seq: 0, at: 0 };

/** The number of the oldest that is kept; null: none is. */
export const oldestEvent = (sql: SqlStorage): number | null =>
  (sql.exec("SELECT min(seq) AS seq FROM events WHERE collection <> 0").one().seq as
    | number
    | null) ?? null;

/** Before the first change of this time or later; null: changes of that time are not kept any more. */
export function positionAt(sql: SqlStorage, at: number): { seq: number } | null {
  const first = sql
    .exec("SELECT seq, at FROM events WHERE at >= ? ORDER BY seq LIMIT 1", at)
    .toArray()[0] as { seq: number; at: number } | undefined;
  const seq = (first?.seq ?? newestEvent(sql).seq + 1) - 1;
  const oldest = oldestEvent(sql);
  // What was dropped is older than the oldest that is kept, so an older one proves that none of it counts.
  return seq === 0 || (oldest !== null && oldest <= seq) ? { seq } : null;
}

/** The newest of those that do not belong to the last `count` or the last `length` bytes. */
export const cutOfEvents = (sql: SqlStorage, count: number, length: number): number =>
  (sql
    .exec(
      `SELECT max(seq) AS seq FROM (
         SELECT seq, row_number() OVER newest AS count, sum(${SIZE}) OVER newest AS length
         FROM events WINDOW newest AS (ORDER BY seq DESC, part)
       ) WHERE count > ? OR length > ?`,
      count,
      length,
    )
    .one().seq as number | null) ?? 0;

/** The bulks after `seq`, in their order, without those of collections that were removed. */
export function* loadEvents(
  sql: SqlStorage,
  seq: number,
): Generator<{ seq: number; collection: number; json: string }> {
  const rows = sql.exec(
    "SELECT seq, collection, json FROM events WHERE seq > ? AND json <> '' ORDER BY seq, part",
    seq,
  );
  let whole: { seq: number; collection: number; json: string } | null = null;
  for (const row of rows) {
    const part = row as { seq: number; collection: number; json: string };
    if (whole && whole.seq === part.seq) {
      whole.json += part.json;
      continue;
    }
    if (whole) yield whole;
    whole = { ...part };
  }
  if (whole) yield whole;
}

/** What a request was answered whose change is kept; null: there is none. */
export function loadAnswer(sql: SqlStorage, collection: number, request: string): string | null {
  const parts = sql
    .exec(
      "SELECT answer FROM events WHERE collection = ? AND request = ? ORDER BY seq, part",
      collection,
      request,
    )
    .toArray();
  return parts.length > 0 ? parts.map(({ answer }) => answer).join("") : null;
}

/** Forgets those of a time before `at` and those up to `seq`; of the newest its number stays. */
export function dropOldEvents(sql: SqlStorage, at: number, seq: number): void {
  const { seq: newest } = newestEvent(sql);
  const isOld = "(at < ? OR seq <= ?)";
  sql.exec(`DELETE FROM events WHERE ${isOld} AND (seq < ? OR part > 0)`, at, seq, newest);
  sql.exec(
    `UPDATE events SET collection = 0, request = '', answer = '', json = ''
     WHERE ${isOld} AND collection <> 0`,
    at,
    seq,
  );
}

/** How much is kept: bytes, and rows. The texts themselves are not read. */
export const measureEvents = (sql: SqlStorage): { count: number; length: number } =>
  sql.exec(`SELECT count(*) AS count, coalesce(sum(${SIZE}), 0) AS length FROM events`).one() as {
    count: number;
    length: number;
  };
