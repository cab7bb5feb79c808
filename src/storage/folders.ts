/** Listing a folder: §4. */

import { EMPTY_STORAGE_VERSION, type Precondition } from "../core/etag";
import {
  FOLDER_DESCRIPTION_END,
  FOLDER_DESCRIPTION_START,
  type FolderItem,
  formatFolderItems,
} from "../core/folder";
import { formatPath, type NodePath, ROOT } from "../core/path";
import { type Outcome, ok } from "../core/refusals";
import type { Env } from "../env";
import type { AccessClaims } from "../oauth/access-tokens";
import { queryWithGrant } from "./authorization";
import { type FolderRow, ITEMS_PER_PAGE, selectFolder, selectItemsAfter } from "./db/nodes";
import { loadDocumentRows } from "./db/rows";
import { recordListed } from "./listed-versions";
import { ListingTurn } from "./listing-turn";

/** A folder as it is served. */
export interface Folder {
  version: string;
  /** Milliseconds since 1970; null: the folder is empty, so its time is not known. */
  modified: number | null;
  /** The first page of them; null: they were not read, as the client has this version. */
  items: FolderItem[] | null;
  /** Whether there may be more. */
  hasMore: boolean;
}

/**
 * Loads a folder, with its first page of items, in one D1 round trip, which reads one row of the folder if the client has its
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
  const found = await queryWithGrant(env, claims, node, "read", statement, now);
  if (!found.ok) return found;
  const [folder, ...rows] = found.value as [FolderRow, ...FolderItem[]];
  if (rows.length > 0) recordListed(claims.account, node, rows, true, now);
  const isUnread = (folder.length ?? 0) > 0 && rows.length === 0;
  return ok({
    version: folder.version ?? EMPTY_STORAGE_VERSION,
    modified: folder.modified,
    items: isUnread ? null : rows,
    hasMore: rows.length === ITEMS_PER_PAGE,
  });
}

/**
 * The description of a folder with more than one page of items, which are read as they are sent, so
 * that one page is in memory. An item is as it was when its page was read: if the folder changes
 * meanwhile, its version does too, and the client's next request gets what it has missed. The stream
 * breaks, rather than end as if it were complete, if a page cannot be read or the grant has ended.
 *
 * All listings of an account that are sent at the same time are together as fast as one alone, so that they
 * do not keep others waiting.
 */
export function streamFolder(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  firstItems: FolderItem[],
  clock: () => number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const turn = new ListingTurn(claims.account);
  let text = FOLDER_DESCRIPTION_START + formatFolderItems(firstItems);
  let items = firstItems;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        controller.enqueue(encoder.encode(text));
        if (items.length < ITEMS_PER_PAGE) {
          turn.end();
          return controller.close();
        }
        try {
          const now = clock();
          turn.begin(now);
          items = await loadItemsAfter(env, claims, node, items.at(-1) as FolderItem, now);
          await turn.leaveToOthers(clock());
        } catch (error) {
          turn.end();
          throw error;
        }
        text = items.length === 0 ? "" : `,${formatFolderItems(items)}`;
        if (items.length < ITEMS_PER_PAGE) text += FOLDER_DESCRIPTION_END;
      },
      cancel: () => turn.end(),
    },
    // Nothing is read before the client wants it.
    { highWaterMark: 0 },
  );
}

async function loadItemsAfter(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  { name }: FolderItem,
  now: number,
): Promise<FolderItem[]> {
  const statement = selectItemsAfter(env.DB, claims.account, node, name);
  const found = await queryWithGrant<FolderItem>(env, claims, node, "read", statement, now);
  if (!found.ok) throw new Error(`A listing is broken off: ${found.refusal.code}.`);
  recordListed(claims.account, node, found.value, false, now);
  return found.value;
}

/** The versions of folders by path, each with that which a listing would have. In one D1 round trip. */
export async function loadFolderVersions(
  env: Env,
  account: string,
  folders: NodePath[],
): Promise<Map<string, string>> {
  const rows = await loadDocumentRows(env.DB, account, [ROOT, ...folders]);
  const rootVersion = rows.get(formatPath(ROOT))?.version ?? EMPTY_STORAGE_VERSION;
  const paths = folders.map(formatPath);
  return new Map(paths.map((path) => [path, rows.get(path)?.version ?? rootVersion]));
}
