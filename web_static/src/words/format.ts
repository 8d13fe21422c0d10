// Numbers and shapes as people read them.

/** `28×28×6`; a side that the model leaves open is `?`. */
export function shapeText(shape: readonly (number | null)[]): string {
  return shape.length === 0 ? "scalar" : shape.map((side) => side ?? "?").join("×");
}

/** `2,416`, `61.7 k`, `4.69 M`. */
export function countText(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} G`;
  if (count >= 999_950) return `${(count / 1e6).toFixed(2)} M`;
  if (count >= 10_000) return `${(count / 1e3).toFixed(1)} k`;
  return Math.round(count).toLocaleString("en-US");
}

/** A value with about four digits, the same width for like sizes. */
export function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return value.toFixed(1);
  return value.toFixed(size >= 10 ? 2 : 3);
}

/** The ends of a scale: `0`, `2.3`, `-10.2`. */
export function endText(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || !Number.isFinite(value)) return valueText(value);
  if (size >= 1000 || size < 0.01) return valueText(value);
  return size >= 1 ? value.toFixed(1) : value.toFixed(2);
}

/** A probability: `90.0 %`, `<0.1 %`. */
export function percentText(share: number): string {
  if (share > 0 && share < 0.001) return "<0.1 %";
  return `${(share * 100).toFixed(1)} %`;
}

/** A share where tenths would be noise: `76 %`, `<1 %`. */
export function shareText(share: number): string {
  if (share > 0 && share < 0.01) return "<1 %";
  if (share < 1 && share > 0.99) return ">99 %";
  return `${Math.round(share * 100)} %`;
}

/** A value in few characters, for a cell. */
export function cellText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  const exponent = size >= 1e5 || size < 5e-4;
  const text = exponent ? value.toExponential(0).replace("e+", "e") : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.01 ? 2 : 3);
  return text.replaceAll("-", "−");
}

export function plural(count: number, word: string): string {
  return `${countText(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** 812 bytes, 742 KB, 9.8 MB. */
export function bytesText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB"];
  const power = Math.min(3, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const size = bytes / 1024 ** power;
  return `${power === 0 || size >= 100 ? Math.round(size) : Number(size.toPrecision(2))} ${units[power] ?? ""}`;
}
