// The panel on the right: everything about the chosen layer, call or block.

import type { Activation } from "../bundle/manifest.gen";
import { atlasOf, featureOf } from "../bundle/features";
import { pause } from "../bundle/pace";
import type { Report } from "../bundle/model";
import { isFolded } from "../layout/fold";
import { plan } from "../layout/plan";
import { choose, close, toggle } from "../state/actions";
import type { Store, ViewState } from "../state/store";
import { button, el, watch } from "./dom";
import { shapeText, valueText } from "../words/format";
import { histogram } from "./histogram";
import { atlasSection } from "./inspector/atlas";
import { channels, type Weights } from "./inspector/channels";
import { depth } from "./inspector/depth";
import { factList, head, otherFacts } from "./inspector/facts";
import { features } from "./inspector/features";
import { weights } from "./inspector/kernels";
import { members } from "./inspector/members";
import { projectionSections } from "./inspector/projection";
import { originSection } from "./inspector/origin";
import { within } from "./rows";
import { faceOf, nameOf, subjectOf, type Subject } from "./subject";
import { atMoment } from "./timeline";

const MOST_LINKS = 2;

function walk(report: Report, store: Store, subject: Subject): HTMLElement {
  const go = (ids: readonly string[], text: (name: string) => string, label: string): HTMLElement => {
    const side = el("div");
    for (const id of ids.slice(0, MOST_LINKS)) {
      const name = nameOf(report, id);
      side.append(button(text(name), () => choose(store, id), { label: `${label}: ${name}` }));
    }
    if (ids.length > MOST_LINKS) side.append(el("span.aside", {}, `+${ids.length - MOST_LINKS}`));
    return side;
  };
  return el(
    "nav.walk",
    { "aria-label": "Along the links" },
    go(subject.before, (name) => `← ${name}`, "Comes from"),
    go(subject.after, (name) => `${name} →`, "Goes to"),
  );
}

/** Class names where the layer is the output that they belong to. */
function labelOf(report: Report, state: ViewState, node: string): (channel: number) => string | null {
  const prediction = report.sample(state.sample)?.predictions.find((item) => item.node === node && item.kind === "classes");
  const labels = report.manifest.labels;
  return (channel) =>
    prediction ? (prediction.top.find((item) => item.index === channel)?.label ?? labels?.[channel] ?? null) : null;
}

/** What the channels of a layer weigh in the attribution that is looked at, or in the file's first; null where no one says. */
async function weightsOf(report: Report, { method, sample, target }: ViewState, node: string): Promise<Weights | null> {
  const names = [method, ...report.manifest.methods.map((item) => item.name)];
  for (const name of names) {
    const found = name === null ? undefined : report.heat({ method: name, sample, target });
    const ref = found?.weights.find((item) => item.node === node);
    if (!ref) continue;
    const { values } = await report.tensor(ref.tensor);
    const title = report.manifest.methods.find((item) => item.name === name)?.title ?? "";
    return values && { title: `${title} of “${found?.target_label ?? ""}”`, values };
  }
  return null;
}

/** Fills the panel anew whenever the choice, the sample or the colours change. */
export function inspector(report: Report, store: Store): HTMLElement {
  const body = el("div.body");
  const element = el("section.inspector", { "aria-labelledby": "tv-subject", tabindex: -1 }, body);
  const closeButton = button("✕", () => close(store), { className: "icon close", label: "Close (Esc)" });
  element.prepend(closeButton);
  const origin = originSection(report, store);
  const slices = depth(store);
  let turn = 0;

  const unfoldable = (subject: Subject): { text: string; run: () => void } | null => {
    const block = plan(report.manifest).blocks.get(subject.id);
    if (!block) return null;
    const folded = isFolded(block, store.get().unfolded);
    return {
      text: folded ? "unfold in the scene" : "fold again",
      run: () => store.set({ unfolded: toggle(store.get().unfolded, subject.id), open: new Set(), selected: null }),
    };
  };

  const show = (state: ViewState): void => {
    const mine = ++turn;
    body.replaceChildren();
    const found = state.selected === null ? null : subjectOf(report, state.selected, state.unfolded);
    const subject = found && atMoment(report.manifest, state.sample, found);
    if (!subject) {
      body.append(el("p.note.empty", {}, "Choose a layer to read about it."));
      return;
    }
    const face = faceOf(report, subject.id, state.unfolded) ?? subject.shows;
    const activation = report.activation(state.sample, face);
    const own = face === subject.shows ? undefined : report.activation(state.sample, subject.shows);
    body.append(head(report, subject, activation), walk(report, store, subject), origin.element);
    const volume = report.node(face);
    if (volume?.form === "volume" && activation?.tensor) body.append(slices(activation.tensor.shape[1] ?? 1));
    const spread = (title: string, { summary }: Activation): void => {
      if (summary.count > 0) body.append(histogram(title, summary.mean === null ? "" : `mean ${valueText(summary.mean)}`, summary, subject.kind));
    };
    if (activation) spread(own ? `Activations after ${nameOf(report, face)}` : "Activations", activation);
    if (own) spread("Before that", own);
    if (subject.members.length > 0) {
      const prefix = plan(report.manifest).blocks.get(subject.id)?.prefix ?? "";
      const rows = subject.members.map((id) => {
        const node = report.node(id);
        return { id, name: within(prefix, node?.label ?? id), kind: node?.kind ?? "other", shape: shapeText(node?.shape ?? []) };
      });
      body.append(members(subject.membersTitle, rows, subject.id, (id) => choose(store, id), unfoldable(subject)));
    }
    body.append(...projectionSections(report, state, new Set([subject.id, subject.shows, face])));
    const kept = el("div");
    weights(kept, report, subject.weights, state.theme);
    body.append(kept);
    const looking = featureOf(report, [subject.shows, face, ...subject.members]);
    if (looking) body.append(features(report, store, looking, subject.weights));
    const atlas = atlasOf(report, [subject.shows, face, ...subject.members]);
    if (atlas) body.append(atlasSection(report, atlas, nameOf(report, atlas.node)));
    const tiles = el("div");
    body.append(tiles);
    const rows = otherFacts(subject);
    if (rows.length > 0) body.append(factList(rows));
    const ref = activation?.tensor;
    if (!ref) return;
    Promise.all([report.tensor(ref), weightsOf(report, state, face)]).then(
      async ([tensor, alpha]) => {
        await pause();
        if (mine === turn) tiles.append(channels(store, activation, tensor, labelOf(report, state, face), alpha));
      },
      () => {
        if (mine === turn) tiles.append(el("p.note", {}, "Its values could not be read from the file."));
      },
    );
  };
  watch(store, (s) => [s.selected, s.sample, s.theme, s.range, s.fixed, s.unfolded, s.method, s.target], show);
  watch(store, (s) => [s.selected, s.sample, s.theme, s.unfolded, s.mode, s.cell], origin.show);
  watch(store, (s) => [s.selected], () => (element.scrollTop = 0));
  watch(store, (s) => [s.channel], ({ channel }) => {
    for (const tile of element.querySelectorAll<HTMLElement>("[data-channel]")) {
      tile.setAttribute("aria-pressed", String(tile.dataset["channel"] === String(channel)));
    }
  });
  return element;
}
