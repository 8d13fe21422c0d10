// What the list is asked for; the address keeps it, so that going back shows the same.

import { query } from "../served/api";

export type Sort = "added" | "name" | "params" | "layers" | "size";

export interface Asked {
  readonly q: string;
  readonly kind: "" | "model" | "report";
  readonly tag: string;
  readonly sort: Sort;
  readonly trash: boolean;
}

export const SORTS: readonly (readonly [Sort, string])[] = [
  ["added", "Newest first"],
  ["name", "By name"],
  ["params", "Most parameters"],
  ["layers", "Most layers"],
  ["size", "Largest file"],
];

export function fromHash(hash: string): Asked {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const [kind, sort] = [parts.get("kind"), SORTS.find(([name]) => name === parts.get("sort"))?.[0]];
  return {
    q: parts.get("q") ?? "",
    kind: kind === "model" || kind === "report" ? kind : "",
    tag: parts.get("tag") ?? "",
    sort: sort ?? "added",
    trash: parts.has("trash"),
  };
}

export function toHash(asked: Asked): string {
  const { q, kind, tag, sort, trash } = asked;
  const text = query({ q, kind, tag, sort: sort === "added" ? null : sort, trash: trash ? "1" : null });
  return text === "" ? "" : `#${text.slice(1)}`;
}

export function toPath(asked: Asked): string {
  const { q, kind, tag, sort, trash } = asked;
  return `items${query({ q, kind, tag, sort, order: sort === "name" ? "up" : "down", trash: trash ? "yes" : null, most: "500" })}`;
}
