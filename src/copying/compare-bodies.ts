/** Compares the bytes of two streams as they arrive. */

/** Whether two streams have the same bytes. Both are cancelled at the first difference. */
export async function areBodiesEqual(
  a: ReadableStream<Uint8Array>,
  b: ReadableStream<Uint8Array>,
): Promise<boolean> {
  const [left, right] = [new Chunks(a), new Chunks(b)];
  try {
    for (;;) {
      const [one, other] = await Promise.all([left.peek(), right.peek()]);
      if (one === null || other === null) return one === other;
      const length = Math.min(one.byteLength, other.byteLength);
      const parts = [one.subarray(0, length), other.subarray(0, length)] as const;
      // Not for its timing: it is the comparison that the runtime has of its own.
      if (!crypto.subtle.timingSafeEqual(...parts)) return false;
      left.skip(length);
      right.skip(length);
    }
  } finally {
    await Promise.all([left.cancel(), right.cancel()]);
  }
}

/** The chunks of a stream, which can be taken in parts. */
class Chunks {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** What has arrived and was not skipped, at least a byte; null at the end. */
  async peek(): Promise<Uint8Array | null> {
    while (this.#rest.byteLength === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#rest = value;
    }
    return this.#rest;
  }

  skip(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
