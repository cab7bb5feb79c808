/** The plan that deletes versions for ever. */

import { documentFromPath } from "../../core/path";
import { HOUR_MS } from "../../core/time";
import { loadDocumentRows } from "../db/rows";
import { gracePeriodMs } from "../versions/expiry";
import { type DocumentBodies, listBodyPages } from "../versions/stored-bodies";
import { isAtOrBelow, type PlanContext } from "./plan-steps";
import type { FreedBody, PlanStep } from "./task";

/** Commits that are known of so long before the task: older bodies have had their time. */
const KNOWN_COMMITS_MS = HOUR_MS;

/**
 * The versions at or below the paths that may be deleted for ever: those that no row names, and none will.
 * A row gets to name a version only by its commit, once, and within a time after its upload
 * (`storage/versions/sweep.ts`); so either that time is over, or it was committed and is not the document any more.
 */
export async function* planFree(
  { env, journal, task }: PlanContext,
  { what, paths }: { what: "versions" | "deleted"; paths: string[] },
): AsyncGenerator<PlanStep, void> {
  const committed = new Set<string>();
  for (const { version } of journal.putsBetween(task.startedAt - KNOWN_COMMITS_MS, Infinity)) {
    committed.add(version);
  }
  for await (const page of listBodyPages(env.BODIES, task.account, task.cursor)) {
    const documents = page.documents.filter(isKnown).filter(({ path }) => isAtOrBelow(path, paths));
    const nodes = documents.map(({ path }) => documentFromPath(path));
    // After the list: a body that was listed is named by the row that is read now, or by none.
    const rows = await loadDocumentRows(env.DB, task.account, nodes);
    const bodies: FreedBody[] = [];
    for (const { path, bodies: versions } of documents) {
      const row = rows.get(path);
      if ((row !== undefined) !== (what === "versions")) continue;
      for (const body of versions) {
        const isSettled =
          committed.has(body.version) || body.uploadedAt + gracePeriodMs(body) <= task.startedAt;
        const { key, version, length } = body;
        if (version !== row?.version && isSettled) bodies.push({ key, path, version, length });
      }
    }
    yield { changes: [], bodies, looked: documents.length, cursor: page.end };
  }
}

/** A document whose path the metadata of its bodies say. */
export const isKnown = (document: DocumentBodies): document is DocumentBodies & { path: string } =>
  document.path !== null;
