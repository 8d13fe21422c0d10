// The scene: keeps the picture in step with the store, and tells what is under the pointer.

import type { Report } from "../bundle/model";
import type { Cell, Grid } from "../forms/form";
import { cellAt, cellRect } from "../forms/grid";
import { FORMS } from "../forms/index";
import { sizing } from "../forms/sizing";
import { focusLayout } from "../layout/focus";
import { viewGraph, type ViewGraph } from "../layout/fold";
import { layout as shelves } from "../layout/layout";
import { PITCH, TURN } from "../layout/measures";
import type { Layout, Options, Placed, Pose } from "../layout/types";
import type { Store, ViewState } from "../state/store";
import { between, fit, Lens, type Extent, type View } from "./camera";
import { control } from "./controller";
import { SHEETS_WIDE } from "./faces";
import { discsOf, drawBoxes, drawMarks, drawWires, type Look } from "./ink";
import { labelWidth, Labels } from "./labels";
import { Motion } from "./motion";
import { OpenLayers, type Opened } from "./opened";
import { isMean, Painter, sheetColours, thumbFace } from "./painter";
import { betweenStands, carried, standing, type Stand } from "./poses";
import { Predictions, RESERVED, showable } from "./predictions";
import { corners, meet, pointOn } from "./solid";
import { Stage } from "./stage";
import { Stock } from "./stock";

/** What is under a place of the window. */
export interface Under {
  /** The visible box. */
  readonly node: string;
  /** The node whose activation the box shows. */
  readonly shows: string;
  readonly channel: number | null;
  /** In stored order; empty where no cell is meant. */
  readonly index: readonly number[];
  readonly value: number | null;
  /** Whether the value is a mean over an area of the model's own map. */
  readonly reduced: boolean;
}

export interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places are CSS pixels of the window unless said otherwise. */
export interface Scene {
  flyTo(id: string): void;
  /** Back to the whole picture, seen from the front. */
  home(): void;
  zoom(factor: number): void;
  /** Shows all channels of every visible layer; resolves when they are drawn. */
  openAll(): Promise<void>;
  closeAll(): void;
  stats(): { draws: number; visible: number; frames: number };
  /** The middle of a box, or of a cell on its face; null where it isn't visible. */
  screenOf(id: string, index?: { readonly channel?: number; readonly y?: number; readonly x?: number }): { x: number; y: number } | null;
  cell(x: number, y: number): Under | null;
  /** Where a box is drawn, in CSS pixels of the host. */
  boundsOf(id: string): Bounds | null;
  /** The canvas as a PNG. */
  picture(): Promise<Blob>;
  /** Resolves when every visible layer has been drawn with its thumbnail. */
  readonly firstFrame: Promise<void>;
  dispose(): void;
}

const PHONE = 640;
const NONE: ReadonlySet<string> = new Set();
const OTHER_FORMS_FADE = 0.55;

export function createScene(host: HTMLElement, report: Report, store: Store): Scene {
  return new Shown(host, report, store);
}

class Shown implements Scene {
  readonly firstFrame: Promise<void>;
  readonly #stage: Stage;
  readonly #labels: Labels;
  readonly #boards: Predictions;
  readonly #open: OpenLayers;
  readonly #stock = new Stock();
  readonly #stop: (() => void)[] = [];
  #view: ViewGraph;
  #layout: Layout | null = null;
  readonly #stand = new Motion<Stand>({ placed: [], poses: [] }, betweenStands);
  readonly #camera = new Motion<View>({ target: { x: 0, y: 0, z: 0 }, distance: 30, yaw: 0, pitch: PITCH }, between);
  #size = { width: 0, height: 0 };
  #stocked = 0;
  #dirty = { ink: true, paint: true };
  #asked = 0;
  #pointer: { readonly under: Under; readonly cell: Cell | null } | null = null;
  /** The person has moved the camera since it was last placed. */
  #moved = false;
  #shownSample = -1;

  constructor(readonly host: HTMLElement, readonly report: Report, readonly store: Store) {
    const state = store.get();
    this.#view = viewGraph(report.manifest, state.unfolded, state.selected);
    this.#stage = new Stage(host);
    this.#labels = new Labels(host, (block) => this.#toggle(block));
    this.#boards = new Predictions(host);
    this.#open = new OpenLayers(report, this.#stage.shared, (opened) => this.#stage.add(opened.faces.mesh), (opened) => this.#stage.remove(opened.faces.mesh));
    this.#stop.push(store.subscribe((now, before) => this.#changed(now, before)));
    this.#stop.push(control(this.#stage.canvas, {
      view: () => this.#camera.value,
      lens: () => this.#lens(),
      moved: (view) => this.#place(view, false, true),
      hover: (x, y) => this.#hover(x, y),
      leave: () => this.#leave(),
      click: (x, y) => this.#click(x, y),
      home: () => this.home(),
    }));
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(host);
    this.#stop.push(() => observer.disconnect());
    this.#stage.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.#stage.canvas.addEventListener("webglcontextrestored", () => {
      // Textures and buffers are made anew from what is kept here.
      this.#dirty = { ink: true, paint: true };
      this.#ask();
    });
    this.#resized();
    this.firstFrame = this.#stockUp(state).then(() => this.#drawn());
  }

  // ---- state -> picture

  #changed(now: ViewState, before: ViewState): void {
    const differs = (...keys: (keyof ViewState)[]): boolean => keys.some((key) => now[key] !== before[key]);
    if (differs("unfolded", "selected", "open", "mode")) this.#relayout(true);
    if (differs("sample", "mode", "method", "target", "heatLayer", "opacity", "range", "theme", "kinds")) this.#dirty.paint = true;
    if (differs("sample", "mode", "method", "target")) void this.#stockUp(now);
    if (differs("theme")) this.#relabel();
    if (differs("open", "sample", "mode", "selected")) void this.#openUp();
    this.#dirty.ink = true;
    this.#ask();
  }

  /** Fetches the blobs that closed faces and heat maps are drawn from. */
  async #stockUp({ sample, mode, method, target }: ViewState): Promise<void> {
    const shown = this.report.sample(sample);
    const refs = [...(shown?.activations.flatMap(({ thumb, side }) => [thumb, side]) ?? []), ...(shown?.pictures.map(({ tensor }) => tensor) ?? [])];
    if (mode === "attribution" && method !== null) {
      const info = this.report.heat({ method, sample, target });
      refs.push(...[...(info?.inputs ?? []), ...(info?.layers ?? [])].map(({ tensor }) => tensor));
    }
    const blobs = [...new Set(refs.flatMap((ref) => (ref && !this.#stock.has(ref.blob) ? [ref.blob] : [])))];
    const fetched = await Promise.all(blobs.map(async (blob) => [blob, await this.report.source.blob(blob)] as const));
    for (const [blob, bytes] of fetched) if (!this.#stock.has(blob)) this.#stock.add(blob, bytes);
    if (this.store.get().sample === sample) this.#shownSample = sample;
    this.#dirty.paint = true;
    this.#relabel();
    this.#ask();
  }

  get #focus(): string | null {
    const { open, selected } = this.store.get();
    if (open.size !== 1 || selected === null || !open.has(selected)) return null;
    return this.#view.boxOf.get(selected) ?? null;
  }

  get #phone(): boolean {
    return this.#size.width < PHONE;
  }

  #options(sizes: ReturnType<typeof sizing>): Options {
    const { width, height } = this.#size;
    const insets = this.#insets();
    const outputs = new Set(this.report.sample(this.store.get().sample)?.predictions.filter(showable).map(({ node }) => this.#view.boxOf.get(node)));
    return {
      width: width - insets.left - insets.right, height: height - insets.top - insets.bottom, phone: this.#phone,
      sizeOf: sizes.sizeOf, mosaics: sizes.mosaics, labelWidth,
      reserve: (node) => (outputs.has(node.id) && !this.#phone ? RESERVED : 0),
    };
  }

  #insets(): { left: number; right: number; top: number; bottom: number } {
    const { hint } = this.store.get();
    if (this.#phone) return { left: 14, right: 14, top: hint ? 46 : 18, bottom: 14 };
    return { left: 30, right: 30, top: hint ? 50 : 32, bottom: 28 };
  }

  #relayout(smooth: boolean): void {
    if (this.#size.width < 2) return;
    const state = this.store.get();
    this.#view = viewGraph(this.report.manifest, state.unfolded, state.selected);
    const focus = this.#focus;
    const means = state.mode === "attribution";
    const sizes = sizing(this.report, this.#view, means);
    const options = this.#options(sizes);
    const before = this.#layout;
    const faceOf = means ? (node: Placed["node"]) => sizes.sizeOf(node, false) : sizes.openSize;
    this.#layout = focus === null ? shelves(this.#view, options) : focusLayout(this.#view, focus, faceOf, options);
    const old = this.#stand.value;
    const goal = standing(this.#layout);
    const same = before !== null && before.placed.length === goal.placed.length && goal.placed.every((item, i) => {
      const [was, is] = [before.placed[i], item];
      return was?.node.id === is.node.id && (Object.keys(is.pose) as (keyof Pose)[]).every((key) => was.pose[key] === is.pose[key]);
    });
    const outer = new Map<string, string>();
    for (const [id, box] of this.#view.boxOf) outer.set(id, box);
    const kin = (id: string): string | undefined => {
      const { block } = goal.placed.find((item) => item.node.id === id)?.node ?? { block: null };
      const inner = old.placed.find((item) => this.#view.boxOf.get(item.node.id) === id);
      return block ?? inner?.node.id;
    };
    this.#stand.to(goal, carried(old, goal, kin), smooth && !same && old.placed.length > 0);
    if (!same || !this.#moved) this.#place(this.#home(), smooth && before !== null, false);
    this.#dirty = { ink: true, paint: true };
    this.#relabel();
    void this.#openUp();
    this.#ask();
  }

  /** The view that shows the whole layout. */
  #home(): View {
    const layout = this.#layout;
    const focus = this.#focus;
    const shown = layout?.placed ?? [];
    const center = shown.findIndex((item) => item.node.id === focus);
    const { reserve } = this.#options(sizing(this.report, this.#view, false));
    const labelled = layout?.level === 0 ? 42 : 28;
    const extents: Extent[] = shown.flatMap((item, i) => {
      const far = shown.slice(Math.min(i, center), Math.max(i, center)).filter((other) => other.node.role === "layer" || other.node.role === "input").length;
      if (focus !== null && i !== center && (this.#phone || far > 1 || item.node.role === "stub" || item.glyph)) return [];
      const flat = { ...item.pose, y: item.floor, height: item.pose.height + item.pose.y - item.floor };
      const right = focus === null ? reserve(item.node) : 0;
      const half = layout && !item.glyph && item.node.role !== "stub" ? labelWidth(item.node, layout.level) / 2 : 0;
      const foot = { point: { x: item.pose.x, y: item.floor, z: item.pose.z }, left: half, right: half };
      return [foot, ...corners(flat).map((point, corner) => ({ point, bottom: corner & 2 ? labelled : 0, right: corner & 1 ? right : 0 }))];
    });
    for (const wire of focus === null ? (layout?.wires ?? []) : []) {
      if (wire.kind === "rail" || wire.kind === "skip") for (const point of wire.points) extents.push({ point });
    }
    const { width, height } = this.#size;
    return fit(extents, { width, height, ...this.#insets() }, focus === null ? 0 : -5, focus === null ? PITCH : 7);
  }

  #relabel(): void {
    const layout = this.#layout;
    if (!layout) return;
    const { theme, sample } = this.store.get();
    const focus = this.#focus;
    const center = layout.placed.findIndex((item) => item.node.id === focus);
    const near = (step: 1 | -1): string | undefined => {
      for (let i = center + step; i >= 0 && i < layout.placed.length; i += step) {
        const item = layout.placed[i];
        if (item && !item.glyph && item.node.role !== "stub") return item.node.id;
      }
      return undefined;
    };
    const silent = focus === null ? null : new Set([focus, near(1), near(-1)]);
    this.#labels.build(layout, theme, (item) => silent === null || silent.has(item.node.id));
    const shown = new Map(layout.placed.map((item) => [item.node.shows, item.node.id]));
    this.#boards.build(this.#phone ? [] : (this.report.sample(sample)?.predictions ?? []), (node) => shown.get(node));
  }

  async #openUp(): Promise<void> {
    const { open, sample, mode } = this.store.get();
    const focus = this.#focus;
    const boxes = new Set([...open].map((id) => this.#view.boxOf.get(id) ?? id));
    const pictures = new Set(this.report.sample(sample)?.pictures.map(({ node }) => node));
    const nodes = mode === "attribution" ? [] : (this.#layout?.placed ?? []).filter(({ node, glyph }) => {
      const stub = node.role === "stub" && !node.folded;
      return boxes.has(node.id) && !glyph && (!stub || node.id === focus) && !(focus !== null && pictures.has(node.shows));
    }).map(({ node }) => node);
    const goals = new Map(this.#stand.goal.placed.map((item, i) => [item.node.id, this.#stand.goal.poses[i]]));
    await this.#open.show(nodes, sample, (id) => goals.get(id));
    this.#dirty.paint = true;
    this.#ask();
  }

  // ---- drawing

  #resized(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width < 2 || height < 2 || (width === this.#size.width && height === this.#size.height)) return;
    const first = this.#size.width === 0;
    this.#size = { width, height };
    this.#stage.resize(width, height);
    this.#relayout(!first);
  }

  #lens(): Lens {
    return new Lens(this.#camera.value, this.#size.width, this.#size.height);
  }

  #place(view: View, smooth: boolean, byHand: boolean): void {
    this.#moved = byHand;
    this.#camera.to(view, this.#camera.value, smooth);
    this.#dirty.ink = true;
    this.#ask();
  }

  #ask(): void {
    if (this.#asked === 0) this.#asked = requestAnimationFrame((now) => this.#frame(now));
  }

  #waiting: (() => void)[] = [];

  /** Resolves after the next frame. */
  #drawn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#ask();
    });
  }

  #frame(now: number): void {
    this.#asked = 0;
    if (!this.#layout || this.#size.width < 2) return;
    const moving = [this.#stand.step(now), this.#camera.step(now)].some(Boolean);
    const state = this.store.get();
    const [lens, { placed, poses }] = [this.#lens(), this.#stand.value];
    this.#stage.theme(state.theme);
    if (this.#dirty.paint) this.#paint(state);
    if (this.#dirty.paint || this.#stand.moving || moving || this.#dirty.ink) {
      const drawn = poses.map((pose, i) => this.#dimmed(placed[i], pose, state));
      this.#stage.faces.move(placed.map((item, i) => (item.glyph ? { ...(drawn[i] as Pose), fade: 1 } : (drawn[i] as Pose))), (box) => this.#open.get(placed[box]?.node.id ?? "") !== undefined);
      placed.forEach((item, i) => this.#open.move(item.node.id, drawn[i] as Pose));
      this.#inks(lens, drawn, state);
    }
    const byId = new Map(placed.map((item, i) => [item.node.id, poses[i] as Pose]));
    const first = new Set([state.hovered, state.selected].flatMap((id) => (id === null ? [] : [this.#view.boxOf.get(id) ?? id])));
    this.#labels.update(lens, byId, first);
    this.#boards.update(lens, byId, this.#focus !== null && !this.#boardFocused());
    this.#stage.draw(lens);
    this.#dirty = { ink: false, paint: false };
    if (this.#stand.moving || this.#camera.moving) {
      this.#dirty.ink = true;
      this.#ask();
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #boardFocused(): boolean {
    const focus = this.#layout?.placed.find((item) => item.node.id === this.#focus);
    return this.report.sample(this.store.get().sample)?.predictions.some((prediction) => prediction.node === focus?.node.shows) ?? false;
  }

  /** What a kind filter or a heat map puts in the background. */
  #dimmed(item: Placed | undefined, pose: Pose, state: ViewState): Pose {
    if (!item) return pose;
    const other = state.mode === "attribution" && this.#focus === null && !["planes", "image", "volume"].includes(item.node.form);
    const out = this.#filtered(item, state) ? 0.72 : 0;
    const fade = Math.max(pose.fade, other || (state.mode === "attribution" && item.node.role === "stub") ? OTHER_FORMS_FADE : 0, out);
    return fade === pose.fade ? pose : { ...pose, fade };
  }

  #filtered({ node }: Placed, { kinds }: ViewState): boolean {
    if (kinds.size === 0) return false;
    return !node.members.some((id) => kinds.has(this.report.node(id)?.kind ?? "other")) && !kinds.has(node.kind);
  }

  #paint(state: ViewState): void {
    const { placed, poses } = this.#stand.goal;
    const painter = new Painter(this.report, { ...state, sample: this.#shownSample < 0 ? state.sample : this.#shownSample }, this.#stock);
    const paints = placed.map((item, i) => painter.paint(item.node, poses[i] as Pose));
    if (this.#stocked !== this.#stock.size || this.#stocked === 0) {
      this.#stage.faces.data(this.#stock.codes(), this.#stock.pairs());
      this.#stocked = this.#stock.size;
    }
    this.#stage.faces.paint(paints, sheetColours(placed.map((item) => item.node), paints, state.theme, SHEETS_WIDE));
    const goals = new Map(placed.map((item, i) => [item.node.id, poses[i]]));
    this.#open.refresh(state, (id) => goals.get(id));
  }

  #inks(lens: Lens, poses: readonly Pose[], state: ViewState): void {
    const { placed } = this.#stand.value;
    const painter = state.mode === "attribution" ? new Painter(this.report, state, this.#stock) : null;
    const selected = new Set([this.#focus, state.selected, painter?.chosen ?? null].flatMap((id) => (id === null ? [] : [this.#view.boxOf.get(id) ?? id])));
    const hovered = state.hovered === null ? null : (this.#view.boxOf.get(state.hovered) ?? state.hovered);
    const arrived = this.#stand.moving ? Math.max(0, this.#stand.share * 2 - 1) : 1;
    const look: Look = { theme: state.theme, hovered, selected, arrived, dim: (item) => this.#filtered(item, state) };
    const { lines, marks, discs } = this.#stage;
    lines.clear();
    if (this.#layout) drawWires(lines, this.#layout, look, new Map(placed.map((item) => [item.node.id, item])));
    drawBoxes(lines, placed, poses, look, lens, this.#focus);
    lines.commit();
    discs.set(discsOf(placed, poses, { ...look }).map((disc) => ({ ...disc })));
    marks.clear();
    this.#mark(state);
    marks.commit();
  }

  #mark(state: ViewState): void {
    const id = this.#pointer?.under.node ?? this.#focus;
    const found = id === null ? null : this.#face(id);
    if (!found || (found.opened === null && this.#focus !== null)) return;
    const cell = this.#pointer && this.#pointer.under.node === id ? this.#pointer.cell : null;
    const channel = found.opened && state.selected !== null && this.#view.boxOf.get(state.selected) === id ? state.channel : null;
    drawMarks(this.#stage.marks, found.pose, found.grid, cell, channel, state.theme);
  }

  // ---- what is where

  #face(id: string): { item: Placed; pose: Pose; grid: Grid; opened: Opened | null } | null {
    const { placed, poses } = this.#stand.value;
    const i = placed.findIndex((item) => item.node.id === id);
    const [item, pose] = [placed[i], poses[i]];
    if (!item || !pose) return null;
    const opened = this.#open.get(id) ?? null;
    const activation = this.report.activation(this.store.get().sample, item.node.shows);
    const grid = opened?.grid ?? thumbFace(item.node, activation, pose, this.#stock)?.grid;
    return grid ? { item, pose, grid, opened } : null;
  }

  #hit(x: number, y: number): { item: Placed; u: number; v: number; front: boolean } | null {
    const lens = this.#lens();
    const ray = lens.ray(x, y);
    let best: { item: Placed; u: number; v: number; front: boolean; distance: number } | null = null;
    this.#stand.value.placed.forEach((item, i) => {
      const pose = this.#stand.value.poses[i];
      if (!pose || pose.fade >= 0.97) return;
      if (item.glyph) {
        const spot = lens.project(pose);
        if (Math.hypot(spot.x - x, spot.y - y) < 10) best = { item, u: 0.5, v: 0.5, front: false, distance: 0 };
        return;
      }
      const hit = meet(ray, pose);
      if (hit && (!best || hit.distance < best.distance)) best = { item, u: hit.u, v: hit.v, front: hit.side === "front", distance: hit.distance };
    });
    return best;
  }

  #under(x: number, y: number): { under: Under; cell: Cell | null } | null {
    const hit = this.#hit(x, y);
    if (!hit) return null;
    const { node } = hit.item;
    const none: Under = { node: node.id, shows: node.shows, channel: null, index: [], value: null, reduced: false };
    const state = this.store.get();
    const face = hit.front && (node.role !== "stub" || this.#open.get(node.id)) ? this.#face(node.id) : null;
    const cell = face ? cellAt(face.grid, hit.u, hit.v) : null;
    if (!face || !cell) return { under: none, cell: null };
    const activation = this.report.activation(state.sample, node.shows);
    const tensor = face.opened?.tensor ?? this.#stock.tensor(activation?.thumb ?? null);
    if (!tensor) return { under: none, cell: null };
    const form = FORMS[node.form];
    if (face.opened) {
      const index = form.index(tensor.shape, cell, face.grid);
      return { under: { ...none, channel: index[0] ?? null, index, value: tensor.at(...index), reduced: face.opened.reduced }, cell };
    }
    // A thumbnail's cells are values of their own only where it shows the whole tensor.
    const whole = !isMean(node, tensor) && activation?.tensor?.shape.length === 3 && tensor.shape.join() === activation.tensor.shape.join();
    if (node.form === "row") return { under: { ...none, channel: cell.map, index: [cell.map], value: tensor.at(0, 0, cell.map) }, cell };
    if (!whole || state.mode === "attribution") return { under: none, cell: null };
    const index = [cell.map, cell.y, cell.x];
    return { under: { ...none, channel: cell.map, index, value: tensor.at(...index), reduced: activation.tensor.source !== null }, cell };
  }

  #hover(x: number, y: number): void {
    const found = this.#under(x, y);
    this.#stage.canvas.style.cursor = found ? "pointer" : "";
    const key = (at: typeof found): string => JSON.stringify(at ? [at.under.node, at.cell] : null);
    if (key(found) === key(this.#pointer)) return;
    this.#pointer = found;
    this.#dirty.ink = true;
    this.#ask();
    this.store.set({ hovered: found?.under.node ?? null });
    this.host.dispatchEvent(new CustomEvent("hover", { detail: found?.under ?? null }));
  }

  #leave(): void {
    if (!this.#pointer) return;
    this.#pointer = null;
    this.#dirty.ink = true;
    this.store.set({ hovered: null });
    this.host.dispatchEvent(new CustomEvent("hover", { detail: null }));
    this.#ask();
  }

  #click(x: number, y: number): void {
    const found = this.#under(x, y);
    const focus = this.#focus;
    if (!found) {
      if (focus !== null) this.store.set({ selected: null, open: NONE, channel: null });
      return;
    }
    const { node, channel } = found.under;
    if (node === focus) this.store.set({ channel });
    else this.store.set({ selected: node, open: new Set([node]), channel: null });
    if (focus !== node) this.#leave();
  }

  #toggle(block: string): void {
    const unfolded = new Set(this.store.get().unfolded);
    if (!unfolded.delete(block)) unfolded.add(block);
    this.store.set({ unfolded });
  }

  // ---- for others

  flyTo(id: string): void {
    const box = this.#view.boxOf.get(id) ?? id;
    const i = this.#stand.goal.placed.findIndex((item) => item.node.id === box);
    const pose = this.#stand.goal.poses[i];
    if (!pose) return;
    const extents = corners(pose).map((point) => ({ point, bottom: 44 }));
    const frame = { ...this.#size, ...this.#insets() };
    const close = fit(extents, frame, pose.turn / 2 - TURN / 2, PITCH);
    this.#place({ ...close, distance: close.distance * 1.15 }, true, true);
  }

  home(): void {
    this.#place(this.#home(), true, false);
  }

  zoom(factor: number): void {
    const { value } = this.#camera;
    this.#place({ ...value, distance: Math.max(1.5, value.distance / factor) }, true, true);
  }

  async openAll(): Promise<void> {
    this.store.set({ selected: null, open: new Set(this.#view.nodes.map((node) => node.id)), channel: null });
    await this.#openUp();
    await this.#drawn();
  }

  closeAll(): void {
    this.store.set({ selected: null, open: NONE, channel: null });
  }

  stats(): { draws: number; visible: number; frames: number } {
    return { draws: this.#stage.draws, visible: this.#layout?.placed.length ?? 0, frames: this.#stage.frames };
  }

  screenOf(id: string, index: { readonly channel?: number; readonly y?: number; readonly x?: number } = {}): { x: number; y: number } | null {
    const box = this.#view.boxOf.get(id) ?? id;
    const { placed, poses } = this.#stand.value;
    const i = placed.findIndex((item) => item.node.id === box);
    const [item, pose] = [placed[i], poses[i]];
    if (!item || !pose) return null;
    const edge = this.host.getBoundingClientRect();
    const face = index.channel === undefined && index.y === undefined && index.x === undefined ? null : this.#face(box);
    const rect = face ? cellRect(face.grid, this.#cellOf(face, index)) : { left: 0.5, top: 0.5, width: 0, height: 0 };
    const spot = this.#lens().project(item.glyph ? pose : pointOn(pose, rect.left + rect.width / 2, rect.top + rect.height / 2));
    return { x: spot.x + edge.left, y: spot.y + edge.top };
  }

  /** The cell of a face that shows an index; sequences run down, their channels across. */
  #cellOf({ item, grid }: { item: Placed; grid: Grid }, { channel = 0, y = 0, x = 0 }: { readonly channel?: number; readonly y?: number; readonly x?: number }): Cell {
    if (item.node.form === "sequence") return { map: Math.floor(y / grid.height), y: y % grid.height, x: channel };
    if (item.node.form === "generic") return { map: 0, y: channel, x };
    return { map: channel, y, x };
  }

  cell(x: number, y: number): Under | null {
    const edge = this.host.getBoundingClientRect();
    return this.#under(x - edge.left, y - edge.top)?.under ?? null;
  }

  boundsOf(id: string): Bounds | null {
    const box = this.#view.boxOf.get(id) ?? id;
    const { placed, poses } = this.#stand.value;
    const pose = poses[placed.findIndex((item) => item.node.id === box)];
    if (!pose) return null;
    const lens = this.#lens();
    const spots = corners(pose).map((point) => lens.project(point));
    const [xs, ys] = [spots.map((spot) => spot.x), spots.map((spot) => spot.y)];
    return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
  }

  picture(): Promise<Blob> {
    // The drawing buffer is only there within the frame that drew it.
    this.#stage.draw(this.#lens());
    return new Promise((resolve, reject) => {
      this.#stage.canvas.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error("the browser gave no picture of the scene"));
      });
    });
  }

  dispose(): void {
    cancelAnimationFrame(this.#asked);
    for (const stop of this.#stop) stop();
    this.#labels.dispose();
    this.#boards.dispose();
    this.#open.dispose();
    this.#stage.dispose();
  }
}
