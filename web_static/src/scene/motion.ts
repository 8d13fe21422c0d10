// Movement from one state to another: smooth, and a new goal may come at any time.

const DURATION = 520;

export function reducedMotion(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function eased(t: number): number {
  return t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
}

/** Goes from what is to a goal. */
export class Motion<T> {
  #from: T;
  #to: T;
  #start = 0;
  #moving = false;

  constructor(value: T, readonly between: (from: T, to: T, share: number) => T) {
    this.#from = value;
    this.#to = value;
    this.value = value;
  }

  value: T;

  get moving(): boolean {
    return this.#moving;
  }

  get goal(): T {
    return this.#to;
  }

  /** 0 at the start, 1 at the goal. */
  share = 1;

  to(goal: T, from: T = this.value, smooth = true): void {
    this.#from = from;
    this.#to = goal;
    this.#start = performance.now();
    this.#moving = smooth && !reducedMotion();
    this.share = this.#moving ? 0 : 1;
    this.value = this.#moving ? from : goal;
  }

  /** Sets the value at a time; false when there is nothing left to do. */
  step(now: number): boolean {
    if (!this.#moving) return false;
    const t = Math.min(1, Math.max(0, (now - this.#start) / DURATION));
    this.share = eased(t);
    this.#moving = t < 1;
    this.value = this.#moving ? this.between(this.#from, this.#to, this.share) : this.#to;
    return true;
  }
}
