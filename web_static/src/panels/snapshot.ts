// The view as a picture: the scene's canvas, and the text that stands over it drawn on top.

const WIDEST_BORDER = 4;

/** Draws what an element shows by itself: its background, its border and its own text. */
function drawElement(context: CanvasRenderingContext2D, element: Element, origin: DOMRect): void {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left - origin.left, box.top - origin.top];
  const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.height / 2, box.width / 2);
  const border = Math.min(parseFloat(style.borderTopWidth) || 0, WIDEST_BORDER);
  context.beginPath();
  context.roundRect(x + border / 2, y + border / 2, Math.max(0, box.width - border), Math.max(0, box.height - border), radius);
  if (style.backgroundColor !== "rgba(0, 0, 0, 0)") {
    context.fillStyle = style.backgroundColor;
    context.fill();
  }
  if (border > 0 && style.borderTopStyle !== "none") {
    context.lineWidth = border;
    context.strokeStyle = style.borderTopColor;
    context.stroke();
  }
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textBaseline = "middle";
  for (const child of element.childNodes) {
    const text = child.nodeType === Node.TEXT_NODE ? (child.textContent ?? "") : "";
    if (text.trim() === "") continue;
    const range = document.createRange();
    range.selectNodeContents(child);
    const line = range.getBoundingClientRect();
    context.fillText(text, line.left - origin.left, line.top - origin.top + line.height / 2, Math.max(1, box.width || line.width));
  }
}

/** `host` holds the scene's canvas and its labels; `picture` is that canvas alone. Rejects where the browser gives none. */
export async function snapshot(host: HTMLElement, picture: Blob): Promise<Blob> {
  const image = await createImageBitmap(picture);
  const origin = host.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  if (!context) throw new Error("the browser gave no canvas to draw the picture on");
  context.drawImage(image, 0, 0);
  context.scale(image.width / origin.width, image.height / origin.height);
  for (const element of host.querySelectorAll("*")) {
    if (element.matches(".scene-numbers")) context.drawImage(element as HTMLCanvasElement, 0, 0, origin.width, origin.height);
    if (element instanceof HTMLCanvasElement || !element.checkVisibility()) continue;
    context.globalAlpha = Number(getComputedStyle(element).opacity);
    drawElement(context, element, origin);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("the browser gave no picture of the view"));
    });
  });
}
