// Bytes and floats as textures that shaders read by position rather than by coordinate.

import { DataTexture, FloatType, NearestFilter, RedFormat, RGBAFormat, RGFormat, UnsignedByteType, type PixelFormat, type TextureDataType } from "three";

/** Texels of a row; shaders split a position into row and column by it. */
export const BYTES_WIDE = 4096;
export const QUANTS_WIDE = 1024;

function texture(data: BufferSource & (Uint8Array | Float32Array), width: number, height: number, format: PixelFormat, type: TextureDataType): DataTexture {
  const made = new DataTexture(data, width, height, format, type);
  made.magFilter = NearestFilter;
  made.minFilter = NearestFilter;
  made.generateMipmaps = false;
  made.unpackAlignment = 1;
  made.needsUpdate = true;
  return made;
}

function padded<T extends Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(data: T, length: number, make: (length: number) => T): T {
  if (data.length === length) return data;
  const whole = make(length);
  whole.set(data);
  return whole;
}

/** One byte a texel. */
export function bytesTexture(data: Uint8Array<ArrayBuffer>): DataTexture {
  const rows = Math.max(1, Math.ceil(data.length / BYTES_WIDE));
  return texture(padded(data, rows * BYTES_WIDE, (length) => new Uint8Array(length)), BYTES_WIDE, rows, RedFormat, UnsignedByteType);
}

/** Pairs of scale and zero. */
export function quantsTexture(pairs: Float32Array<ArrayBuffer>): DataTexture {
  const rows = Math.max(1, Math.ceil(pairs.length / 2 / QUANTS_WIDE));
  return texture(padded(pairs, rows * QUANTS_WIDE * 2, (length) => new Float32Array(length)), QUANTS_WIDE, rows, RGFormat, FloatType);
}

/** Four floats a texel. */
export function floatsTexture(data: Float32Array<ArrayBuffer>, width: number): DataTexture {
  return texture(data, width, Math.max(1, data.length / 4 / width), RGBAFormat, FloatType);
}

/** RGBA bytes. */
export function colourTexture(data: Uint8Array<ArrayBuffer>, width: number): DataTexture {
  return texture(data, width, Math.max(1, data.length / 4 / width), RGBAFormat, UnsignedByteType);
}
