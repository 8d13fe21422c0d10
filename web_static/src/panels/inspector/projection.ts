// DeconvNet as one can see it: what a channel projects down to the input, and how each max-pooling is undone on the way.

import type { Projection, Unpooling } from "../../bundle/manifest.gen";
import type { Report } from "../../bundle/model";
import type { Tensor } from "../../bundle/tensor";
import type { Theme } from "../../colour/tokens";
import type { ViewState } from "../../state/store";
import { plural, valueText } from "../../words/format";
import { el } from "../dom";
import { most } from "../heat/sum";
import { drawHeatPlane, drawPixels, drawPlane } from "../picture";
import { nameOf } from "../subject";
import { trueColour } from "./kernels";

/** What comes down to a picture, in its own colours around grey; to anything else, by its sign. */
function drawSignal(canvas: HTMLCanvasElement, signal: Tensor, theme: Theme): void {
  const [channels = 1, height = 1, width = 1] = signal.shape;
  if (channels === 3 && signal.shape.length === 3) {
    drawPixels(canvas, width, height, trueColour((channel, y, x) => signal.at(channel, y, x), height, width));
  } else {
    drawHeatPlane(canvas, signal, 0, most(signal), theme);
  }
}

/** Each channel of a layer that the file projects down to the input. */
function downs(report: Report, state: ViewState, list: readonly Projection[]): HTMLElement {
  const grid = el("div.tiles.downs");
  for (const item of list) {
    for (const input of item.inputs) {
      const canvas = el("canvas", { role: "img", "aria-label": `What made channel ${item.channel} fire, in ${nameOf(report, input.node)}` });
      grid.append(el("figure", {}, canvas, el("figcaption.number", {}, `#${item.channel} · ${valueText(item.kept)} at (${item.place.join(", ")})`)));
      report.tensor(input.tensor).then((signal) => drawSignal(canvas, signal, state.theme), () => canvas.classList.add("missing"));
    }
  }
  const words = "Its strongest activation alone goes back down: through ReLUs, transposed convolutions, and each max-pooling to the place of its maximum.";
  return el("section.projection", {}, el("h3", {}, "Down to the input", el("span.aside", {}, "DeconvNet")), el("p.note", {}, words), grid);
}

/** One max-pooling undone: what comes down, the switches, and where it goes. */
async function undone(report: Report, pool: Unpooling, theme: Theme): Promise<HTMLElement> {
  const [pooled, switches, unpooled] = await Promise.all([report.tensor(pool.pooled), report.tensor(pool.switches), report.tensor(pool.unpooled)]);
  const full = Math.max(most(pooled), most(unpooled));
  const heads = ["channel", "comes down", "switches", "unpooled"].map((text) => el("th", { scope: "col" }, text));
  const body = el("tbody");
  pool.channels.forEach((channel, place) => {
    const draw = (what: string, run: (canvas: HTMLCanvasElement) => void): HTMLElement => {
      const canvas = el("canvas", { role: "img", "aria-label": `${what} of channel ${channel}` });
      run(canvas);
      return el("td", {}, canvas);
    };
    body.append(el(
      "tr", {}, el("th.number", { scope: "row" }, `#${channel}`),
      draw("What comes down", (canvas) => drawHeatPlane(canvas, pooled, place, full, theme)),
      draw("The switches", (canvas) => drawPlane(canvas, switches, place, { low: 0, high: 1 }, theme)),
      draw("The unpooled map", (canvas) => drawHeatPlane(canvas, unpooled, place, full, theme)),
    ));
  });
  const left = pool.total - pool.channels.length;
  const words = left > 0 ? `The ${plural(pool.channels.length, "channel")} through which most comes down; ${left} more of ${pool.total} are not kept.` : null;
  return el("div", {}, el("table.unpooling", {}, el("thead", {}, el("tr", {}, ...heads)), body), words === null ? null : el("p.note", {}, words));
}

function pools(report: Report, state: ViewState, list: readonly { readonly from: Projection; readonly pool: Unpooling }[]): HTMLElement {
  const place = el("div");
  const choice = el("select", { "aria-label": "Projection that is undone here" });
  list.forEach(({ from }, i) => choice.append(el("option", { value: i }, `of ${nameOf(report, from.node)} #${from.channel}`)));
  const show = (): void => {
    const item = list[Number(choice.value)];
    if (!item) return;
    undone(report, item.pool, state.theme).then((table) => place.replaceChildren(table), () => place.replaceChildren(el("p.note", {}, "These maps could not be read from the file.")));
  };
  choice.addEventListener("change", show);
  show();
  const words = "A switch is the place of a window's maximum in the forward pass; on the way down each value goes back to its switch.";
  return el("section.projection", {}, el("h3", {}, "Unpooling", choice), el("p.note", {}, words), place);
}

/** All that the file holds of projections from or through one of these nodes. */
export function projectionSections(report: Report, state: ViewState, nodes: ReadonlySet<string>): readonly HTMLElement[] {
  // Files from before projections have none.
  const all = ((report.manifest.projections as readonly Projection[] | undefined) ?? []).filter((item) => item.sample === state.sample);
  const from = all.filter((item) => nodes.has(item.node));
  const through = all.flatMap((item) => item.pools.filter((pool) => nodes.has(pool.node) && pool.channels.length > 0).map((pool) => ({ from: item, pool })));
  return [...(from.length > 0 ? [downs(report, state, from)] : []), ...(through.length > 0 ? [pools(report, state, through)] : [])];
}
