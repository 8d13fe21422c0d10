// What the Export menu offers.

import type { Report } from "../bundle/model";
import type { Store } from "../state/store";
import { download, fileName } from "./download";
import { graphSvg } from "./graphsvg";
import type { Item } from "./menu";
import type { Notices } from "./notice";
import { channelsTo, npy } from "./npy";
import { channelCount, valuesOf } from "./picture";
import { channelFacts } from "./ranges";
import { subjectOf, type Subject } from "./subject";
import { cells, channelCsv, csv, json } from "./tables";

/** `picture` gives the view as a PNG, or null where there is no scene. */
export function exportItems(report: Report, store: Store, notices: Notices, picture: (() => Promise<Blob>) | null): readonly Item[] {
  const { title } = report.manifest;
  const subject = (): Subject | null => {
    const { selected, unfolded } = store.get();
    return selected === null ? null : subjectOf(report, selected, unfolded);
  };
  const needsLayer = (): string | null => (subject() ? null : "choose a layer first");
  const save = (name: string, content: string | Uint8Array<ArrayBuffer> | Blob, type: string): void => {
    download(name, content instanceof Blob ? content : new Blob([content], { type }));
    notices.toast(`Saved ${name}`);
  };
  const table = (write: typeof csv, ending: string, type: string): void => {
    const chosen = subject();
    if (chosen) save(`${fileName(title, chosen.name)}.${ending}`, write(cells(report, chosen, store.get().sample)), type);
  };
  const array = async (): Promise<void> => {
    const chosen = subject();
    const ref = chosen ? report.activation(store.get().sample, chosen.shows)?.tensor : null;
    if (!chosen || !ref) return;
    const tensor = await report.tensor(ref);
    const axis = chosen.channelAxis;
    const values = valuesOf(tensor);
    const own = axis !== null && chosen.shape.length === tensor.shape.length ? channelsTo(axis, tensor.shape, values) : { shape: tensor.shape, values };
    save(`${fileName(title, chosen.name)}.npy`, npy(own.shape, own.values), "application/octet-stream");
  };
  const channelsOf = async (): Promise<void> => {
    const chosen = subject();
    const ref = chosen ? report.activation(store.get().sample, chosen.shows)?.tensor : null;
    if (!chosen || !ref) return;
    const tensor = await report.tensor(ref);
    const facts = Array.from({ length: channelCount(tensor.shape) }, (_, channel) => channelFacts(tensor, channel));
    save(`${fileName(title, chosen.name)}-channels.csv`, channelCsv(facts), "text/csv");
  };
  const failed = (error: unknown): void => notices.fault(error instanceof Error ? error.message : "The export failed.");
  return [
    {
      text: "Picture of the view (PNG)",
      run: () => void picture?.().then((blob) => save(`${fileName(title)}.png`, blob, "image/png")).catch(failed),
      blocked: () => (picture ? null : "needs the 3D view"),
    },
    {
      text: "Graph of layers (SVG)",
      run: () => save(`${fileName(title)}.svg`, graphSvg(report, store.get()), "image/svg+xml"),
      blocked: () => null,
    },
    {
      text: "Values of the layer (.npy)",
      run: () => void array().catch(failed),
      blocked: () => {
        const chosen = subject();
        if (!chosen) return "choose a layer first";
        return report.activation(store.get().sample, chosen.shows)?.tensor ? null : "no values in this file";
      },
    },
    { text: "Facts of the layer (CSV)", run: () => table(csv, "csv", "text/csv"), blocked: needsLayer },
    {
      text: "Channels of the layer (CSV)",
      run: () => void channelsOf().catch(failed),
      blocked: () => {
        const chosen = subject();
        if (!chosen) return "choose a layer first";
        return report.activation(store.get().sample, chosen.shows)?.tensor ? null : "no values in this file";
      },
    },
    { text: "Facts of the layer (JSON)", run: () => table(json, "json", "application/json"), blocked: needsLayer },
  ];
}
