// The bytes that closed faces are drawn from: whole blobs, one after the other, as they came.

import type { TensorRef } from "../bundle/manifest.gen";
import { decode, LAST_CODE, type Tensor } from "../bundle/tensor";

export class Stock {
  readonly #blobs = new Map<string, { readonly bytes: Uint8Array; readonly offset: number }>();
  readonly #extras = new Map<string, number>();
  readonly #parts: { readonly bytes: Uint8Array; readonly offset: number }[] = [];
  readonly #pairs: number[] = [];
  readonly #pairOf = new Map<string, number>();
  #length = 0;
  #version = 0;

  has(blob: string): boolean {
    return this.#blobs.has(blob);
  }

  add(blob: string, bytes: Uint8Array): void {
    this.#blobs.set(blob, { bytes, offset: this.#append(bytes) });
  }

  /** Bytes that were worked out here, made once for a name. Gives their offset. */
  extra(name: string, make: () => Uint8Array): number {
    const known = this.#extras.get(name);
    if (known !== undefined) return known;
    const offset = this.#append(make());
    this.#extras.set(name, offset);
    return offset;
  }

  #append(bytes: Uint8Array): number {
    const offset = this.#length;
    this.#parts.push({ bytes, offset });
    this.#length += bytes.length;
    this.#version++;
    return offset;
  }

  /** Where a tensor's codes begin; null where its blob isn't here. */
  offset(ref: TensorRef | null): number | null {
    const blob = ref ? this.#blobs.get(ref.blob) : undefined;
    return ref && blob ? blob.offset + ref.offset : null;
  }

  tensor(ref: TensorRef | null): Tensor | null {
    const blob = ref ? this.#blobs.get(ref.blob) : undefined;
    return ref && blob ? decode(ref, blob.bytes) : null;
  }

  /** Where a tensor's pairs of scale and zero begin among all pairs. */
  quants(ref: TensorRef, { scale, zero }: Tensor): number {
    const key = `${ref.blob} ${ref.offset}`;
    const known = this.#pairOf.get(key);
    if (known !== undefined) return known;
    const first = this.#pairs.length / 2;
    scale?.forEach((value, i) => this.#pairs.push(value, zero?.[i] ?? 0));
    this.#pairOf.set(key, first);
    this.#version++;
    return first;
  }

  /** A pair that makes codes 0..252 to 0..1. */
  plain(): number {
    return this.pair("", 1 / LAST_CODE, 0);
  }

  /** The place of a pair of scale and zero that was worked out here, made once for a name. */
  pair(name: string, scale: number, zero: number): number {
    const known = this.#pairOf.get(name);
    if (known !== undefined) return known;
    const first = this.#pairs.length / 2;
    this.#pairs.push(scale, zero);
    this.#pairOf.set(name, first);
    this.#version++;
    return first;
  }

  codes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length);
    for (const { bytes, offset } of this.#parts) all.set(bytes, offset);
    return all;
  }

  pairs(): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#pairs);
  }

  clear(): void {
    this.#blobs.clear();
    this.#extras.clear();
    this.#pairOf.clear();
    this.#parts.length = 0;
    this.#pairs.length = 0;
    this.#length = 0;
    this.#version++;
  }

  /** Bytes held. */
  get size(): number {
    return this.#length;
  }

  /** Another number after each change. */
  get version(): number {
    return this.#version;
  }
}
