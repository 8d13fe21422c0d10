// The part of the view that a link carries: what another person must know to see the same.

import { allFeatures } from "../bundle/features";
import type { Report } from "../bundle/model";
import { readCell } from "./cell";
import type { Eye, ViewState } from "./store";

type Shared = Pick<ViewState, "selected" | "open" | "unfolded" | "sample" | "channel" | "slice" | "cell" | "mode" | "method" | "target" | "heatLayer" | "sign" | "range" | "fixed" | "eye">;

/** The view as the text behind `#`; empty for the view that the page starts with. */
export function toHash(state: ViewState, start: ViewState): string {
  const parts = new URLSearchParams();
  if (state.selected !== null) parts.set("node", state.selected);
  if (state.open.size > 0) parts.set("open", state.selected !== null && state.open.size === 1 && state.open.has(state.selected) ? "1" : "all");
  if (state.sample !== 0) parts.set("sample", String(state.sample));
  if (state.channel !== null) parts.set("channel", String(state.channel));
  if (state.slice !== null && state.selected !== null) parts.set("slice", String(state.slice));
  if (state.cell !== null && state.selected !== null) parts.set("cell", state.cell);
  if (state.mode === "attribution" && state.method !== null) {
    parts.set("method", state.method);
    if (state.target !== null) parts.set("target", String(state.target));
    if (state.heatLayer !== null) parts.set("layer", state.heatLayer);
    if (state.sign !== start.sign) parts.set("sign", state.sign);
  }
  if (state.range !== start.range) parts.set("range", state.range === "fixed" ? String(state.fixed) : state.range);
  if (state.mode === "kernels" || state.mode === "features") parts.set("show", state.mode);
  if (state.eye !== null) parts.set("camera", EYE.map((key) => Number((state.eye?.[key] ?? 0).toFixed(3))).join(","));
  const unfolded = [...state.unfolded].sort();
  if (unfolded.join("\n") !== [...start.unfolded].sort().join("\n")) for (const id of unfolded) parts.append("unfold", id);
  return parts.toString();
}

const EYE = ["yaw", "pitch", "zoom", "x", "y", "z"] as const;
/** Camera angles and distances beyond this show nothing. */
const FAR = 1000;

function camera(text: string | null): Eye | null {
  const numbers = (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  const [yaw = 0, pitch = 0, zoom = 0, x = 0, y = 0, z = 0] = numbers;
  const good = numbers.length === EYE.length && numbers.every((number) => Math.abs(number) < FAR) && zoom > 0.01 && Math.abs(yaw) <= 90 && Math.abs(pitch) <= 90;
  return good ? { yaw, pitch, zoom, x, y, z } : null;
}

function index(text: string | null, below: number): number | null {
  const number = text === null || !/^\d{1,9}$/.test(text) ? NaN : Number(text);
  return number < below ? number : null;
}

function shown(text: string | null, report: Report): ViewState["mode"] {
  if (text === "features" && allFeatures(report).length > 0) return text;
  return text === "kernels" ? text : "activations";
}

/** A cell that this bundle has. */
function cellFrom(text: string | null, report: Report): string | null {
  const found = text === null ? null : readCell(text);
  const shape = found && report.node(found.node)?.shape;
  return shape?.length === found?.index.length && shape?.every((side, axis) => (found?.index[axis] ?? side) < side) === true ? text : null;
}

/** "channel", or the number at which a fixed range ends. */
function scale(text: string | null, start: ViewState): Pick<ViewState, "range" | "fixed"> {
  const end = text === null || text === "" ? NaN : Number(text);
  if (end > 0 && Number.isFinite(end)) return { range: "fixed", fixed: end };
  return { range: text === "channel" || text === "layer" ? text : start.range, fixed: start.fixed };
}

/** The view that a link asks for. What this bundle does not have is left out, for links outlive their files. */
export function fromHash(hash: string, report: Report, start: ViewState, isId: (id: string) => boolean): Shared {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const known = (id: string | null): string | null => (id !== null && isId(id) ? id : null);
  const selected = known(parts.get("node"));
  const method = report.manifest.methods.find((item) => item.name === parts.get("method"))?.name ?? null;
  const openPart = parts.get("open");
  const all = openPart === "all" ? report.manifest.nodes.map((node) => node.id) : [];
  const unfold = parts.getAll("unfold").filter(isId);
  return {
    selected,
    open: new Set(openPart === "1" && selected !== null ? [selected] : all),
    unfolded: parts.has("unfold") ? new Set(unfold) : start.unfolded,
    sample: index(parts.get("sample"), report.manifest.samples.length) ?? 0,
    channel: index(parts.get("channel"), 1e9),
    slice: selected === null ? null : index(parts.get("slice"), 1e9),
    mode: method !== null ? "attribution" : shown(parts.get("show"), report),
    cell: cellFrom(parts.get("cell"), report),
    method: method ?? start.method,
    target: method === null ? null : index(parts.get("target"), 1e9),
    heatLayer: method === null ? null : known(parts.get("layer")),
    sign: parts.get("sign") === "absolute" ? "absolute" : "signed",
    ...scale(parts.get("range"), start),
    eye: camera(parts.get("camera")),
  };
}
