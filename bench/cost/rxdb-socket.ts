/** The wire of RxDB's Remote RxStorage, one call at a time, so that each can be billed by itself. */

/** A WebSocket that has been accepted, of the runtime or of Miniflare. */
export interface Socket {
  send(text: string): void;
  close(): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

interface Answer {
  answerTo: string;
  return?: unknown;
  error?: { message: string };
}

/** A socket of an app. */
export class RxdbSocket {
  /** Messages that were sent. */
  sent = 0;
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      this.#waiting.get(answer.answerTo)?.(answer);
    });
  }

  /** Throws if the answer is an error. */
  async call(connectionId: string, method: string, params: unknown): Promise<unknown> {
    const requestId = `request-${this.sent++}`;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(requestId, resolve));
    this.#socket.send(
      JSON.stringify({ connectionId, requestId, version: "17.6.0", method, params }),
    );
    const answer = await answered;
    this.#waiting.delete(requestId);
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.return;
  }

  close(): void {
    this.#socket.close();
  }
}
