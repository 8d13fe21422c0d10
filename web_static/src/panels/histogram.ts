// A histogram as bars with its two ends.

import type { Summary } from "../bundle/manifest.gen";
import { el, svg } from "./dom";
import { valueText } from "../words/format";

const HEIGHT = 44;
/** A bar this many times higher than the next one (most often the zeros) is cut, or the others would vanish. */
const TOWERS = 3;

/** The count that fills the height: that of the highest bar, or a little over the second where the first towers. */
export function ceiling(counts: readonly number[]): number {
  const [first = 1, second = 0] = [...counts].sort((a, b) => b - a);
  return second > 0 && first > TOWERS * second ? 1.6 * second : Math.max(first, 1);
}

/** `kind` colours the bars like the layer; null leaves them grey. Empty where there is no finite value. */
export function histogram(title: string, aside: string, summary: Summary, kind: string | null): HTMLElement {
  const box = el("section.histogram", {}, el("h3", {}, el("span.title", { title }, title), el("span.aside", {}, aside)));
  const { histogram: counts, min, max } = summary;
  if (min === null || max === null || counts.length === 0) {
    box.append(el("p.note", {}, summary.count === 0 ? "No values." : "No finite values."));
    return box;
  }
  const most = ceiling(counts);
  const picture = svg("svg", {
    viewBox: `0 0 ${counts.length} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `${title}: ${summary.count} values from ${valueText(min)} to ${valueText(max)}`,
  });
  if (kind !== null) picture.style.setProperty("--kind", `var(--kind-${kind})`);
  counts.forEach((count, i) => {
    if (count === 0) return;
    // A bin that holds anything is seen.
    const height = Math.min(HEIGHT, Math.max(1, (count / most) * HEIGHT));
    const bar = svg("rect", { x: i + 0.07, y: HEIGHT - height, width: 0.86, height });
    bar.append(svg("title", {}, document.createTextNode(`${count} of ${summary.count}`)));
    picture.append(bar);
    // The gap in a bar that was cut.
    if (count > most) picture.append(svg("rect", { class: "cut", x: i, y: 6, width: 1, height: 2 }));
  });
  box.append(picture, el("div.ends", {}, el("span.number", {}, valueText(min)), el("span.number", {}, valueText(max))));
  const odd = [summary.nan > 0 ? `${summary.nan} NaN` : "", summary.inf > 0 ? `${summary.inf} infinite` : ""].filter(Boolean);
  if (odd.length > 0) box.append(el("p.health.bad", {}, `${odd.join(" and ")} not counted here.`));
  return box;
}
