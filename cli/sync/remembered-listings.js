/** Lists folders again and again, and asks only for those that have changed. */

/** @typedef {Awaited<ReturnType<import("../../transfer/storage.js").StorageClient["list"]>>} Listing */

/**
 * A client of a storage that remembers what it has listed. A folder is asked for again if the one above it lists another
 * ETag than before: a folder's ETag is that of all that is below it.
 */
export class RememberedListings {
  /** @type {Map<string, Listing>} */
  #listings = new Map();
  /** The ETags of folders, as the folders above list them. @type {Map<string, string>} */
  #listedETags = new Map();

  /** @param {import("../../transfer/storage.js").StorageClient} storage */
  constructor(storage) {
    this.storage = storage;
  }

  /** As `StorageClient.list` does. @param {string} folder */
  async list(folder) {
    const known = this.#listings.get(folder);
    if (known?.etag && known.etag === this.#listedETags.get(folder)) return known;
    const listing = await this.storage.list(folder);
    this.#listings.set(folder, listing);
    for (const { name, isFolder, etag } of listing.items) {
      if (isFolder) this.#listedETags.set(`${folder}${name}/`, etag);
    }
    return listing;
  }

  /** As `StorageClient.head` does. @param {string} path */
  head(path) {
    return this.storage.head(path);
  }

  /** The last listing of a folder. @param {string} folder */
  latest(folder) {
    return this.#listings.get(folder) ?? null;
  }

  /** Everything is asked for again: a server may list ETags that do not change. */
  forget() {
    this.#listings.clear();
  }
}
