// Gives a model one input after another: the newest waits while one is under way, those between are left out.

import { query, type Client } from "../served/api";
import type { RunAnswer } from "./source";

/** Over how long the rate is told. */
export const WINDOW_MS = 2000;

export interface Question {
  readonly bytes: Blob;
  readonly name: string;
  readonly methods: readonly string[];
  readonly target: string;
}

export class Asking {
  #waiting: (() => Promise<Question | null>) | null = null;
  #busy = false;
  #times: number[] = [];

  constructor(
    readonly client: Client,
    readonly item: string,
    readonly answered: (answer: RunAnswer) => void,
    readonly failed: (error: unknown) => void,
  ) {}

  /** `make` is called when its turn has come, so that it gives what is newest then. */
  ask(make: () => Promise<Question | null>): void {
    this.#waiting = make;
    if (!this.#busy) void this.#go();
  }

  /** Answers a second, while they follow one another; else 0. */
  get rate(): number {
    const now = performance.now();
    this.#times = this.#times.filter((time) => now - time < WINDOW_MS);
    const [first] = this.#times;
    const last = this.#times.at(-1);
    return first === undefined || last === undefined || last === first ? 0 : ((this.#times.length - 1) * 1000) / (last - first);
  }

  async #go(): Promise<void> {
    this.#busy = true;
    while (this.#waiting) {
      const make = this.#waiting;
      this.#waiting = null;
      try {
        const question = await make();
        if (!question) continue;
        const { bytes, name, methods, target } = question;
        const path = `items/${this.item}/runs${query({ name, methods: methods.join(","), target })}`;
        const answer = await this.client.give<RunAnswer>(path, bytes);
        this.#times.push(performance.now());
        this.answered(answer);
      } catch (error) {
        this.failed(error);
      }
    }
    this.#busy = false;
  }
}
