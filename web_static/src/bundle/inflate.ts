// Base64 and raw deflate to bytes, in slices.

import { pacer } from "./pace";
import { SourceError } from "./source";

// Multiples of four characters, so that each slice is base64 of its own.
const TEXT_SLICE = 1 << 20;
const BYTE_SLICE = 1 << 16;

interface Base64Reader {
  fromBase64?: (text: string) => Uint8Array<ArrayBuffer>;
}

function decodeSlice(text: string): Uint8Array<ArrayBuffer> {
  const reader = Uint8Array as Base64Reader;
  if (reader.fromBase64) return reader.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Bytes of base64 text. Throws SourceError where it is no base64. */
export async function fromBase64(text: string, id: string): Promise<Uint8Array<ArrayBuffer>> {
  const body = text.trim();
  const bytes = new Uint8Array(Math.ceil(body.length / 4) * 3);
  const breathe = pacer();
  let length = 0;
  for (let start = 0; start < body.length; start += TEXT_SLICE) {
    try {
      const slice = decodeSlice(body.slice(start, start + TEXT_SLICE));
      bytes.set(slice, length);
      length += slice.length;
    } catch {
      throw new SourceError(`This file is damaged: its part “${id}” is not base64. Export it again.`);
    }
    await breathe();
  }
  return bytes.subarray(0, length);
}

/** Inflates raw deflate to exactly `size` bytes. Throws SourceError where that is not what comes out. */
export async function inflate(packed: Uint8Array<ArrayBuffer>, size: number, id: string): Promise<Uint8Array> {
  const damaged = (): SourceError =>
    new SourceError(`This file is damaged: its part “${id}” should inflate to ${size} bytes and does not. Export it again.`);
  const stream = new DecompressionStream("deflate-raw");
  const writer = stream.writable.getWriter();
  const breathe = pacer();
  const feed = async (): Promise<void> => {
    for (let start = 0; start < packed.length; start += BYTE_SLICE) {
      await writer.write(packed.subarray(start, start + BYTE_SLICE));
      await breathe();
    }
    await writer.close();
  };
  const fed = feed();
  // The reader meets the same fault and reports it.
  fed.catch(() => undefined);
  const bytes = new Uint8Array(size);
  const reader = stream.readable.getReader();
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (length + part.value.length > size) throw damaged();
      bytes.set(part.value, length);
      length += part.value.length;
    }
  } catch {
    throw damaged();
  }
  if (length !== size) throw damaged();
  return bytes;
}
