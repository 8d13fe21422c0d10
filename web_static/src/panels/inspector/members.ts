// The layers inside a block, or drawn in one box with a layer.

import { button, el, swatch } from "../dom";

export interface MemberRow {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly shape: string;
}

/** `unfold` puts the members on the shelf; null where there is nothing to unfold. */
export function members(
  title: string,
  rows: readonly MemberRow[],
  current: string,
  open: (id: string) => void,
  unfold: { readonly text: string; readonly run: () => void } | null,
): HTMLElement {
  const head = el("h3", {}, title);
  if (unfold) head.append(button(unfold.text, unfold.run, { className: "link" }));
  const list = el("ul.members");
  for (const row of rows) {
    const item = button("", () => open(row.id), { attributes: { "aria-current": row.id === current ? "true" : null } });
    item.append(swatch(row.kind), el("span.label", { title: row.name }, row.name), el("span.number", {}, row.shape));
    list.append(el("li", {}, item));
  }
  return el("section", {}, head, list);
}
