// Mouse, wheel and fingers: turn, shift, zoom; and clicks that are neither.

import { add, Lens, type View } from "./camera";

export interface Hands {
  view(): View;
  lens(): Lens;
  /** The person moved the camera. */
  moved(view: View): void;
  hover(x: number, y: number): void;
  leave(): void;
  click(x: number, y: number): void;
  home(): void;
}

const CLICK_MOVES = 5;
const PITCHES = [-10, 80] as const;
const YAWS = 75;

function held(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

export function turned(view: View, dx: number, dy: number): View {
  return { ...view, yaw: held(view.yaw - dx * 0.25, -YAWS, YAWS), pitch: held(view.pitch + dy * 0.25, ...PITCHES) };
}

export function shifted(view: View, lens: Lens, dx: number, dy: number): View {
  const scale = lens.scaleAt(view.target);
  return { ...view, target: add(add(view.target, lens.right, -dx / scale), lens.up, dy / scale) };
}

/** Nearer by a factor, keeping what is at a place of the picture there. */
export function zoomed(view: View, lens: Lens, factor: number, x: number, y: number): View {
  const distance = held(view.distance / factor, 1.5, 2000);
  const share = 1 - distance / view.distance;
  const scale = lens.scaleAt(view.target);
  const target = add(add(view.target, lens.right, ((x - lens.width / 2) / scale) * share), lens.up, ((lens.height / 2 - y) / scale) * share);
  return { ...view, target, distance };
}

/** Listens on an element; gives what stops that. */
export function control(element: HTMLElement, hands: Hands): () => void {
  const off = new AbortController();
  const { signal } = off;
  const pointers = new Map<string, { x: number; y: number }>();
  let travelled = 0;
  let pan = false;
  const spot = (event: MouseEvent): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener("pointerdown", (event) => {
    if (pointers.size === 0) travelled = 0;
    pan = event.button !== 0 || event.shiftKey;
    pointers.set(`${event.pointerId}`, spot(event));
    if (event.isTrusted) element.setPointerCapture(event.pointerId);
  }, { signal });

  element.addEventListener("pointermove", (event) => {
    const [now, before] = [spot(event), pointers.get(`${event.pointerId}`)];
    if (!before) {
      if (event.pointerType !== "touch") hands.hover(now.x, now.y);
      return;
    }
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    const others = [...pointers].filter(([id]) => id !== `${event.pointerId}`).map(([, place]) => place);
    pointers.set(`${event.pointerId}`, now);
    travelled += Math.hypot(dx, dy);
    if (travelled < CLICK_MOVES) return;
    const [view, lens, other] = [hands.view(), hands.lens(), others[0]];
    if (other) {
      const grow = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      const near = zoomed(view, lens, grow, (now.x + other.x) / 2, (now.y + other.y) / 2);
      hands.moved(shifted(near, lens, dx / 2, dy / 2));
    } else {
      hands.moved(pan ? shifted(view, lens, dx, dy) : turned(view, dx, dy));
    }
  }, { signal });

  const release = (event: PointerEvent): void => {
    const was = pointers.delete(`${event.pointerId}`);
    if (event.type === "pointerup" && was && pointers.size === 0 && travelled < CLICK_MOVES && event.button === 0) {
      const { x, y } = spot(event);
      hands.click(x, y);
    }
  };
  element.addEventListener("pointerup", release, { signal });
  element.addEventListener("pointercancel", release, { signal });
  element.addEventListener("pointerleave", () => hands.leave(), { signal });
  element.addEventListener("dblclick", () => hands.home(), { signal });
  element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = spot(event);
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    const factor = Math.exp(-held(pixels, -240, 240) * (event.ctrlKey ? 0.01 : 0.0018));
    hands.moved(zoomed(hands.view(), hands.lens(), factor, x, y));
  }, { signal, passive: false });
  return () => off.abort();
}
