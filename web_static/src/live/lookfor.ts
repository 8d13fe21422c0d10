// What a channel or a class looks for: the input that it answers to most, made by the server as a job.

import type { Report } from "../bundle/model";
import { button, el } from "../panels/dom";
import type { Client, Job } from "../served/api";
import type { Store } from "../state/store";
import { valueText } from "../words/format";
import { progress } from "./progress";

interface Made {
  readonly objective: string;
  readonly first: number;
  readonly last: number;
  readonly dead: boolean;
  readonly picture: string;
  readonly notes: readonly string[];
}

const CLASSES = "";
const STEPS = [["32", "A quick look"], ["128", "Good"], ["512", "Thorough"]] as const;

export function lookFor(client: Client, item: string, report: Report, store: Store): HTMLElement {
  const job = progress(client);
  const nodes = report.manifest.nodes.filter((node) => node.kind !== "input" && node.weights.length > 0);
  const layer = el("select", { "aria-label": "Layer to look into" }, el("option", { value: CLASSES }, "class scores"), ...nodes.map((node) => el("option", { value: node.id }, node.label)));
  const channel = el("input", { type: "number", min: 0, step: 1, value: "0", "aria-label": "Channel or class" });
  const steps = el("select", { "aria-label": "Steps" }, ...STEPS.map(([value, text]) => el("option", { value, selected: value === "128" }, text)));
  const picture = el("img", { alt: "", hidden: true });
  const caption = el("p.note");
  const make = button("Make", () => void start(), { className: "primary small" });

  // What is chosen in the page is what one would ask about.
  store.subscribe(() => {
    const { selected, channel: shown } = store.get();
    if (selected !== null && nodes.some((node) => node.id === selected)) layer.value = selected;
    if (shown !== null) channel.value = String(shown);
  });

  async function start(): Promise<void> {
    make.disabled = true;
    try {
      const [number, node] = [Number(channel.value), report.node(layer.value)];
      const objective = node ? `channel:${node.id}:${number}` : `logit:${number}`;
      const title = node ? `Channel ${number} of ${node.label}` : `Class ${number}`;
      const asked = { objective, steps: Number(steps.value) };
      const made = await job.follow<Made>(await client.send<Job>("POST", `items/${item}/visualizations`, asked));
      if (made) shown(made, title);
    } catch (error) {
      job.say(error instanceof Error ? error.message : String(error));
    }
    make.disabled = false;
  }

  function shown(made: Made, title: string): void {
    picture.src = `data:image/png;base64,${made.picture}`;
    picture.alt = `What ${title.toLowerCase()} answers to most`;
    picture.hidden = false;
    const moved = made.dead ? "nothing moves it" : `from ${valueText(made.first)} to ${valueText(made.last)}`;
    caption.textContent = [`${title}: ${moved}`, ...made.notes].join("; ") + ".";
  }

  const field = (name: string, control: HTMLElement): HTMLElement => el("label.field", {}, el("span", {}, name), control);
  return el(
    "section.explain", { "aria-label": "What it looks for" },
    el("p.note", {}, "The input that one channel, unit or class answers to most, made step by step from noise."),
    el("div.fields", {}, field("Layer", layer), field("Number", channel), field("Steps", steps)),
    el("div.row", {}, make, job.stop), job.element, picture, caption,
  );
}
