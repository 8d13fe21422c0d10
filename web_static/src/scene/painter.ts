// What a closed box shows, from the node, the sample and the view's state.

import type { Activation, AttributionInfo, HeatMap } from "../bundle/manifest.gen";
import { featureOf } from "../bundle/features";
import type { Report } from "../bundle/model";
import { LAST_CODE, valueOf, type Tensor } from "../bundle/tensor";
import { fullColour } from "../colour/heat";
import { KINDS, rgb, TOKENS } from "../colour/tokens";
import { shownRange } from "../colour/value";
import type { Grid } from "../forms/form";
import { mapsGrid, NO_STEPS } from "../forms/grid";
import { FORMS } from "../forms/index";
import { mosaicOf, sheetOf, weightOf } from "../forms/plates";
import type { ViewNode } from "../layout/fold";
import type { Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import { MODE } from "./faceshader";
import { NO_DECK, type Deck, type MapPlace, type Paint } from "./params";
import type { Plates } from "./plates";
import type { Stock } from "./stock";

/** How strongly heat covers what it lies over. */
const HEAT = { picture: 0.92, chosen: 0.9, other: { dark: 0.6, light: 0.85 }, usual: 0.8 };

export interface Face {
  readonly tensor: Tensor;
  readonly grid: Grid;
}

/** The thumbnail of a node as a grid; null where there is none yet. */
export function thumbFace(node: ViewNode, activation: Activation | undefined, pose: Pose, stock: Stock): Face | null {
  const tensor = stock.tensor(activation?.thumb ?? null);
  return tensor && { tensor, grid: FORMS[node.form].grid(tensor.shape, pose.width / pose.height, "thumb") };
}

/** The mask of a sequence's steps, where its bytes are here. */
export function maskOf({ mask }: Activation, offset: number | null): Paint["mask"] {
  return mask === null || offset === null || mask.shape.length !== 1 ? null : { offset, length: mask.shape[0] ?? 0 };
}

/** Whether a thumbnail is the mean of |activation| over channels. */
export function isMean(node: ViewNode, tensor: Tensor): boolean {
  return (node.form === "planes" || node.form === "volume") && tensor.shape[0] === 1 && (node.stored[0] ?? 1) > 1;
}

export function kindColour({ kind }: ViewNode, theme: ViewState["theme"]): readonly [number, number, number] {
  const [r, g, b] = rgb(KINDS[theme][kind]);
  return [r / 255, g / 255, b / 255];
}

export class Painter {
  readonly #info: AttributionInfo | undefined;
  readonly #maps: ReadonlyMap<string, HeatMap>;

  constructor(readonly report: Report, readonly state: ViewState, readonly stock: Stock, readonly startOf: (id: string) => number, readonly plates: Plates) {
    const { mode, method, sample, target } = state;
    this.#info = mode === "attribution" && method !== null ? report.heat({ method, sample, target }) : undefined;
    this.#maps = new Map([...(this.#info?.inputs ?? []), ...(this.#info?.layers ?? [])].map((map) => [map.node, map]));
  }

  /** The node whose map is the one that the method is about. */
  get chosen(): string | null {
    return this.state.heatLayer ?? this.#info?.layer ?? null;
  }

  heatOf(node: ViewNode): HeatMap | undefined {
    const id = [...node.members].reverse().find((member) => this.#maps.has(member));
    return id === undefined ? undefined : this.#maps.get(id);
  }

  paint(node: ViewNode, pose: Pose): Paint {
    const { state, stock } = this;
    const activation = this.report.activation(state.sample, node.shows);
    const blank: Paint = {
      mode: MODE.blank, grid: null, codes: 0, quants: 0, end: 1, clamp: null, signed: false, mask: null, map: null, heat: null, opacity: 0, mixed: node.sheets.length > 0,
      tint: node.role === "stub" ? 0.8 : 0.12, deck: this.#deck(node, activation), kind: kindColour(node, state.theme), start: this.startOf(node.id),
    };
    if (node.role === "stub" && !node.folded) return blank;
    if (state.mode === "kernels") return this.#kernels(node, pose, blank);
    const sheet = state.mode === "features" ? this.#features(node, pose) : null;
    if (sheet) return { ...blank, mode: MODE.picture, map: sheet };
    const picture = this.#picture(node);
    const attribution = state.mode === "attribution";
    if (picture) return { ...blank, mode: attribution ? MODE.heatPicture : MODE.picture, map: picture, ...(attribution ? this.#heat(node, true) : {}) };
    const face = thumbFace(node, activation, pose, stock);
    if (!face || !activation?.thumb) return blank;
    const flat = node.form === "planes" || node.form === "image" || node.form === "volume";
    if (attribution && flat) return { ...blank, mode: MODE.heatMap, map: this.#meanMap(activation, face.tensor), ...this.#heat(node, false) };
    const codes = stock.offset(activation.thumb) ?? 0;
    // A mean is a picture to know the layer by, stretched from its least to its largest: it has no zero to show. On one
    // scale for all layers it is what it is.
    if (isMean(node, face.tensor) && state.range !== "fixed") return { ...blank, mode: MODE.values, grid: face.grid, codes, quants: stock.plain(), end: 1 };
    const own = state.range === "channel" && face.tensor.shape[0] !== 1;
    const range = shownRange(state, activation.summary);
    const end = own ? 0 : range.high;
    const mask = maskOf(activation, stock.offset(activation.mask));
    return { ...blank, mode: face.grid.curves ? MODE.curves : MODE.values, signed: range.low < 0, mask, grid: face.grid, codes, quants: stock.quants(activation.thumb, face.tensor), end, clamp: face.tensor.clamp };
  }

  /** The layer's kernels; nothing on those that have none, or whose kernels are still on their way. */
  #kernels(node: ViewNode, pose: Pose, blank: Paint): Paint {
    const { stock, state } = this;
    const [plate, weight] = [this.plates.of(node), weightOf(this.report, node.members)];
    if (!plate || !weight?.tensor) return blank;
    const name = `kernels ${weight.tensor.blob} ${weight.tensor.offset}`;
    const grid = mapsGrid(plate.maps, plate.height, plate.width, pose.width / pose.height);
    if (plate.rgb) {
      const gap = rgb(TOKENS[state.theme].gap);
      const { height, width, pixels } = mosaicOf(plate, grid.columns, gap);
      return { ...blank, mode: MODE.picture, map: { offset: stock.extra(`${name} ${grid.columns} ${state.theme}`, () => pixels), height, width, unit: 3 } };
    }
    const quants = stock.pair(name, plate.most / (LAST_CODE / 2), -plate.most);
    // One pair serves all maps.
    const own = { ...grid, quant: { ...NO_STEPS, divide: 1 } };
    return { ...blank, mode: MODE.values, grid: own, codes: stock.extra(name, () => plate.codes), quants, end: plate.most, signed: true };
  }

  /** What the layer's channels look for, as one picture in the shape of its face; null where that isn't known or here. */
  #features(node: ViewNode, pose: Pose): MapPlace | null {
    const feature = featureOf(this.report, node.members);
    const tensor = this.stock.tensor(feature?.pictures ?? null);
    const plate = tensor && sheetOf(tensor);
    if (!feature || !plate) return null;
    const { columns } = mapsGrid(plate.maps, plate.height, plate.width, pose.width / pose.height);
    const { height, width, pixels } = mosaicOf(plate, columns, rgb(TOKENS[this.state.theme].gap));
    const name = `features ${feature.node} ${columns} ${this.state.theme}`;
    return { offset: this.stock.extra(name, () => pixels), height, width, unit: 3 };
  }

  #picture(node: ViewNode): MapPlace | null {
    const picture = this.report.sample(this.state.sample)?.pictures.find((item) => item.node === node.shows);
    const offset = this.stock.offset(picture?.tensor ?? null);
    if (!picture || offset === null) return null;
    const [height = 1, width = 1, unit = 1] = picture.tensor.shape;
    return { offset, height, width, unit };
  }

  /** How many times stronger a map is drawn than it is stored. */
  #gain(map: HeatMap, tensor: Tensor): number {
    return 1 / fullColour(map, tensor, this.report.manifest.methods.find((item) => item.name === this.#info?.method));
  }

  #heat(node: ViewNode, picture: boolean): Pick<Paint, "heat" | "opacity" | "end"> {
    const map = this.heatOf(node);
    const [offset, tensor] = [this.stock.offset(map?.tensor ?? null), this.stock.tensor(map?.tensor ?? null)];
    if (!map || map.blank || offset === null || !tensor) return { heat: null, opacity: 0, end: 0 };
    const [, height = 1, width = 1] = tensor.shape;
    const chosen = this.chosen !== null && node.members.includes(this.chosen);
    const share = picture ? HEAT.picture : chosen ? HEAT.chosen : HEAT.other[this.state.theme];
    const { from, unit, zero } = this.#coded(map, tensor, offset);
    return { heat: { offset: from, unit: unit * this.#gain(map, tensor), height, width }, opacity: Math.min(1, (share * this.state.opacity) / HEAT.usual), end: zero };
  }

  /** Where the codes of a map lie, what one of them is worth, and which of them is zero. */
  #coded(map: HeatMap, tensor: Tensor, offset: number): { from: number; unit: number; zero: number } {
    const [unit, low] = [tensor.scale?.[0] ?? 0, tensor.zero?.[0] ?? 0];
    if (!map.signed || unit === 0) return { from: offset, unit, zero: 0 };
    const zero = Math.round(-low / unit);
    if (this.state.sign === "signed") return { from: offset, unit, zero };
    const sizes = (): Uint8Array => Uint8Array.from(tensor.codes ?? [], (code) => (code <= LAST_CODE ? Math.abs(code - zero) : code));
    return { from: this.stock.extra(`size ${map.tensor.blob} ${map.tensor.offset}`, sizes), unit, zero: 0 };
  }

  /** The mean of |activation| as codes 0..252. */
  #meanMap({ thumb, node }: Activation, tensor: Tensor): MapPlace {
    const [maps = 1, height = 1, width = 1] = tensor.shape;
    const unit = 1 / LAST_CODE;
    if (maps === 1) return { offset: this.stock.offset(thumb) ?? 0, height, width, unit };
    const offset = this.stock.extra(`mean ${this.state.sample} ${node}`, () => {
      const sums = new Float32Array(height * width);
      const { codes, scale, zero, clamp } = tensor;
      for (let i = 0; i < maps * height * width; i++) {
        const [code, map, cell] = [codes?.[i] ?? 0, Math.floor(i / sums.length), i % sums.length];
        if (code <= LAST_CODE) sums[cell] = (sums[cell] ?? 0) + Math.abs(valueOf(code, scale?.[map] ?? 0, zero?.[map] ?? 0, clamp));
      }
      const most = Math.max(...sums, 1e-30);
      return Uint8Array.from(sums, (value) => Math.round((value / most) * LAST_CODE));
    });
    return { offset, height, width, unit };
  }

  #deck(node: ViewNode, activation: Activation | undefined): Deck {
    const [side, top] = [activation?.side ?? null, activation?.top ?? null];
    const at = { side: this.stock.offset(side), top: this.stock.offset(top) };
    const contrast = node.sheets.length > 0 ? 0.55 : 1;
    if (at.side === null || at.top === null) return { ...NO_DECK, sheets: node.sheets.length > 0 ? Math.min(28, node.sheets.length) : 1, contrast };
    return { sheets: side?.shape[0] ?? 1, side: at.side, top: at.top, height: side?.shape[1] ?? 0, width: top?.shape[1] ?? 0, contrast };
  }
}

/** Colours of each box's sheets, a row a box. */
export function sheetColours(nodes: readonly ViewNode[], paints: readonly Paint[], theme: ViewState["theme"], wide: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(Math.max(1, nodes.length) * wide * 4);
  nodes.forEach((node, row) => {
    const count = paints[row]?.deck.sheets ?? 1;
    for (let i = 0; i < Math.min(count, wide) && node.sheets.length > 0; i++) {
      const kind = node.sheets[Math.floor((i / count) * node.sheets.length)] ?? "block";
      pixels.set([...rgb(KINDS[theme][kind]), 255], (row * wide + i) * 4);
    }
  });
  return pixels;
}

/** Token colours as the shaders take them. */
export function shades(theme: ViewState["theme"]): Record<"background" | "glow" | "gap" | "paper" | "ink" | "accent", number[]> {
  const of = (hex: string): number[] => rgb(hex).map((part) => part / 255);
  const { scene, glow, gap, accent } = TOKENS[theme];
  const greys = theme === "dark" ? { paper: "#11161e", ink: "#d9dce2" } : { paper: "#eff3fb", ink: "#3b3e46" };
  return { background: of(scene), glow: of(glow), gap: of(gap), paper: of(greys.paper), ink: of(greys.ink), accent: of(accent) };
}
