/** Reads the versions of folders while newer ones are told. */

import type { NodePath } from "../core/path";
import type { Env } from "../env";
import { loadFolderVersions } from "../storage/folders";

/** The readings that go on. */
export class VersionReadings {
  /** What was told since each of them began. */
  readonly #told = new Set<Map<string, string>>();

  /**
   * The versions of folders, by path. One that was told meanwhile counts: whoever was told must not be told of an
   * older one afterwards. Never waits for a pause between changes.
   */
  async read(env: Env, account: string, folders: NodePath[]): Promise<Map<string, string>> {
    const told = new Map<string, string>();
    this.#told.add(told);
    try {
      const found = await loadFolderVersions(env, account, folders);
      return new Map([...found].map(([path, version]) => [path, told.get(path) ?? version]));
    } finally {
      this.#told.delete(told);
    }
  }

  /** Has to be called with all that is told. */
  noteTold(versions: Map<string, string>): void {
    for (const told of this.#told) {
      for (const [path, version] of versions) told.set(path, version);
    }
  }
}
