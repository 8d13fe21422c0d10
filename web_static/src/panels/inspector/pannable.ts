// A picture that is moved and zoomed by wheel, fingers, drag and keys.

import { el } from "../dom";

const KEY_STEP = 60;
const KEY_ZOOM = 1.25;
const MOST = 20;

export interface Pannable {
  readonly element: HTMLElement;
  /** Shows the whole picture. */
  home(): void;
}

/** `pointed` is told where the pointer is on the picture, 0..1 across and down; elsewhere it is beyond these. */
export function pannable(picture: HTMLCanvasElement, label: string, pointed: (x: number, y: number) => void): Pannable {
  const element = el("div.pannable", { tabindex: 0, role: "img", "aria-label": label }, picture);
  let [x, y, scale, least] = [0, 0, 1, 0.05];
  const draw = (): void => {
    picture.style.transform = `translate(${x}px,${y}px) scale(${scale})`;
  };
  const home = (): void => {
    const { clientWidth, clientHeight } = element;
    least = scale = Math.min(clientWidth / picture.width, clientHeight / picture.height);
    [x, y] = [(clientWidth - picture.width * scale) / 2, (clientHeight - picture.height * scale) / 2];
    draw();
  };
  /** About a point of the element. */
  const zoom = (factor: number, cx: number, cy: number): void => {
    const next = Math.min(MOST, Math.max(least, scale * factor));
    [x, y, scale] = [cx - ((cx - x) * next) / scale, cy - ((cy - y) * next) / scale, next];
    draw();
  };
  const place = (event: MouseEvent): [number, number] => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), ...place(event));
  }, { passive: false });
  const fingers = new Map<number, readonly [number, number]>();
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
  });
  for (const end of ["pointerup", "pointercancel"] as const) element.addEventListener(end, (event) => fingers.delete(event.pointerId));
  element.addEventListener("pointermove", (event) => {
    const [px, py] = place(event);
    pointed((px - x) / scale / picture.width, (py - y) / scale / picture.height);
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const far = ([fx, fy]: readonly [number, number]): number => Math.hypot(fx - other[0], fy - other[1]) || 1;
      zoom(far([px, py]) / far(before), other[0], other[1]);
    } else {
      [x, y] = [x + px - before[0], y + py - before[1]];
      draw();
    }
    fingers.set(event.pointerId, [px, py]);
  });
  element.addEventListener("keydown", (event) => {
    const by = ({ ArrowLeft: [KEY_STEP, 0], ArrowRight: [-KEY_STEP, 0], ArrowUp: [0, KEY_STEP], ArrowDown: [0, -KEY_STEP] } as const)[event.key];
    const middle = [element.clientWidth / 2, element.clientHeight / 2] as const;
    if (by) {
      [x, y] = [x + by[0], y + by[1]];
      draw();
    } else if (event.key === "+" || event.key === "=") zoom(KEY_ZOOM, ...middle);
    else if (event.key === "-") zoom(1 / KEY_ZOOM, ...middle);
    else if (event.key === "0") home();
    else return;
    event.preventDefault();
  });
  return { element, home };
}
