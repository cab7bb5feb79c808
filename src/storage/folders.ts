/** Listing a folder: §4. */

import { EMPTY_STORAGE_VERSION, type Precondition } from "../core/etag";
import type { FolderItem } from "../core/folder";
import type { NodePath } from "../core/path";
import { type Outcome, ok } from "../core/refusals";
import type { Env } from "../env";
import type { AccessClaims } from "../oauth/access-tokens";
import { askWithGrant } from "./authorization";
import { type FolderRow, selectFolder } from "./db/nodes";

export interface Folder {
  version: string;
  /** Milliseconds since 1970; null: nothing is in it, so nobody knows. */
  modified: number | null;
  /** Null: they were not read, for the client knows this version. */
  items: FolderItem[] | null;
}

/**
 * Reads a folder in one D1 round trip; one row of it if the client knows its version. §4: "GET
 * requests to empty folders SHOULD be responded to with a folder description with no items", so
 * every folder can be read. Refuses as `askWithGrant` does.
 */
export async function readFolder(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  precondition: Precondition,
  now: number,
): Promise<Outcome<Folder>> {
  const question = selectFolder(env.DB, claims.account, node, precondition.noneMatch);
  const answer = await askWithGrant<FolderRow>(env, claims, node, "read", question, now);
  if (!answer.ok) return answer;
  const rows = answer.value;
  const items = rows.filter((row): row is FolderRow & FolderItem => row.name !== null);
  const hasMore = (rows[0]?.documents ?? 0) > 0 && items.length === 0;
  return ok({
    version: rows[0]?.folderVersion ?? EMPTY_STORAGE_VERSION,
    modified: rows[0]?.folderModified ?? null,
    items: hasMore ? null : items,
  });
}
