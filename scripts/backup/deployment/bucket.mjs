/** An R2 bucket, by its S3 API: listing, reading and writing objects with their metadata. */

import { AwsClient } from "aws4fetch";
import { CommandError } from "../../lib/command.mjs";

const NO_KEY = `R2 needs a key of its own: create an R2 API token for the bucket in Cloudflare's dashboard (R2, API, Manage
API tokens), and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to its S3 credentials.`;

const METADATA_PREFIX = "x-amz-meta-";

/**
 * @typedef {object} BucketObject
 * @property {string} key
 * @property {number} size bytes
 * @property {string} etag without quotes
 */

/**
 * Opens a bucket with the credentials of the environment, under the names that tools for S3 use. Throws a CommandError if
 * there are none.
 * @param {string} accountId
 * @param {string} name
 * @param {string} [jurisdiction]
 */
export function openBucket(accountId, name, jurisdiction) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL_S3 } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) throw new CommandError(NO_KEY);
  const host = [accountId, jurisdiction, "r2.cloudflarestorage.com"].filter(Boolean).join(".");
  const client = new AwsClient({
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    service: "s3",
    region: "auto",
  });
  return new Bucket(client, `${AWS_ENDPOINT_URL_S3 || `https://${host}`}/${name}`);
}

/** What a backup needs of a bucket. Its client repeats requests that fail for a moment. */
export class Bucket {
  #client;
  #url;

  /**
   * @param {AwsClient} client
   * @param {string} url
   */
  constructor(client, url) {
    this.#client = client;
    this.#url = url;
  }

  /**
   * Lists all objects.
   * @returns {AsyncGenerator<BucketObject>}
   */
  async *list() {
    const query = new URLSearchParams({ "list-type": "2" });
    for (;;) {
      const text = await (await this.#send(`?${query}`)).text();
      for (const [, entry] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        yield {
          key: element(entry, "Key"),
          size: Number(element(entry, "Size")),
          etag: bareETag(element(entry, "ETag")),
        };
      }
      const next = element(text, "NextContinuationToken");
      if (next === "") return;
      query.set("continuation-token", next);
    }
  }

  /**
   * Opens an object; null if it does not exist.
   * @param {string} key
   * @returns {Promise<{body: ReadableStream<Uint8Array>, etag: string, metadata: Record<string, string>} | null>}
   */
  async get(key) {
    const response = await this.#send(`/${encodeKey(key)}`, {}, [404]);
    if (response.status === 404) return null;
    const metadata = [...response.headers]
      .filter(([name]) => name.startsWith(METADATA_PREFIX))
      .map(([name, value]) => [name.slice(METADATA_PREFIX.length), value]);
    return {
      body: response.body ?? new Blob([]).stream(),
      etag: bareETag(response.headers.get("etag") ?? ""),
      metadata: Object.fromEntries(metadata),
    };
  }

  /**
   * Writes an object.
   * @param {string} key
   * @param {Blob} body
   * @param {Record<string, string>} metadata
   */
  async put(key, body, metadata) {
    const headers = Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [METADATA_PREFIX + name, value]),
    );
    await this.#send(`/${encodeKey(key)}`, { method: "PUT", body, headers });
  }

  async #send(path, init = {}, expected = []) {
    let response;
    try {
      response = await this.#client.fetch(this.#url + path, init);
    } catch (error) {
      throw new CommandError(`R2 cannot be reached (${error.cause?.code ?? error.message}).`);
    }
    if (response.ok || expected.includes(response.status)) return response;
    const text = await response.text();
    const said = element(text, "Message") || `status ${response.status}`;
    const { status } = response;
    throw new CommandError(
      status === 401 || status === 403 ? `R2 refuses the key: ${said}\n\n${NO_KEY}` : `R2: ${said}`,
    );
  }
}

const encodeKey = (key) => key.split("/").map(encodeURIComponent).join("/");

const bareETag = (etag) => etag.replaceAll('"', "");

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The text of the first element of a name; "" if there is none. */
function element(xml, name) {
  const [, text = ""] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  return text.replace(/&(\w+);/g, (all, entity) => ENTITIES[entity] ?? all);
}
