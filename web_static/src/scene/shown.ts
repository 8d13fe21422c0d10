// Keeps the picture in step with the store: what changed decides what is made anew, and a frame draws it.

import type { Report } from "../bundle/model";
import type { Store, ViewState } from "../state/store";
import { AxisNames } from "./axes";
import type { View } from "./camera";
import { control } from "./controller";
import { Covers } from "./covers";
import { Labels } from "./labels";
import { numbered } from "./numbered";
import { Numbers, type Drawn } from "./numbers";
import { OpenLayers } from "./opened";
import { Placing } from "./placing";
import { Plates } from "./plates";
import { Pointer } from "./pointer";
import { Pointing, type Index, type Under } from "./pointing";
import { Predictions } from "./predictions";
import { Stage } from "./stage";
import { Strokes } from "./strokes";
import { Supply } from "./supply";
import type { Bounds, Scene } from "./types";
import { Values } from "./values";
import { Viewpoint } from "./viewpoint";
import { Wedges } from "./wedges";

const NONE: ReadonlySet<string> = new Set();
const ALL = { ink: true, paint: true, marks: true };
/** What lines depend on; those of what is pointed at depend on more. */
const PICTURE = ["unfolded", "selected", "open", "mode", "sample", "method", "target", "heatLayer", "opacity", "range", "sign", "fixed", "theme", "kinds", "ill", "revision"] as const;

export class Shown implements Scene {
  readonly firstFrame: Promise<void>;
  readonly #stage: Stage;
  readonly #labels: Labels;
  readonly #boards: Predictions;
  readonly #wedges: Wedges;
  readonly #numbers: Numbers;
  readonly #axes: AxisNames;
  readonly #open: OpenLayers;
  readonly #plates: Plates;
  readonly #supply: Supply;
  readonly #placing: Placing;
  readonly #viewpoint: Viewpoint;
  readonly #pointing: Pointing;
  readonly #pointer: Pointer;
  readonly #covers: Covers;
  readonly #strokes: Strokes;
  readonly #stop: (() => unknown)[] = [];
  #dirty = { ...ALL };
  #asked = 0;
  /** The camera of the last frame. */
  #seen: View | null = null;
  #waiting: (() => void)[] = [];
  /** Until the shaders are, a frame would hold up the page. */
  #compiled = false;

  constructor(readonly host: HTMLElement, readonly report: Report, readonly store: Store) {
    const state = store.get();
    const soil = (what: keyof typeof ALL) => (): void => this.#soil(what);
    this.#placing = new Placing(report, state);
    this.#viewpoint = new Viewpoint(store, () => this.#ask());
    this.#supply = new Supply(report, store);
    const curves = report.manifest.nodes.some(({ form }) => form === "sequence");
    this.#stage = new Stage(host, curves);
    this.#numbers = new Numbers(host);
    this.#wedges = new Wedges(host);
    this.#axes = new AxisNames(host);
    this.#plates = new Plates(report, soil("paint"));
    this.#labels = new Labels(host, (block) => this.#toggle(block));
    this.#boards = new Predictions(host);
    this.#open = new OpenLayers(report, this.#stage.shared, this.#stage, curves, soil("paint"));
    this.#pointing = new Pointing(report, this.#supply.stock, this.#open, () => this.#placing.stand, () => this.#viewpoint.lens());
    const values = new Values(report, soil("marks"));
    this.#pointer = new Pointer(host, this.#stage.canvas, report, store, this.#placing, this.#pointing, values, soil("marks"));
    this.#covers = new Covers(report, this.#stage, this.#placing, this.#supply, this.#open, this.#plates);
    this.#strokes = new Strokes(report, this.#stage, this.#wedges, this.#placing, this.#viewpoint, this.#pointing, values, this.#covers);
    this.#listen();
    this.#resized();
    let alive = true;
    this.#stop.push(() => (alive = false));
    void this.#stage.compiled.then(() => {
      this.#compiled = alive;
      this.#ask();
    });
    if (state.mode === "kernels") this.#quietly(this.#plates.load(this.#placing.view.nodes));
    this.firstFrame = this.#stockUp(state).then(() => this.#drawn());
  }

  #listen(): void {
    const { canvas } = this.#stage;
    this.#stop.push(this.store.subscribe((now, before) => this.#changed(now, before)));
    this.#stop.push(control(canvas, {
      view: () => this.#viewpoint.view,
      lens: () => this.#viewpoint.lens(),
      moved: (view) => this.#viewpoint.hold(view),
      hover: (x, y) => this.#pointer.hover(x, y),
      leave: () => this.#pointer.leave(),
      click: (x, y) => this.#pointer.click(x, y),
      home: () => this.home(),
    }));
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.host);
    this.#stop.push(() => observer.disconnect());
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      // Textures and buffers are made anew from what is kept here.
      this.#dirty = { ...ALL };
      this.#ask();
    });
  }

  // ---- state -> picture

  #soil(what: keyof typeof ALL): void {
    this.#dirty[what] = true;
    this.#ask();
  }

  #changed(now: ViewState, before: ViewState): void {
    const differs = (...keys: (keyof ViewState)[]): boolean => keys.some((key) => now[key] !== before[key]);
    if (differs("unfolded", "selected", "open", "mode")) this.#relayout(true);
    if (differs("sample", "mode", "method", "target", "heatLayer", "opacity", "sign", "range", "fixed", "slice", "theme", "kinds", "ill", "revision")) this.#dirty.paint = true;
    if (differs("sample", "mode", "method", "target", "revision")) this.#quietly(this.#stockUp(now));
    if (now.mode === "kernels" && differs("mode", "unfolded", "selected")) this.#quietly(this.#plates.load(this.#placing.view.nodes));
    if (differs("eye")) this.#viewpoint.follow(now.eye);
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

  async #stockUp(state: ViewState): Promise<void> {
    if (!(await this.#supply.fetch(state))) return;
    this.#relabel();
    this.#soil("paint");
  }

  async #openUp(): Promise<void> {
    await this.#covers.openUp(this.store.get());
    this.#soil("paint");
  }

  #relayout(smooth: boolean): void {
    const { width, height } = this.#viewpoint.size;
    if (width < 2) return;
    const same = this.#placing.arrange(this.store.get(), width, height, smooth);
    if (this.#placing.arranged) this.#viewpoint.arrange(this.#placing.arranged, same, smooth);
    this.#dirty = { ...ALL };
    this.#relabel();
    this.#quietly(this.#openUp());
    this.#ask();
  }

  #relabel(): void {
    const { arranged } = this.#placing;
    if (!arranged) return;
    const { layout, labelled, phone } = arranged;
    const { theme, sample } = this.store.get();
    this.#labels.build(layout, theme, labelled);
    const shown = new Map(layout.placed.map((item) => [item.node.shows, item.node.id]));
    this.#boards.build(phone ? [] : (this.report.sample(sample)?.predictions ?? []), (node) => shown.get(node));
  }

  #resized(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    const { size } = this.#viewpoint;
    if (width < 2 || height < 2 || (width === size.width && height === size.height)) return;
    this.#viewpoint.size = { width, height };
    this.#stage.resize(width, height);
    this.#relayout(size.width > 0);
  }

  #toggle(block: string): void {
    const unfolded = new Set(this.store.get().unfolded);
    if (!unfolded.delete(block)) unfolded.add(block);
    this.store.set({ unfolded });
  }

  // ---- drawing

  #ask(): void {
    if (this.#asked === 0 && this.#compiled) this.#asked = requestAnimationFrame((now) => this.#frame(now));
  }

  /** Resolves after the next frame. */
  #drawn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#ask();
    });
  }

  #frame(now: number): void {
    this.#asked = 0;
    if (!this.#placing.arranged || this.#viewpoint.size.width < 2) return;
    const moved = this.#placing.step(now);
    this.#viewpoint.step(now);
    const state = this.store.get();
    const { placed } = this.#placing.stand;
    this.#stage.theme(state.theme);
    if (this.#dirty.paint) this.#covers.paint(state);
    // A camera that moves changes nothing but the view.
    if (this.#dirty.paint || this.#dirty.ink || moved) {
      const drawn = placed.map((_item, i) => this.#placing.drawn(i, state));
      if (this.#dirty.paint || moved) this.#covers.move(placed, drawn);
      this.#strokes.ink(drawn, state);
      this.#dirty.marks = true;
    }
    if (this.#dirty.marks) this.#strokes.mark(this.#pointer.over, state);
    this.#stage.wave(state.wave);
    this.#write(state);
    // What moves is drawn with fewer samples; when it has come to rest, once more with all.
    const moves = moved || this.#seen !== this.#viewpoint.view;
    this.#seen = this.#viewpoint.view;
    this.#stage.draw(this.#viewpoint.lens(), !moves);
    this.#dirty = { ink: false, paint: false, marks: false };
    if (moves || this.#placing.moving || this.#viewpoint.moving) this.#ask();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Puts everything that is text, or drawn as a part of the document, where it belongs now. */
  #write(state: ViewState): void {
    const { focus, moving, stand } = this.#placing;
    const [lens, home, poses] = [this.#viewpoint.lens(), this.#viewpoint.homeLens(), this.#placing.now()];
    const first = new Set([state.hovered, state.selected].flatMap((id) => (id === null ? [] : [this.#placing.boxOf(id)])));
    const reached = (id: string, late: number): boolean => state.wave === null || this.#placing.startOf(id) + late <= state.wave;
    this.#labels.update(lens, poses, first, home.view.distance / lens.view.distance, (id) => reached(id, 0));
    this.#boards.update(lens, poses, focus !== null && !this.#boardFocused(state), (id) => reached(id, 1));
    this.#wedges.update(lens);
    this.#numbers.update(lens, moving ? [] : numbered(this.report, stand, this.#open, this.#pointing, lens, state));
    const front = focus === null || moving ? null : this.#pointing.face(focus, state);
    this.#axes.update(lens, front?.opened ? { ...front, node: front.item.node } : null);
  }

  #boardFocused({ sample }: ViewState): boolean {
    const shows = this.#placing.focus === null ? undefined : this.#placing.placed(this.#placing.focus)?.node.shows;
    return this.report.sample(sample)?.predictions.some((prediction) => prediction.node === shows) ?? false;
  }

  // ---- for others

  flyTo(id: string): void {
    const pose = this.#placing.goals().get(this.#placing.boxOf(id));
    if (pose) this.#viewpoint.flyTo(pose);
  }

  home(): void {
    this.#viewpoint.home();
  }

  zoom(factor: number): void {
    this.#viewpoint.zoom(factor);
  }

  async openAll(): Promise<void> {
    this.store.set({ selected: null, open: new Set(this.#placing.view.nodes.map((node) => node.id)), channel: null });
    await this.#openUp();
    await this.#drawn();
  }

  moveCell(right: number, down: number, maps: number): void {
    this.#pointer.step(right, down, maps);
  }

  closeAll(): void {
    this.store.set({ selected: null, open: NONE, channel: null });
  }

  stats(): ReturnType<Scene["stats"]> {
    const { draws, frames, held } = this.#stage;
    return { draws, visible: this.#placing.arranged?.layout.placed.length ?? 0, frames, ...held };
  }

  screenOf(id: string, index: Index = {}): { x: number; y: number } | null {
    const spot = this.#pointing.spot(this.#placing.boxOf(id), index, this.store.get());
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
    return this.#pointing.bounds(this.#placing.boxOf(id));
  }

  picture(): Promise<Blob> {
    return this.#stage.picture(this.#viewpoint.lens());
  }

  dispose(): void {
    cancelAnimationFrame(this.#asked);
    for (const stop of this.#stop) stop();
    for (const part of [this.#viewpoint, this.#labels, this.#wedges, this.#numbers, this.#axes, this.#boards, this.#open, this.#stage]) part.dispose();
  }
}
