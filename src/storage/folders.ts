/** Listing a folder: §4. */

import { EMPTY_FOLDER_VERSION, type Precondition } from "../core/etag";
import { describeFolder, type FolderItem } from "../core/folder";
import type { NodePath } from "../core/path";
import { done, type Outcome } from "../core/refusals";
import type { Env } from "../env";
import type { AccessClaims } from "../oauth/tokens";
import { askWithGrant } from "./access";
import { type FolderRow, selectFolder } from "./repo";

export interface Folder {
  version: string;
  /** Milliseconds since 1970; null: nothing is in it, so nobody knows. */
  modified: number | null;
  /** Its description; undefined if the precondition shows that the client has it already. */
  describe(): string;
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
  return done({
    version: rows[0]?.folderVersion ?? EMPTY_FOLDER_VERSION,
    modified: rows[0]?.folderModified ?? null,
    describe: () =>
      describeFolder(rows.filter((row): row is FolderRow & FolderItem => row.name !== null)),
  });
}
