// What the inspector shows, as CSV and JSON.

import type { Report } from "../bundle/model";
import { shapeText } from "../words/format";
import { fieldText } from "./inspector/facts";
import type { ChannelFacts } from "./ranges";
import type { Subject } from "./subject";

export type Cell = readonly [name: string, value: string | number | null];

/** Facts as exact numbers, not as they are rounded for the eye. */
export function cells(report: Report, subject: Subject, sample: number): Cell[] {
  const summary = report.activation(sample, subject.shows)?.summary;
  return [
    ["name", subject.name],
    ["id", subject.id],
    ["about", subject.about],
    ["output", shapeText(subject.shape)],
    ["axes", subject.axes.join(" ")],
    ["dtype", subject.dtype],
    ["parameters", subject.params],
    ["trainable parameters", subject.trainable],
    ["multiply-adds", subject.macs],
    ["bytes", subject.bytes],
    ["time share", subject.time],
    ["receptive field", subject.field === null ? null : fieldText(subject.field)],
    ...subject.facts.map((fact): Cell => [fact.name, fact.value]),
    ...subject.health.map((item): Cell => [`health: ${item.kind}`, item.text]),
    ["sample", report.sample(sample)?.name ?? null],
    ...(summary
      ? ([["min", summary.min], ["max", summary.max], ["mean", summary.mean], ["std", summary.std], ["zeros", summary.zeros], ["nan", summary.nan], ["inf", summary.inf]] satisfies Cell[])
      : []),
  ];
}

function quoted(value: string | number | null): string {
  let text = value === null ? "" : String(value);
  // A spreadsheet must not take a layer's name for a formula.
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(rows: readonly Cell[]): string {
  return [["name", "value"], ...rows].map((row) => row.map((cell) => quoted(cell ?? null)).join(",")).join("\r\n") + "\r\n";
}

export function json(rows: readonly Cell[]): string {
  return `${JSON.stringify(rows.map(([name, value]) => ({ name, value })), null, 2)}\n`;
}

/** A line a channel; what is no number is left empty. */
export function channelCsv(facts: readonly ChannelFacts[]): string {
  const number = (value: number): string => (Number.isNaN(value) ? "" : String(value));
  const rows = facts.map(({ channel, mean, min, max, zeros }) => [channel, mean, min, max, zeros].map(number).join(","));
  return ["channel,mean,min,max,zeros", ...rows].join("\r\n") + "\r\n";
}
