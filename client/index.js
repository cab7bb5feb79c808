/** RxDB's remote storage in a Satchel: a `messageChannelCreator` for `getRxStorageRemote`. */

import { Channel } from "./channel.js";
import { discover } from "./discover.js";

export { SatchelError } from "./http.js";
export { discover };

/**
 * Creates channels to a module of a user's Satchel. Opening a channel never fails: it keeps trying, and
 * answers requests that the server refuses with errors, as RxDB expects. Throws without WebSockets.
 * @param {import("./index.js").ChannelOptions} options
 * @returns {import("./index.js").ChannelCreator}
 */
export function satchelChannel({ address, url, module, token, onStatus, timing }) {
  if (typeof WebSocket === "undefined") {
    throw new Error("@satchel/rxdb-client needs a WebSocket: Node 22 or newer, or a browser.");
  }
  /** @type {Set<Channel>} */
  const channels = new Set();
  /** @type {string | undefined} */
  let endpoint = url;
  const resolveSettings = async () => {
    endpoint ??= (await discover(String(address))).urlOf(String(module));
    return { url: endpoint.replace(/^http/, "ws"), token };
  };
  const create = async () => {
    const channel = new Channel(resolveSettings, {
      onStatus,
      onClose: () => channels.delete(channel),
      ...timing,
    });
    channels.add(channel);
    return channel;
  };
  const close = async () => {
    for (const channel of channels) await channel.close();
  };
  return Object.assign(create, { close });
}
