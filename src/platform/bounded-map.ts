/** A map that an isolate keeps in memory, whoever adds to it. */

/** A map with at most so many entries: a new one pushes out the one that was added first. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #maxSize: number;

  constructor(maxSize: number) {
    super();
    this.#maxSize = maxSize;
  }

  /** Sets an entry; one that is there already keeps its place. To make it the last one, delete it before. */
  override set(key: Key, value: Value): this {
    if (this.size >= this.#maxSize && !this.has(key)) this.delete(this.keys().next().value as Key);
    return super.set(key, value);
  }
}
