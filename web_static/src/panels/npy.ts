// NumPy's .npy format, version 1.0.

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
const ALIGN = 64;

/** Float32 values in C order with their shape. */
export function npy(shape: readonly number[], values: Float32Array): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `(${shape[0] ?? 0},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const head = MAGIC.length + 2;
  const length = Math.ceil((head + dictionary.length + 1) / ALIGN) * ALIGN - head;
  const text = `${dictionary.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(head + length + 4 * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(MAGIC.length, length, true);
  for (let i = 0; i < text.length; i++) bytes[head + i] = text.charCodeAt(i);
  values.forEach((value, i) => view.setFloat32(head + length + 4 * i, value, true));
  return bytes;
}

/** Values in stored order, channels first, to the model's own order, where the channel axis is `channelAxis`. */
export function channelsTo(channelAxis: number, shape: readonly number[], values: Float32Array): { readonly shape: number[]; readonly values: Float32Array } {
  const rest = shape.slice(1);
  const channels = shape[0] ?? 1;
  const target = [...rest.slice(0, channelAxis), channels, ...rest.slice(channelAxis)];
  const outer = rest.slice(0, channelAxis).reduce((product, side) => product * side, 1);
  const inner = rest.slice(channelAxis).reduce((product, side) => product * side, 1);
  const moved = new Float32Array(values.length);
  for (let channel = 0, from = 0; channel < channels; channel++) {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) moved[(o * channels + channel) * inner + i] = values[from++] ?? NaN;
    }
  }
  return { shape: target, values: moved };
}
