/** What a storage has already, folder by folder, as an import asks for it. */

import { TransferError } from "./requests.js";
import { listFolder } from "./walk.js";

/** Listings that are remembered. Sources have their documents folder by folder. */
const MAX_FOLDERS = 100;

/** @typedef {Map<string, import("./listing.js").FolderItem>} Listing by the names; those of folders end with a slash */

/** The documents that a storage has, each folder listed once. */
export class Target {
  /** @type {Map<string, Promise<Listing | null>>} in the order of their use */
  #listings = new Map();

  /** @param {import("./storage.js").StorageClient} storage */
  constructor(storage) {
    this.storage = storage;
  }

  /**
   * A document; null if there is none.
   * @param {string} path
   * @returns {Promise<import("./listing.js").FolderItem | null>}
   */
  async find(path) {
    const listing = await this.#list(folderOf(path));
    return listing?.get(nameOf(path)) ?? null;
  }

  /** Forgets what is known of the folder of a document. @param {string} path */
  forget(path) {
    this.#listings.delete(folderOf(path));
  }

  /**
   * A folder; null if it may not be listed. A folder that its parent does not list is not asked for.
   * @param {string} folder
   * @returns {Promise<Listing | null>}
   */
  #list(folder) {
    const known = this.#listings.get(folder);
    this.#listings.delete(folder);
    const listing = known ?? this.#load(folder);
    listing.catch(() => this.#listings.delete(folder));
    this.#listings.set(folder, listing);
    const [oldest] = this.#listings.keys();
    if (this.#listings.size > MAX_FOLDERS && oldest) this.#listings.delete(oldest);
    return listing;
  }

  /** @param {string} folder @returns {Promise<Listing | null>} */
  async #load(folder) {
    if (folder !== "/") {
      const own = folder.slice(0, -1);
      const parent = await this.#list(folderOf(own));
      if (parent && !parent.has(`${nameOf(own)}/`)) return new Map();
    }
    try {
      const { items } = await listFolder(this.storage, folder);
      return new Map(items.map((item) => [item.name + (item.isFolder ? "/" : ""), item]));
    } catch (error) {
      // A token for some modules cannot list the folders above.
      if (error instanceof TransferError && error.code === "forbidden") return null;
      throw error;
    }
  }
}

/** @param {string} path */
const folderOf = (path) => path.slice(0, path.lastIndexOf("/") + 1);

/** @param {string} path */
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);
