/**
 * Where a run works: in folders of its own, `/<module>/conformance-<random>/` and the same below `/public/`.
 * Whatever it stores anywhere is noted, and deleted at its end. Nothing else is ever deleted.
 */

const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** Deeper folders are not looked into when what is left is looked for. */
const MAX_DEPTH = 80;

export class Workspace {
  /**
   * The documents stored and not yet deleted: their URLs, each with the Authorization that stored it.
   * @type {Map<string, string | null>}
   */
  #stored = new Map();

  /** @param {string} module whose folder the run works in */
  constructor(module) {
    this.module = module;
    this.name = `conformance-${randomName()}`;
    this.privateFolder = `/${module}/${this.name}/`;
    this.publicFolder = `/public/${module}/${this.name}/`;
  }

  /**
   * Remembers what a request has stored or deleted.
   * @param {import("./answer.js").Answer} answer
   */
  note({ request, ok }) {
    if (!ok) return;
    if (request.method === "PUT") {
      this.#stored.set(request.url, request.headers.get("authorization"));
    } else if (request.method === "DELETE") this.#stored.delete(request.url);
  }

  /**
   * Deletes what the run has stored, and whatever its own folders still list.
   * @param {import("./http.js").Send} send
   * @param {import("./app.js").App} app with access to the folders
   * @returns {Promise<string[]>} what could not be deleted
   */
  async cleanUp(send, app) {
    for (const [url, authorization] of this.#stored) {
      /** @type {Record<string, string>} */
      const headers = authorization === null ? {} : { Authorization: authorization };
      await send(url, { method: "DELETE", headers }).catch(() => {});
    }
    /** @type {string[]} */
    const left = [];
    for (const folder of [this.privateFolder, this.publicFolder]) {
      await emptyFolder(app, folder, 0, left).catch((error) =>
        left.push(`${folder}: ${error.message}`),
      );
    }
    return left;
  }
}

/**
 * @param {import("./app.js").App} app
 * @param {string} folder
 * @param {number} depth
 * @param {string[]} left
 */
async function emptyFolder(app, folder, depth, left) {
  const answer = await app.get(folder);
  const names = Object.keys(answer.json?.items ?? {});
  for (const name of names) {
    const path = folder + encodeURIComponent(name.replace(/\/$/, ""));
    if (!name.endsWith("/")) {
      const { ok, status } = await app.delete(path);
      if (!ok && status !== 404) left.push(path);
    } else if (depth < MAX_DEPTH) await emptyFolder(app, `${path}/`, depth + 1, left);
  }
}

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
