// The measures that boxes, rows and wires keep between them. Scene units unless said otherwise.

export const TURN = -30;
export const GAP = 0.5;
export const GLYPH_GAP = 0.3;
export const GLYPH = 0.42;
/** Height of links above the floor. */
export const RAIL = 0.62;
/** CSS pixels that labels take under a row. */
export const LABEL_PX = 44;

/** CSS pixels that labels of a level take under a row. */
export function labelRoom(level: 0 | 1 | 2 | 3): number {
  return level === 0 ? LABEL_PX : level === 3 ? 13 : LABEL_PX - 14;
}

export const ROW_GAP = 1.05;
/** Each row stands so much nearer than the one before. */
export const ROW_STEP = 1;
export const ARC = 0.32;
export const ARC_STEP = 0.3;
export const ARC_RADIUS = 0.28;
export const RETURN_RADIUS = 0.25;
export const LEFT_MARGIN = 0.75;
export const RIGHT_MARGIN = 0.45;
export const LANE_GAP = 0.45;
export const STUB = { width: 0.2, height: 0.6, depth: 0.16 };
/** CSS pixels between two labels. */
export const LABEL_GAP_PX = 12;

const COS = Math.cos((TURN * Math.PI) / 180);
const SIN = Math.abs(Math.sin((TURN * Math.PI) / 180));

/** How wide a turned box stands. */
export function footprint({ width, depth }: { readonly width: number; readonly depth: number }): number {
  return width * COS + depth * SIN;
}

/** Camera pitch in degrees. */
export const PITCH = 13;
export const FIELD_OF_VIEW = 22;
