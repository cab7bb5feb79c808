/** File names for databases, collections and attachments, which may have any name at all. Pure. */

import { DATABASES_FOLDER } from "./format.js";
import { digestMarkOf, escapeName, foldName, shorten } from "./names.js";

/**
 * A name that any file system takes. Different names may get the same one.
 * @param {string} name
 */
const fileNameOf = (name) => shorten(escapeName(name).replaceAll("/", "=2F")) || digestMarkOf(name);

/** Gives each collection files of its own, also where two names look the same to a file system. */
export class DatabaseFileNames {
  /** @type {Map<string, string>} what each folded path stands for */
  #taken = new Map();

  /**
   * The beginning of the files of a collection, such as "data/databases/todos/list/tasks-0".
   * @param {import("../databases/client.js").CollectionName} name
   */
  stemFor({ module, database, collection, version }) {
    const ofModule = this.#take(DATABASES_FOLDER, fileNameOf(module), module);
    const ofDatabase = this.#take(`${ofModule}/`, fileNameOf(database), database);
    const ofCollection = `${fileNameOf(collection)}-${version}`;
    return this.#take(`${ofDatabase}/`, ofCollection, `${version} ${collection}`);
  }

  /** @param {string} folder @param {string} name @param {string} owner */
  #take(folder, name, owner) {
    const path = folder + name;
    const key = foldName(path);
    if ((this.#taken.get(key) ?? owner) === owner) {
      this.#taken.set(key, owner);
      return path;
    }
    return path + digestMarkOf(owner);
  }
}

/**
 * The file of an attachment.
 * @param {string} stem of its collection
 * @param {number} number
 * @param {string} name
 */
export const attachmentFile = (stem, number, name) => `${stem}/${number}-${fileNameOf(name)}`;
