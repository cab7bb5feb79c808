/** A client of RxDB's Remote RxStorage that makes one call at a time, so that each can be counted. */

/** An accepted WebSocket, of the runtime or of Miniflare. */
export interface AcceptedSocket {
  send(text: string): void;
  close(): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

interface RxdbResponse {
  answerTo: string;
  return?: unknown;
  error?: { message: string };
}

/** An app's socket. */
export class RxdbSocket {
  /** Number of messages sent. */
  sentMessages = 0;
  readonly #socket: AcceptedSocket;
  readonly #pending = new Map<string, (response: RxdbResponse) => void>();

  constructor(socket: AcceptedSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const response = JSON.parse(String(data)) as RxdbResponse;
      this.#pending.get(response.answerTo)?.(response);
    });
  }

  /** Calls a method of a storage instance. Throws if the response is an error. */
  async call(connectionId: string, method: string, params: unknown): Promise<unknown> {
    const requestId = `request-${this.sentMessages++}`;
    const responded = new Promise<RxdbResponse>((resolve) => this.#pending.set(requestId, resolve));
    this.#socket.send(
      JSON.stringify({ connectionId, requestId, version: "17.6.0", method, params }),
    );
    const response = await responded;
    this.#pending.delete(requestId);
    if (response.error) throw new Error(`${method}: ${response.error.message}`);
    return response.return;
  }

  close(): void {
    this.#socket.close();
  }
}
