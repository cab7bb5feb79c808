/** Listing a folder: §4. */

import { EMPTY_STORAGE_VERSION, type Precondition } from "../core/etag";
import type { FolderItem } from "../core/folder";
import type { NodePath } from "../core/path";
import { type Outcome, ok } from "../core/refusals";
import type { Env } from "../env";
import type { AccessClaims } from "../oauth/access-tokens";
import { queryWithGrant } from "./authorization";
import { type FolderRow, selectFolder } from "./db/nodes";

/** A folder as it is served. */
export interface Folder {
  version: string;
  /** Milliseconds since 1970; null: the folder is empty, so its time is not known. */
  modified: number | null;
  /** Null: they were not read, as the client has this version. */
  items: FolderItem[] | null;
}

/**
 * Loads a folder in one D1 round trip, which reads one row of the folder if the client has its
 * version. Every folder can be loaded. §4: "GET requests to empty folders SHOULD be responded to with
 * a folder description with no items". Refuses as `queryWithGrant` does.
 */
export async function loadFolder(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  precondition: Precondition,
  now: number,
): Promise<Outcome<Folder>> {
  const statement = selectFolder(env.DB, claims.account, node, precondition.noneMatch);
  const found = await queryWithGrant<FolderRow>(env, claims, node, "read", statement, now);
  if (!found.ok) return found;
  const rows = found.value;
  const items = rows.filter((row): row is FolderRow & FolderItem => row.name !== null);
  const isUnread = (rows[0]?.documents ?? 0) > 0 && items.length === 0;
  return ok({
    version: rows[0]?.folderVersion ?? EMPTY_STORAGE_VERSION,
    modified: rows[0]?.folderModified ?? null,
    items: isUnread ? null : items,
  });
}
