/** RxDB's remote storage over a Satchel: what `getRxStorageRemote` takes as `messageChannelCreator`. */

import { Channel } from "./channel.js";
import { discover } from "./discover.js";

export { Refusal as SatchelError } from "./ask.js";
export { discover };

/**
 * Makes channels to a module of somebody's Satchel. None of them ever fails to open: it goes on
 * trying, and answers in RxDB's own way what is refused. Throws where there are no WebSockets.
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
  let found = url;
  const settle = async () => {
    found ??= (await discover(String(address))).urlOf(String(module));
    return { url: found.replace(/^http/, "ws"), token };
  };
  const create = async () => {
    const channel = new Channel(settle, {
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
