// Inflated blobs, the least recently used let go first.

export class BlobCache {
  readonly #limit: number;
  readonly #entries = new Map<string, { readonly bytes: Promise<Uint8Array>; size: number }>();
  #held = 0;

  /** `limit`: bytes to hold at most, apart from the newest blob. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(id: string, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.#entries.get(id);
    if (known) {
      // Insertion order is the order of use.
      this.#entries.delete(id);
      this.#entries.set(id, known);
      return known.bytes;
    }
    const entry = { bytes: load(), size: 0 };
    this.#entries.set(id, entry);
    entry.bytes.then(
      (bytes) => {
        if (this.#entries.get(id) !== entry) return;
        entry.size = bytes.byteLength;
        this.#held += entry.size;
        this.#evict(id);
      },
      // Not kept, so that a blob that failed on the way can be asked for again.
      () => this.#entries.delete(id),
    );
    return entry.bytes;
  }

  #evict(newest: string): void {
    for (const [id, { size }] of this.#entries) {
      if (this.#held <= this.#limit) return;
      if (id === newest || size === 0) continue;
      this.#entries.delete(id);
      this.#held -= size;
    }
  }
}
