// Choose a method, its parameters, a target and a layer; the server computes it as a job that can be stopped.

import type { Report } from "../bundle/model";
import { button, el } from "../panels/dom";
import type { Client, Job } from "../served/api";
import { progress } from "./progress";
import type { Explained } from "./source";

interface Parameter {
  readonly name: string;
  readonly kind: "bool" | "int" | "float" | "str";
  readonly default: string | number | boolean | null;
  readonly help: string;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly choices: readonly string[] | null;
}

export interface Method {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly cost: "one pass" | "many passes";
  readonly looks_at_layer: boolean;
  readonly by_class: boolean;
  readonly parameters: readonly Parameter[];
}

type Value = string | number | boolean;

interface Control {
  readonly element: HTMLElement;
  /** Null where it is as it was. */
  value(): Value | null;
}

function control(parameter: Parameter): Control {
  const { name, kind, choices, help } = parameter;
  const start = parameter.default;
  if (kind === "bool" || choices) {
    const options = choices ?? ["true", "false"];
    const select = el("select", { title: help }, ...options.map((option) => el("option", { value: option, selected: option === String(start) }, option)));
    const value = (): Value | null => (select.value === String(start) ? null : kind === "bool" ? select.value === "true" : select.value);
    return { element: el("label.field", {}, el("span", {}, name), select), value };
  }
  const numeric = kind === "int" || kind === "float";
  const field = el("input", {
    type: numeric ? "number" : "text", value: start === null ? "" : String(start), title: help,
    min: parameter.minimum, max: parameter.maximum, step: kind === "int" ? 1 : "any",
  });
  const value = (): Value | null => (field.value === "" || field.value === String(start) ? null : numeric ? Number(field.value) : field.value);
  return { element: el("label.field", {}, el("span", {}, name), field), value };
}

export interface Explainer {
  readonly element: HTMLElement;
  /** Another run is shown, or none. */
  show(run: string | null): void;
  /** Goes on watching a job that an earlier page has started. */
  resume(job: Job): void;
}

/** `kept` is told which job is under way, for a page that is loaded again. */
export function explainer(
  client: Client, report: Report, methods: readonly Method[], kept: (job: string | null) => void, done: (found: Explained) => void,
): Explainer {
  let run: string | null = null;
  let controls: readonly (readonly [string, Control])[] = [];
  const select = el("select", { "aria-label": "Method" });
  for (const cost of ["one pass", "many passes"] as const) {
    const group = el("optgroup", { label: cost === "one pass" ? "At once" : "Takes a while" });
    group.append(...methods.filter((method) => method.cost === cost).map((method) => el("option", { value: method.name }, method.title)));
    select.append(group);
  }
  const question = el("p.note");
  const classes = el("datalist", { id: "tensorview-classes" });
  const target = el("input", { type: "text", list: "tensorview-classes", placeholder: "top class", "aria-label": "Target class" });
  const layer = el("select", { "aria-label": "Layer" }, el("option", { value: "" }, "the method's own"));
  const looked = report.manifest.nodes.filter((node) => node.form === "planes" || node.form === "sequence" || node.form === "volume");
  layer.append(...looked.map((node) => el("option", { value: node.id }, node.label)));
  const layerRow = el("label.field", {}, el("span", {}, "Layer"), layer);
  const targetRow = el("label.field", {}, el("span", {}, "Class"), target);
  const parameters = el("div.fields");
  const job = progress(client);
  const compute = button("Explain", () => void start(), { className: "primary small" });

  const chosen = (): Method | undefined => methods.find((method) => method.name === select.value);
  const shown = (): void => {
    const method = chosen();
    question.textContent = method?.question ?? "";
    layerRow.hidden = !method?.looks_at_layer;
    targetRow.hidden = method?.by_class === false;
    controls = (method?.parameters ?? []).map((parameter) => [parameter.name, control(parameter)]);
    parameters.replaceChildren(...controls.map(([, item]) => item.element));
  };
  select.addEventListener("change", shown);

  async function start(): Promise<void> {
    const method = chosen();
    if (!method || run === null) return;
    const values = Object.fromEntries(controls.flatMap(([name, item]) => (item.value() === null ? [] : [[name, item.value()]])));
    const typed = target.value.trim();
    const index = /^(\d+)\b/.exec(typed)?.[1];
    try {
      const made = await client.send<Job>("POST", `runs/${run}/attributions`, {
        method: method.name, parameters: values, layer: method.looks_at_layer && layer.value !== "" ? layer.value : null,
        target: typed === "" || !method.by_class ? "top" : index === undefined ? typed : Number(index),
      });
      await follow(made);
    } catch (error) {
      job.say(error instanceof Error ? error.message : String(error));
    }
  }

  async function follow(start: Job): Promise<void> {
    kept(start.id);
    compute.disabled = true;
    const found = await job.follow<Explained>(start);
    kept(null);
    compute.disabled = run === null;
    if (found) done(found);
  }

  shown();
  return {
    element: el("section.explain", { "aria-label": "Explain" }, select, question, el("div.fields", {}, targetRow, layerRow), parameters, el("div.row", {}, compute, job.stop), job.element),
    show(now) {
      run = now;
      compute.disabled = run === null || job.busy;
      const tops = report.manifest.samples.flatMap((sample) => sample.predictions[0]?.top ?? []);
      const unique = new Map(tops.map((item) => [item.index, item.label]));
      classes.replaceChildren(...[...unique].map(([index, label]) => el("option", { value: String(index) === label ? label : `${index} ${label}` })));
      if (!classes.isConnected) targetRow.append(classes);
    },
    resume: (job) => void follow(job),
  };
}
