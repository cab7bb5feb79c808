/** The network between an RxDB client and the endpoint: it records frames and can be disconnected. */

import type {
  MessageFromRemote,
  MessageToRemote,
  RemoteMessageChannel,
} from "rxdb/plugins/storage-remote";
import { Subject } from "rxjs";
import { type EventBulk, eventBulksIn, openSocket } from "./sockets";

/**
 * The network of one client. While it is disconnected, messages are queued, and sent when it is
 * reconnected, as by the reconnecting socket of RxDB's own plugin.
 */
export class Network {
  /** All frames sent, oldest first. */
  readonly sent: string[] = [];
  /** All frames received, oldest first. */
  readonly received: MessageFromRemote[] = [];
  /** Codes with which the server has closed sockets. */
  readonly closeCodes: number[] = [];
  #url: () => string | Promise<string>;
  #channels = new Set<Channel>();
  #isDisconnected = false;
  /** Changes each message before it is sent. */
  transform: (message: MessageToRemote) => object = (message) => message;

  constructor(url: string | (() => string | Promise<string>)) {
    this.#url = typeof url === "string" ? () => url : url;
  }

  /** For `getRxStorageRemote`. */
  readonly messageChannelCreator = async (): Promise<RemoteMessageChannel> => {
    const channel = new Channel(this);
    this.#channels.add(channel);
    if (!this.#isDisconnected) await channel.open(await this.#url());
    return {
      messages$: channel.messages$,
      send: (message) => channel.send(message),
      close: async () => {
        this.#channels.delete(channel);
        channel.close();
      },
    };
  };

  /** Loses all sockets: nothing gets through any more, and the server does not notice. */
  loseSockets(): void {
    for (const channel of this.#channels) channel.lose();
  }

  /** Closes all sockets, from the client's side. */
  disconnect(): void {
    this.#isDisconnected = true;
    for (const channel of this.#channels) channel.close();
  }

  /** Opens new sockets to the same URL, or another one, without telling RxDB. */
  async reconnect(url?: string): Promise<void> {
    if (url !== undefined) this.#url = () => url;
    this.#isDisconnected = false;
    for (const channel of this.#channels) channel.close();
    for (const channel of this.#channels) await channel.open(await this.#url());
  }

  /** The event bulks received, in order. */
  get eventBulks(): EventBulk[] {
    return eventBulksIn(this.received);
  }
}

/** A message channel of RxDB, on one socket after the other. */
class Channel {
  readonly messages$ = new Subject<MessageFromRemote>();
  #network: Network;
  #socket: WebSocket | null = null;
  #queue: string[] = [];

  constructor(network: Network) {
    this.#network = network;
  }

  async open(url: string): Promise<void> {
    const socket = await openSocket(url);
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#receive(String(data));
    });
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#network.closeCodes.push(code);
    });
    this.#socket = socket;
    for (const frame of this.#queue.splice(0)) socket.send(frame);
  }

  close(): void {
    const socket = this.#socket;
    this.lose();
    socket?.close(1000);
  }

  lose(): void {
    this.#socket = null;
  }

  /** A message without attachments is sent at once, so that messages keep their order. */
  send(message: MessageToRemote): void | Promise<void> {
    const blobs: Promise<void>[] = [];
    const plain = withoutBlobs(this.#network.transform(message), blobs);
    const sendPlain = () => {
      const frame = JSON.stringify(plain);
      this.#network.sent.push(frame);
      if (this.#socket) this.#socket.send(frame);
      else this.#queue.push(frame);
    };
    return blobs.length > 0 ? Promise.all(blobs).then(sendPlain) : sendPlain();
  }

  #receive(frame: string): void {
    const message = JSON.parse(frame) as MessageFromRemote;
    this.#network.received.push(message);
    this.messages$.next(message);
  }
}

/** A copy with base64 in place of each Blob; it is complete once all promises in `blobs` resolve. */
export function withoutBlobs(value: unknown, blobs: Promise<void>[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutBlobs(item, blobs));
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item instanceof Blob) {
      const setBase64 = (base64: string) => {
        copy[key] = base64;
      };
      blobs.push(toBase64(item).then(setBase64));
    } else if (key === "__proto__") {
      Object.defineProperty(copy, key, { value: withoutBlobs(item, blobs), enumerable: true });
    } else copy[key] = withoutBlobs(item, blobs);
  }
  return copy;
}

const toBase64 = async (blob: Blob): Promise<string> =>
  Buffer.from(await blob.arrayBuffer()).toString("base64");
