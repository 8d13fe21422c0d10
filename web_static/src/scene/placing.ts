// What is visible and where it stands: the folded graph, its layout, and boxes on their way from one layout to another.

import type { Report } from "../bundle/model";
import { viewGraph, type ViewGraph } from "../layout/fold";
import { at } from "../layout/list";
import { timetable, type Timetable } from "../layout/timetable";
import type { Placed, Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import { arrange, type Arrangement } from "./arrange";
import { dimmed } from "./dim";
import { Motion } from "./motion";
import { betweenStands, carried, equal, standing, type Stand } from "./poses";

export class Placing {
  readonly #motion = new Motion<Stand>({ placed: [], poses: [] }, betweenStands);
  #view: ViewGraph;
  #times: Timetable;
  #arranged: Arrangement | null = null;

  constructor(readonly report: Report, state: ViewState) {
    this.#view = viewGraph(report.manifest, state.unfolded, state.selected);
    this.#times = timetable(this.#view);
  }

  get view(): ViewGraph {
    return this.#view;
  }

  /** Null until the window has a size. */
  get arranged(): Arrangement | null {
    return this.#arranged;
  }

  /** The opened box that faces the person. */
  get focus(): string | null {
    return this.#arranged?.focus ?? null;
  }

  /** Where boxes are now. */
  get stand(): Stand {
    return this.#motion.value;
  }

  /** Where they are going. */
  get goal(): Stand {
    return this.#motion.goal;
  }

  get moving(): boolean {
    return this.#motion.moving;
  }

  /** 0..1: how far boxes are on their way. */
  get share(): number {
    return this.#motion.share;
  }

  step(now: number): boolean {
    return this.#motion.step(now);
  }

  /** The visible box that stands for a node. */
  boxOf(id: string): string {
    return this.#view.boxOf.get(id) ?? id;
  }

  /** When a box begins in the forward pass. */
  startOf(id: string): number {
    return this.#times.start.get(id) ?? 0;
  }

  /** Where each box is going, by its id. */
  goals(): ReadonlyMap<string, Pose> {
    const { placed, poses } = this.goal;
    return new Map(placed.map((item, i) => [item.node.id, at(poses, i)]));
  }

  /** Where each box is now, by its id. */
  now(): ReadonlyMap<string, Pose> {
    const { placed, poses } = this.stand;
    return new Map(placed.map((item, i) => [item.node.id, at(poses, i)]));
  }

  placed(id: string): Placed | undefined {
    return this.#arranged?.layout.placed.find((item) => item.node.id === id);
  }

  /** A box as it is drawn now: further back where the state leaves it out. */
  drawn(i: number, state: ViewState): Pose {
    return dimmed(this.report, at(this.stand.placed, i), at(this.stand.poses, i), state, this.focus);
  }

  /** Lays everything out anew; true where every box stays where it is. */
  arrange(state: ViewState, width: number, height: number, smooth: boolean): boolean {
    this.#view = viewGraph(this.report.manifest, state.unfolded, state.selected);
    this.#times = timetable(this.#view);
    const before = this.#arranged;
    this.#arranged = arrange(this.report, this.#view, state, width, height);
    const old = this.stand;
    const goal = standing(this.#arranged.layout);
    const same = before !== null && equal(before.layout.placed, goal.placed);
    const blocks = new Map(goal.placed.map(({ node }) => [node.id, node.block]));
    // What was unfolded comes out of its block; a folded block comes from its first member.
    const kin = (id: string): string | undefined => blocks.get(id) ?? old.placed.find((item) => this.#view.boxOf.get(item.node.id) === id)?.node.id;
    this.#motion.to(goal, carried(old, goal, kin), smooth && !same && old.placed.length > 0);
    return same;
  }
}
