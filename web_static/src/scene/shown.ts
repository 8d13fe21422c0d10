// Keeps the picture in step with the store, and tells what is under the pointer.

import { allFeatures } from "../bundle/features";
import type { Report } from "../bundle/model";
import { rgb, TOKENS } from "../colour/tokens";
import { colourOf, shownRange } from "../colour/value";
import { beside, cellRect, rowRect } from "../forms/grid";
import { FORMS } from "../forms/index";
import type { Cell } from "../forms/form";
import { viewGraph, type ViewGraph } from "../layout/fold";
import { at } from "../layout/list";
import { PITCH } from "../layout/measures";
import { timetable, type Timetable } from "../layout/timetable";
import type { Placed, Pose } from "../layout/types";
import type { Eye, Store, ViewState } from "../state/store";
import type { NodeInfo } from "../bundle/manifest.gen";
import { chainOf, type Origin } from "../origin/explain";
import { cellOf } from "../origin/onface";
import { ravel, toStored } from "../origin/places";
import { told } from "../origin/told";
import { readCell, writeCell } from "../state/cell";
import { chooseCell } from "../state/actions";
import { AxisNames } from "./axes";
import { arrange, focusOf, type Arrangement } from "./arrange";
import { between, eyeOf, fit, Lens, viewOf, type View } from "./camera";
import { control } from "./controller";
import { SHEETS_WIDE } from "./faces";
import { dimmed, filtered } from "./dim";
import { discsOf, drawBoxes, drawMarks, drawWires, type Look } from "./ink";
import { Labels } from "./labels";
import { Motion } from "./motion";
import { Numbers, type Drawn, type Numbered } from "./numbers";
import { OpenLayers } from "./opened";
import { isPicked, marksOf, NO_MARKS, outlineOn, ownIndex } from "./origin";
import { Painter, sheetColours } from "./painter";
import { Plates } from "./plates";
import { ownEnd, Pointing, type Face, type Index, type Pointed, type Under } from "./pointing";
import { betweenStands, carried, equal, standing, type Stand } from "./poses";
import { Predictions } from "./predictions";
import { corners } from "./solid";
import { Stage } from "./stage";
import { Stock } from "./stock";
import { Wedges } from "./wedges";
import type { Bounds, Scene } from "./types";

const NONE: ReadonlySet<string> = new Set();
/** CSS pixels of area without which no cell has a number. */
const SMALLEST = 350;
/** What lines depend on; those of what is pointed at depend on more. */
const PICTURE = ["unfolded", "selected", "open", "mode", "sample", "method", "target", "heatLayer", "opacity", "range", "sign", "fixed", "theme", "kinds", "ill", "revision"] as const;
/** Bytes of thumbnails of samples that are kept when others are looked at. */
const STOCK_LIMIT = 48e6;
/** Milliseconds after which a camera that was moved is told of. */
const SETTLED = 300;

/** A value of the opened layer, by its own index and the cell that shows it. */
interface Valued {
  readonly node: NodeInfo;
  readonly index: readonly number[];
  readonly cell: Cell;
}

export class Shown implements Scene {
  readonly firstFrame: Promise<void>;
  readonly #stage: Stage;
  readonly #labels: Labels;
  readonly #boards: Predictions;
  readonly #wedges: Wedges;
  readonly #numbers: Numbers;
  readonly #axes: AxisNames;
  readonly #open: OpenLayers;
  readonly #stock = new Stock();
  readonly #plates: Plates;
  readonly #stop: (() => unknown)[] = [];
  #view: ViewGraph;
  #times: Timetable;
  #arranged: Arrangement | null = null;
  readonly #pointing: Pointing;
  readonly #stand = new Motion<Stand>({ placed: [], poses: [] }, betweenStands);
  readonly #camera = new Motion<View>({ target: { x: 0, y: 0, z: 0 }, distance: 30, yaw: 0, pitch: PITCH }, between);
  #size = { width: 0, height: 0 };
  #stocked = -1;
  #dirty = { ink: true, paint: true, marks: true };
  #asked = 0;
  /** Until the shaders are, a frame would hold up the page. */
  #compiled = false;
  #pointer: Pointed | null = null;
  /** The sum that was last worked out for the scene, and the cell that one is being worked out for. */
  #sum: { readonly key: string; readonly origin: Origin | null } | null = null;
  #summing = "";
  /** The person has moved the camera since it was last placed. */
  #moved = false;
  #told: Eye | null = null;
  #telling: ReturnType<typeof setTimeout> | undefined;
  #shownSample = -1;
  #shownRevision = 0;

  constructor(readonly host: HTMLElement, readonly report: Report, readonly store: Store) {
    const state = store.get();
    this.#view = viewGraph(report.manifest, state.unfolded, state.selected);
    this.#times = timetable(this.#view);
    this.#stage = new Stage(host);
    this.#numbers = new Numbers(host);
    this.#wedges = new Wedges(host);
    this.#axes = new AxisNames(host);
    this.#plates = new Plates(report, () => {
      this.#dirty.paint = true;
      this.#ask();
    });
    this.#labels = new Labels(host, (block) => this.#toggle(block));
    this.#boards = new Predictions(host);
    this.#open = new OpenLayers(report, this.#stage.shared, this.#stage, () => {
      this.#dirty.paint = true;
      this.#ask();
    });
    this.#pointing = new Pointing(report, this.#stock, this.#open, () => this.#stand.value, () => this.#lens());
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
      this.#dirty = { ink: true, paint: true, marks: true };
      this.#ask();
    });
    this.#resized();
    let alive = true;
    this.#stop.push(() => (alive = false));
    void this.#stage.compiled.then(() => {
      this.#compiled = alive;
      this.#ask();
    });
    if (state.mode === "kernels") this.#quietly(this.#plates.load(this.#view.nodes));
    this.firstFrame = this.#stockUp(state).then(() => this.#drawn());
  }

  // ---- state -> picture

  #changed(now: ViewState, before: ViewState): void {
    const differs = (...keys: (keyof ViewState)[]): boolean => keys.some((key) => now[key] !== before[key]);
    if (differs("unfolded", "selected", "open", "mode")) this.#relayout(true);
    if (differs("sample", "mode", "method", "target", "heatLayer", "opacity", "sign", "range", "fixed", "theme", "kinds", "ill", "revision")) this.#dirty.paint = true;
    if (differs("sample", "mode", "method", "target", "revision")) this.#quietly(this.#stockUp(now));
    if (now.mode === "kernels" && differs("mode", "unfolded", "selected")) this.#quietly(this.#plates.load(this.#view.nodes));
    if (now.eye !== before.eye && now.eye !== this.#told) this.#look(now.eye, true);
    if (differs("theme")) this.#relabel();
    if (differs("open", "sample", "mode", "selected", "revision")) this.#quietly(this.#openUp());
    // The wave is a number that shaders read: nothing is made anew for it.
    if (PICTURE.some((key) => now[key] !== before[key])) this.#dirty.ink = true;
    if (differs("hovered", "channel", "cell")) this.#dirty.marks = true;
    this.#ask();
  }

  /** A blob that cannot be had is told by who opened the bundle; here it only means that there is nothing to draw. */
  #quietly(work: Promise<void>): void {
    work.catch(() => undefined);
  }

  /** Fetches the blobs that closed faces and heat maps are drawn from. */
  async #stockUp({ sample, mode, method, target, revision }: ViewState): Promise<void> {
    const shown = this.report.sample(sample);
    const refs = [...(shown?.activations.flatMap(({ thumb, side }) => [thumb, side]) ?? []), ...(shown?.pictures.map(({ tensor }) => tensor) ?? [])];
    if (mode === "attribution" && method !== null) {
      const info = this.report.heat({ method, sample, target });
      refs.push(...[...(info?.inputs ?? []), ...(info?.layers ?? [])].map(({ tensor }) => tensor));
    }
    if (mode === "features") refs.push(...allFeatures(this.report).map(({ pictures }) => pictures));
    // What a live model said before is not looked at again.
    const anew = revision !== this.#shownRevision || (this.#stock.size > STOCK_LIMIT && sample !== this.#shownSample);
    const blobs = [...new Set(refs.flatMap((ref) => (ref && (anew || !this.#stock.has(ref.blob)) ? [ref.blob] : [])))];
    const fetched = await Promise.all(blobs.map(async (blob) => [blob, await this.report.source.blob(blob)] as const));
    if (anew) this.#stock.clear();
    this.#shownRevision = revision;
    for (const [blob, bytes] of fetched) if (!this.#stock.has(blob)) this.#stock.add(blob, bytes);
    if (this.store.get().revision !== revision) return;
    if (this.store.get().sample === sample) this.#shownSample = sample;
    this.#dirty.paint = true;
    this.#relabel();
    this.#ask();
  }

  /** When a box begins in the forward pass. */
  #startOf(id: string): number {
    return this.#times.start.get(id) ?? 0;
  }

  get #focus(): string | null {
    return this.#arranged?.focus ?? null;
  }

  #relayout(smooth: boolean): void {
    const { width, height } = this.#size;
    if (width < 2) return;
    const state = this.store.get();
    this.#view = viewGraph(this.report.manifest, state.unfolded, state.selected);
    this.#times = timetable(this.#view);
    const before = this.#arranged;
    this.#arranged = arrange(this.report, this.#view, state, width, height);
    const old = this.#stand.value;
    const goal = standing(this.#arranged.layout);
    const same = before !== null && equal(before.layout.placed, goal.placed);
    const blocks = new Map(goal.placed.map(({ node }) => [node.id, node.block]));
    // What was unfolded comes out of its block; a folded block comes from its first member.
    const kin = (id: string): string | undefined => blocks.get(id) ?? old.placed.find((item) => this.#view.boxOf.get(item.node.id) === id)?.node.id;
    this.#stand.to(goal, carried(old, goal, kin), smooth && !same && old.placed.length > 0);
    if (before === null) this.#look(state.eye, false);
    // A camera that a link brings is looked after by itself.
    else if ((!same || !this.#moved) && state.eye === this.#told) this.#place(this.#arranged.home, smooth, false);
    this.#dirty = { ink: true, paint: true, marks: true };
    this.#relabel();
    this.#quietly(this.#openUp());
    this.#ask();
  }

  #relabel(): void {
    if (!this.#arranged) return;
    const { layout, labelled, phone } = this.#arranged;
    const { theme, sample } = this.store.get();
    this.#labels.build(layout, theme, labelled);
    const shown = new Map(layout.placed.map((item) => [item.node.shows, item.node.id]));
    this.#boards.build(phone ? [] : (this.report.sample(sample)?.predictions ?? []), (node) => shown.get(node));
  }

  async #openUp(): Promise<void> {
    const { open, sample, mode } = this.store.get();
    const focus = focusOf(this.store.get(), this.#view);
    const boxes = new Set([...open].map((id) => this.#view.boxOf.get(id) ?? id));
    const pictures = new Set(this.report.sample(sample)?.pictures.map(({ node }) => node));
    const nodes = mode !== "activations" ? [] : (this.#arranged?.layout.placed ?? []).filter(({ node, glyph }) => {
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

  /** The lens of the whole picture: lines are as wide as they should be there. */
  #home(): Lens {
    return new Lens(this.#arranged?.home ?? this.#camera.value, this.#size.width, this.#size.height);
  }

  #place(view: View, smooth: boolean, byHand: boolean): void {
    this.#moved = byHand;
    clearTimeout(this.#telling);
    if (byHand) this.#telling = setTimeout(() => this.#tell(), SETTLED);
    else if (this.store.get().eye !== null) this.store.set({ eye: (this.#told = null) });
    this.#camera.to(view, this.#camera.value, smooth);
    this.#ask();
  }

  /** Puts into the store where the person has left the camera. */
  #tell(): void {
    if (this.#arranged) this.store.set({ eye: (this.#told = eyeOf(this.#camera.goal, this.#arranged.home)) });
  }

  /** The camera goes where a link, or a step back, wants it. */
  #look(eye: Eye | null, smooth: boolean): void {
    if (!this.#arranged) return;
    this.#told = eye;
    if (eye) this.#place(viewOf(eye, this.#arranged.home), smooth, true);
    else this.#place(this.#arranged.home, smooth, false);
  }

  #ask(): void {
    if (this.#asked === 0 && this.#compiled) this.#asked = requestAnimationFrame((now) => this.#frame(now));
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
    if (!this.#arranged || this.#size.width < 2) return;
    const moved = this.#stand.step(now);
    this.#camera.step(now);
    const state = this.store.get();
    const [lens, { placed, poses }] = [this.#lens(), this.#stand.value];
    this.#stage.theme(state.theme);
    if (this.#dirty.paint) this.#paint(state);
    // A camera that moves changes nothing but the view.
    if (this.#dirty.paint || this.#dirty.ink || moved) {
      const drawn = placed.map((item, i) => dimmed(this.report, item, at(poses, i), state, this.#focus));
      if (this.#dirty.paint || moved) this.#pose(placed, drawn);
      this.#inks(drawn, state);
      this.#dirty.marks = true;
    }
    if (this.#dirty.marks) this.#marks(state);
    const byId = new Map(placed.map((item, i) => [item.node.id, at(poses, i)]));
    const first = new Set([state.hovered, state.selected].flatMap((id) => (id === null ? [] : [this.#view.boxOf.get(id) ?? id])));
    const time = state.wave ?? Infinity;
    this.#stage.wave(state.wave);
    this.#labels.update(lens, byId, first, this.#home().view.distance / lens.view.distance, (id) => this.#startOf(id) <= time);
    this.#boards.update(lens, byId, this.#focus !== null && !this.#boardFocused(), (id) => this.#startOf(id) + 1 <= time);
    this.#wedges.update(lens);
    this.#numbers.update(lens, this.#numbered(lens, state));
    const front = this.#focus === null || this.#stand.moving ? null : this.#pointing.face(this.#focus, state);
    this.#axes.update(lens, front?.opened ? { ...front, node: front.item.node } : null);
    this.#stage.draw(lens);
    this.#dirty = { ink: false, paint: false, marks: false };
    if (this.#stand.moving || this.#camera.moving) this.#ask();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #pose(placed: readonly Placed[], poses: readonly Pose[]): void {
    const hidden = (box: number): boolean => this.#open.get(at(placed, box).node.id) !== undefined;
    this.#stage.faces.move(placed.map((item, i) => (item.glyph ? { ...at(poses, i), fade: 1 } : at(poses, i))), hidden);
    const byId = new Map(placed.map((item, i) => [item.node.id, poses[i]]));
    this.#open.move((id) => byId.get(id));
  }

  /** The faces whose cells may be large enough for numbers. */
  #numbered(lens: Lens, state: ViewState): Numbered[] {
    if (state.mode !== "activations" || state.wave !== null || this.#stand.moving) return [];
    const { placed, poses } = this.#stand.value;
    const pictures = new Set(this.report.sample(state.sample)?.pictures.map(({ node }) => node));
    return placed.flatMap(({ node, glyph }, i) => {
      const pose = at(poses, i);
      const open = this.#open.get(node.id) !== undefined;
      const bare = glyph || pose.fade > 0.3 || (!open && (node.role === "stub" || pictures.has(node.shows)));
      const area = pose.width * pose.height * lens.scaleAt(pose) ** 2;
      if (bare || node.stored.reduce((product, side) => product * side, SMALLEST) > area) return [];
      const face = this.#pointing.face(node.id, state);
      const summary = this.report.activation(state.sample, node.shows)?.summary;
      if (!face || !summary || face.grid.curves) return [];
      const range = shownRange(state, summary);
      return [{
        node: node.id, pose, grid: face.grid, at: (cell) => this.#pointing.value(face, cell, state),
        colour: (value, cell) => colourOf(value, state.range === "channel" ? { ...range, high: ownEnd(face, cell) ?? range.high } : range, state.theme),
      }];
    });
  }

  #boardFocused(): boolean {
    const focus = this.#arranged?.layout.placed.find((item) => item.node.id === this.#focus);
    return this.report.sample(this.store.get().sample)?.predictions.some((prediction) => prediction.node === focus?.node.shows) ?? false;
  }

  #paint(state: ViewState): void {
    const { placed, poses } = this.#stand.goal;
    const painter = new Painter(this.report, { ...state, sample: this.#shownSample < 0 ? state.sample : this.#shownSample }, this.#stock, (id) => this.#startOf(id), this.#plates);
    const paints = placed.map((item, i) => painter.paint(item.node, at(poses, i)));
    if (this.#stocked !== this.#stock.version) {
      this.#stage.faces.data(this.#stock.codes(), this.#stock.pairs());
      this.#stocked = this.#stock.version;
    }
    this.#stage.faces.heat(state.mode === "attribution");
    this.#stage.faces.paint(paints, sheetColours(placed.map((item) => item.node), paints, state.theme, SHEETS_WIDE));
    const goals = new Map(placed.map((item, i) => [item.node.id, poses[i]]));
    this.#open.refresh(state, (id) => goals.get(id), (id) => this.#startOf(id));
  }

  #lookOf(state: ViewState, hovered: string | null): Look {
    const painter = state.mode === "attribution" ? new Painter(this.report, state, this.#stock, (id) => this.#startOf(id), this.#plates) : null;
    const selected = new Set([this.#focus, state.selected, painter?.chosen ?? null].flatMap((id) => (id === null ? [] : [this.#view.boxOf.get(id) ?? id])));
    const arrived = this.#stand.moving ? Math.max(0, this.#stand.share * 2 - 1) : 1;
    return { theme: state.theme, hovered, selected, arrived, startOf: (id) => this.#startOf(id), dim: (item) => filtered(this.report, item, state) };
  }

  /** The lines of the picture, as they are when nothing is pointed at. */
  #inks(poses: readonly Pose[], state: ViewState): void {
    const { placed } = this.#stand.value;
    const look = this.#lookOf(state, null);
    const { lines } = this.#stage;
    lines.clear();
    if (this.#arranged) drawWires(lines, this.#arranged.layout.wires, look, new Map(placed.map((item) => [item.node.id, item])));
    drawBoxes(lines, placed, poses, look, this.#home(), this.#focus);
    lines.commit();
  }

  /** What is drawn anew with each move of the pointer: little, however large the model. */
  #marks(state: ViewState): void {
    const { placed, poses } = this.#stand.value;
    const hovered = state.hovered === null ? null : (this.#view.boxOf.get(state.hovered) ?? state.hovered);
    const look = this.#lookOf(state, hovered);
    const { hot, marks, discs } = this.#stage;
    const drawn = (i: number): Pose => dimmed(this.report, at(placed, i), at(poses, i), state, this.#focus);
    hot.clear();
    const i = hovered === null ? -1 : placed.findIndex(({ node }) => node.id === hovered);
    if (i >= 0 && this.#arranged) {
      const near = this.#arranged.layout.wires.filter(({ source, target }) => source === hovered || target === hovered);
      drawWires(hot, near, look, new Map(placed.map((item) => [item.node.id, item])));
      drawBoxes(hot, [at(placed, i)], [drawn(i)], look, this.#home(), this.#focus);
    }
    hot.commit();
    const glyphs = placed.flatMap(({ glyph }, index) => (glyph ? [index] : []));
    discs.set(discsOf(glyphs.map((index) => at(placed, index)), glyphs.map(drawn), look));
    marks.clear();
    this.#mark(state);
    marks.commit();
  }

  #mark(state: ViewState): void {
    const id = this.#pointer?.under.node ?? this.#focus;
    const found = id === null ? null : this.#pointing.face(id, state);
    this.#wedges.set([], [0, 0, 0]);
    if (!found || (found.opened === null && this.#focus !== null)) return;
    const hovered = this.#pointer && this.#pointer.under.node === id ? this.#pointer.cell : null;
    const channel = found.opened && state.selected !== null && this.#view.boxOf.get(state.selected) === id ? state.channel : null;
    const value = id === this.#focus ? this.#valueAt(found, state) : null;
    const cell = hovered ?? value?.cell ?? null;
    const marks = value ? marksOf(this.report, this.#view, this.#pointing, value.node, value.index, this.#originOf(value, state), state) : NO_MARKS;
    drawMarks(this.#stage.marks, found.pose, found.grid, cell, channel, marks, state.theme);
    if (!cell) return;
    const end = outlineOn(found.pose, cellRect(found.grid, cell));
    const row = found.item.node.form === "matrix" && value ? outlineOn(found.pose, rowRect(found.grid, cell)) : null;
    if (row) this.#stage.marks.add([...row, ...row.slice(0, 1)], rgb(TOKENS[state.theme].rf), 1.6);
    // Lines end at the cell's edge, so that its colour is seen.
    const { left, top, height } = cellRect(found.grid, cell);
    const edge = outlineOn(found.pose, { left, top: top + height * 0.42, width: 0, height: height * 0.16 });
    const wedges = marks.picked.length > 1 ? marks.picked.map((base) => [...base, ...edge]) : [...marks.patches, ...marks.picked].map((base) => [...base, ...end]);
    this.#wedges.set(wedges, rgb(TOKENS[state.theme].rf));
  }

  /** The value that is hovered in the opened layer, else the chosen one. */
  #valueAt(face: Face, { cell }: ViewState): Valued | null {
    const node = this.report.node(face.item.node.shows);
    const { opened } = face;
    if (!node || !opened) return null;
    const under = this.#pointer?.under;
    if (under?.node === face.item.node.id && this.#pointer?.cell && under.index.length > 0) {
      return { node, index: ownIndex(node, under.index, opened.tensor.shape, opened.source), cell: this.#pointer.cell };
    }
    const chosen = cell === null ? null : readCell(cell);
    if (chosen?.node !== node.id || chosen.index.length !== node.shape.length) return null;
    const { shape } = opened.tensor;
    const full = toStored(node, chosen.index, opened.source ?? shape);
    const place = full.map((at, axis) => Math.floor((at / (opened.source?.[axis] ?? shape[axis] ?? 1)) * (shape[axis] ?? 1)));
    return { node, index: chosen.index, cell: cellOf(opened.grid, ravel(place, shape)) };
  }

  /** The sum behind a value, once it has been worked out; asked for where it pays to draw it, or the card does so. */
  #originOf({ node, index }: Valued, state: ViewState): Origin | null {
    const key = `${state.sample} ${writeCell({ node: node.id, index })}`;
    if (this.#sum?.key === key) return this.#sum.origin;
    const lead = chainOf(this.report, node)[0] ?? node;
    if (this.#summing !== key && isPicked(this.report, lead.id)) {
      this.#summing = key;
      this.#quietly(told(this.report, state.sample, node.id, index).then((origin) => {
        if (this.#summing !== key) return;
        this.#sum = { key, origin };
        this.#dirty.marks = true;
        this.#ask();
      }));
    }
    return null;
  }

  // ---- the pointer

  #hover(x: number, y: number): void {
    const found = this.#pointing.under(x, y, this.store.get());
    this.#stage.canvas.style.cursor = found ? "pointer" : "";
    const key = (at: typeof found): string => JSON.stringify(at ? [at.under.node, at.cell] : null);
    if (key(found) === key(this.#pointer)) return;
    this.#pointer = found;
    this.#dirty.marks = true;
    this.#ask();
    this.store.set({ hovered: found?.under.node ?? null });
    this.host.dispatchEvent(new CustomEvent("hover", { detail: found?.under ?? null }));
  }

  #leave(): void {
    if (!this.#pointer) return;
    this.#pointer = null;
    this.#dirty.marks = true;
    this.store.set({ hovered: null });
    this.host.dispatchEvent(new CustomEvent("hover", { detail: null }));
    this.#ask();
  }

  #click(x: number, y: number): void {
    const found = this.#pointing.under(x, y, this.store.get());
    const focus = this.#focus;
    if (!found) {
      if (focus !== null) this.store.set({ selected: null, open: NONE, channel: null, cell: null });
      return;
    }
    const { node, channel } = found.under;
    if (node === focus) this.#pick(found, channel);
    else this.store.set({ selected: node, open: new Set([node]), channel: null, cell: null });
    if (focus !== node) this.#leave();
  }

  /** A click on a cell of the opened layer asks where its value comes from. */
  #pick({ under, cell }: Pointed, channel: number | null): void {
    const face = this.#pointing.face(under.node, this.store.get());
    const node = this.report.node(under.shows);
    const { selected } = this.store.get();
    if (!cell || !node || !face?.opened || selected === null || under.index.length === 0) this.store.set({ channel });
    else chooseCell(this.store, selected, { node: node.id, index: ownIndex(node, under.index, face.opened.tensor.shape, face.opened.source) }, channel);
  }

  #toggle(block: string): void {
    const unfolded = new Set(this.store.get().unfolded);
    if (!unfolded.delete(block)) unfolded.add(block);
    this.store.set({ unfolded });
  }

  // ---- for others

  flyTo(id: string): void {
    const box = this.#view.boxOf.get(id) ?? id;
    const pose = this.#stand.goal.poses[this.#stand.goal.placed.findIndex((item) => item.node.id === box)];
    if (!pose || !this.#arranged) return;
    const close = fit(corners(pose).map((point) => ({ point, bottom: 44 })), this.#arranged.frame, 0, PITCH);
    this.#place({ ...close, distance: close.distance * 1.8 }, true, true);
  }

  home(): void {
    if (this.#arranged) this.#place(this.#arranged.home, true, false);
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

  moveCell(right: number, down: number, maps: number): void {
    const state = this.store.get();
    const found = this.#focus === null ? null : this.#pointing.face(this.#focus, state);
    this.#leave();
    const value = found && this.#valueAt(found, state);
    if (!found?.opened || !value || state.selected === null) return;
    const { grid, tensor, source } = found.opened;
    const cell = beside(grid, value.cell, right, down, maps);
    if (!cell) return;
    const index = FORMS[found.item.node.form].index(tensor.shape, cell, grid);
    chooseCell(this.store, state.selected, { node: value.node.id, index: ownIndex(value.node, index, tensor.shape, source) }, index[0] ?? null);
  }

  closeAll(): void {
    this.store.set({ selected: null, open: NONE, channel: null });
  }

  stats(): ReturnType<Scene["stats"]> {
    return { draws: this.#stage.draws, visible: this.#arranged?.layout.placed.length ?? 0, frames: this.#stage.frames, ...this.#stage.held };
  }

  screenOf(id: string, index: Index = {}): { x: number; y: number } | null {
    const spot = this.#pointing.spot(this.#view.boxOf.get(id) ?? id, index, this.store.get());
    const edge = this.host.getBoundingClientRect();
    return spot && { x: spot.x + edge.left, y: spot.y + edge.top };
  }

  cell(x: number, y: number): Under | null {
    const edge = this.host.getBoundingClientRect();
    return this.#pointing.under(x - edge.left, y - edge.top, this.store.get())?.under ?? null;
  }

  numbers(): readonly Drawn[] {
    const edge = this.host.getBoundingClientRect();
    return this.#numbers.drawn.map((item) => ({ ...item, x: item.x + edge.left, y: item.y + edge.top }));
  }

  boundsOf(id: string): Bounds | null {
    return this.#pointing.bounds(this.#view.boxOf.get(id) ?? id);
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
    clearTimeout(this.#telling);
    for (const stop of this.#stop) stop();
    this.#labels.dispose();
    this.#wedges.dispose();
    this.#numbers.dispose();
    this.#axes.dispose();
    this.#boards.dispose();
    this.#open.dispose();
    this.#stage.dispose();
  }
}
