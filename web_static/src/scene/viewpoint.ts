// From where the person looks: by the layout, by hand, or as a link wants it.

import { PITCH } from "../layout/measures";
import type { Pose } from "../layout/types";
import type { Eye, Store } from "../state/store";
import type { Arrangement } from "./arrange";
import { between, eyeOf, fit, Lens, viewOf, type View } from "./camera";
import { Motion } from "./motion";
import { corners } from "./solid";

/** Milliseconds after which a camera that was moved is told of. */
const SETTLED = 300;
const NEAREST = 1.5;

export class Viewpoint {
  readonly #camera = new Motion<View>({ target: { x: 0, y: 0, z: 0 }, distance: 30, yaw: 0, pitch: PITCH }, between);
  #arranged: Arrangement | null = null;
  /** The person has moved the camera since it was last placed. */
  #byHand = false;
  #told: Eye | null = null;
  #telling: ReturnType<typeof setTimeout> | undefined;
  size = { width: 0, height: 0 };

  /** `moved` is called when there is another picture to draw. */
  constructor(readonly store: Store, readonly moved: () => void) {}

  get view(): View {
    return this.#camera.value;
  }

  get moving(): boolean {
    return this.#camera.moving;
  }

  step(now: number): boolean {
    return this.#camera.step(now);
  }

  lens(): Lens {
    return new Lens(this.view, this.size.width, this.size.height);
  }

  /** The lens of the whole picture: lines are as wide as they should be there. */
  homeLens(): Lens {
    return new Lens(this.#arranged?.home ?? this.view, this.size.width, this.size.height);
  }

  /** The camera for a new layout; `same` where boxes stay where they are. */
  arrange(arranged: Arrangement, same: boolean, smooth: boolean): void {
    const first = this.#arranged === null;
    this.#arranged = arranged;
    const { eye } = this.store.get();
    if (first) this.#look(eye, false);
    // A camera that a link brings is looked after by itself.
    else if ((!same || !this.#byHand) && eye === this.#told) this.#place(arranged.home, smooth, false);
  }

  /** Follows a camera that a link, or a step back, wants. */
  follow(eye: Eye | null): void {
    if (eye !== this.#told) this.#look(eye, true);
  }

  /** The person's hands have moved it. */
  hold(view: View): void {
    this.#place(view, false, true);
  }

  home(): void {
    if (this.#arranged) this.#place(this.#arranged.home, true, false);
  }

  zoom(factor: number): void {
    this.#place({ ...this.view, distance: Math.max(NEAREST, this.view.distance / factor) }, true, true);
  }

  flyTo(pose: Pose): void {
    if (!this.#arranged) return;
    const close = fit(corners(pose).map((point) => ({ point, bottom: 44 })), this.#arranged.frame, 0, PITCH);
    this.#place({ ...close, distance: close.distance * 1.8 }, true, true);
  }

  #place(view: View, smooth: boolean, byHand: boolean): void {
    this.#byHand = byHand;
    clearTimeout(this.#telling);
    if (byHand) this.#telling = setTimeout(() => this.#tell(), SETTLED);
    else if (this.store.get().eye !== null) this.store.set({ eye: (this.#told = null) });
    this.#camera.to(view, this.view, smooth);
    this.moved();
  }

  /** Puts into the store where the person has left the camera. */
  #tell(): void {
    if (this.#arranged) this.store.set({ eye: (this.#told = eyeOf(this.#camera.goal, this.#arranged.home)) });
  }

  #look(eye: Eye | null, smooth: boolean): void {
    if (!this.#arranged) return;
    this.#told = eye;
    if (eye) this.#place(viewOf(eye, this.#arranged.home), smooth, true);
    else this.#place(this.#arranged.home, smooth, false);
  }

  dispose(): void {
    clearTimeout(this.#telling);
  }
}
