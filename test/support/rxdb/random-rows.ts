/** Random rows of a `bulkWrite`, with conflicts and attachments. */

import { copy, type Row } from "./comparable";
import type { Random } from "./random";
import { type RandomSchema, type RandomStoredDocument, randomContent } from "./random-documents";

export const HOUR_MS = 3_600_000;

/** What rows are made from. */
export interface RowSource {
  random: Random;
  schema: RandomSchema;
  /** Milliseconds since 1970. */
  now: number;
  /** The ids that were written before. */
  ids: string[];
  /** Earlier versions of documents. */
  pastVersions: RandomStoredDocument[];
  load(id: string): Promise<RandomStoredDocument | undefined>;
}

/** One row that a client might send; `previous` is the stored version, an earlier one, or another. */
export async function randomRow(source: RowSource): Promise<Row> {
  const { random, schema, now, ids, pastVersions, load } = source;
  const isKnown = ids.length > 25 ? random.chance(0.9) : random.chance(0.5);
  const knownId = isKnown && ids.length > 0 ? random.pick(ids) : undefined;
  const isComposite = typeof schema.primaryKey === "object";
  let content = randomContent(random, schema, isComposite ? undefined : knownId);
  let id = String(content.id);
  if (knownId !== undefined && isComposite) {
    // The parts of a composite key have to stay as they are.
    const stored = await load(knownId);
    if (stored) {
      const { _rev, _meta, _deleted, _attachments, ...rest } = stored;
      content = { ...content, ...rest, t: content.t ?? "t", any: content.any ?? null };
      id = knownId;
    }
  }
  const stored = await load(id);
  const dice = random.next();
  let previous: RandomStoredDocument | undefined = stored;
  if (dice < 0.06) previous = undefined;
  else if (dice < 0.12 && stored) previous = { ...stored, _rev: `9-${random.below(1000)}` };
  else if (dice < 0.16) previous = pastVersions.find((past) => past.id === id) ?? stored;
  const isDeleted = random.chance(stored ? 0.2 : 0.08);
  const document = {
    ...content,
    _deleted: isDeleted,
    _rev: `${1 + Number.parseInt(previous?._rev ?? "0", 10)}-${random.below(1e9).toString(36)}`,
    _meta: { lwt: now - random.below(20) * HOUR_MS + random.below(100) / 100 },
    _attachments: isDeleted ? {} : await randomAttachments(random, schema, stored ?? previous),
  } as unknown as Row["document"];
  return previous ? { previous: copy(previous) as never, document } : { document };
}

/** With data, as stubs of stored ones, and at times as stubs of ones that do not exist. */
async function randomAttachments(
  random: Random,
  schema: RandomSchema,
  stored: RandomStoredDocument | undefined,
): Promise<object> {
  if (!schema.attachments) return {};
  const attachments: Record<string, object> = {};
  for (const [name, stub] of Object.entries(stored?._attachments ?? {})) {
    if (random.chance(0.7)) attachments[name] = stub as object;
  }
  for (const name of random.sample(["a", "b.txt", "ä/ö", "x y"], 2)) {
    if (random.chance(0.5)) continue;
    const size = random.chance(0.02) ? 70_000 : random.below(40);
    const data = new Blob([Uint8Array.from({ length: size }, () => random.below(256))], {
      type: "text/plain",
    });
    const hash = await crypto.subtle.digest("SHA-256", await data.arrayBuffer());
    const stub = {
      digest: `sha256-${Buffer.from(hash).toString("hex")}`,
      length: size,
      type: "text/plain",
    };
    attachments[name] = random.chance(0.93)
      ? { ...stub, data }
      : (stored?._attachments[name] ?? stub);
  }
  return attachments;
}
