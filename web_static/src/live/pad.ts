// A pad to draw a small grey input on, as large as the input and as white on black as what such models learn from.

import { button, el } from "../panels/dom";

export interface Pad {
  readonly element: HTMLElement;
  /** What else can be done with the drawing. */
  readonly buttons: readonly HTMLElement[];
  /** A pen is on it: nothing around it may move now. */
  readonly held: boolean;
  /** The drawing at the input's own size, as a PGM: a browser takes far longer to make a PNG than a small model to run. */
  picture(): Promise<Blob | null>;
}

const SIDE = 196;
const INK = 0.075;

export function pad(height: number, width: number, drawn: () => void, lifted: () => void): Pad {
  const scale = SIDE / Math.max(height, width);
  const canvas = el("canvas.pad", { width: Math.round(width * scale), height: Math.round(height * scale), tabindex: 0, role: "img", "aria-label": `Drawing pad, ${width}×${height}; draw with the mouse or a finger` });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const element = el("div.easel", { "data-blank": "true" }, canvas, el("p", { "aria-hidden": "true" }, "Draw here"));
  let inverse = false;
  let last: readonly [number, number] | null = null;

  const clear = (): void => {
    if (!context) return;
    context.fillStyle = inverse ? "#fff" : "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    element.dataset["blank"] = "true";
    element.dataset["inverse"] = String(inverse);
  };
  clear();
  const spot = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  };
  const stroke = (to: readonly [number, number]): void => {
    if (!context) return;
    const from = last ?? to;
    context.strokeStyle = inverse ? "#000" : "#fff";
    context.lineWidth = INK * Math.max(canvas.width, canvas.height);
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
    last = to;
    element.dataset["blank"] = "false";
    drawn();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
    last = null;
    stroke(spot(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last === null) return;
    for (const part of event.getCoalescedEvents().length > 0 ? event.getCoalescedEvents() : [event]) stroke(spot(part));
  });
  const end = (): void => {
    last = null;
    lifted();
  };
  for (const name of ["pointerup", "pointercancel"] as const) canvas.addEventListener(name, end);

  const small = document.createElement("canvas");
  [small.width, small.height] = [width, height];
  const reduced = small.getContext("2d", { willReadFrequently: true });
  if (reduced) reduced.imageSmoothingQuality = "high";
  const wiped = button("Clear", () => {
    clear();
    drawn();
  }, { className: "small" });
  const turned = button("◐", () => {
    inverse = !inverse;
    named();
    clear();
    drawn();
  }, { className: "small icon" });
  const named = (): void => {
    turned.title = inverse ? "Draw white on black" : "Draw black on white";
    turned.setAttribute("aria-label", turned.title);
  };
  named();
  return {
    element,
    buttons: [wiped, turned],
    get held() {
      return last !== null;
    },
    picture() {
      if (!reduced) return Promise.resolve(null);
      reduced.drawImage(canvas, 0, 0, width, height);
      const { data } = reduced.getImageData(0, 0, width, height);
      const grey = Uint8Array.from({ length: width * height }, (_, i) => data[4 * i] ?? 0);
      return Promise.resolve(new Blob([`P5 ${width} ${height} 255\n`, grey]));
    },
  };
}
