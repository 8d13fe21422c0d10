// The cell whose origin is told, as text: the node and its index in the model's own order of axes.

export interface CellAt {
  readonly node: string;
  readonly index: readonly number[];
}

export function writeCell({ node, index }: CellAt): string {
  return `${index.join(".")}@${node}`;
}

/** Null for text that names no cell. */
export function readCell(text: string): CellAt | null {
  const [places, node] = [text.slice(0, text.indexOf("@")), text.slice(text.indexOf("@") + 1)];
  return /^\d{1,9}(\.\d{1,9})*$/.test(places) && node !== "" ? { node, index: places.split(".").map(Number) } : null;
}
