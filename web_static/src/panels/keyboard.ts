// Keys that work anywhere on the page.

import type { Report } from "../bundle/model";
import { viewGraph } from "../layout/fold";
import { choose, chooseMethod, chooseSample, close, toggleTheme } from "../state/actions";
import type { Store } from "../state/store";
import { neighbours } from "./subject";

export interface Commands {
  readonly search: () => void;
  readonly clearSearch: () => void;
  readonly help: () => void;
  readonly home: () => void;
  readonly toggleAll: () => void;
  readonly zoom: (factor: number) => void;
  readonly play: () => void;
}

const ZOOM_STEP = 1.2;

/** The id that an arrow key leads to from the chosen one; the first box where nothing is chosen. */
export function stepFrom(report: Report, selected: string | null, unfolded: ReadonlySet<string>, key: string): string | null {
  if (selected === null) return viewGraph(report.manifest, unfolded).nodes[0]?.id ?? null;
  const { before, after } = neighbours(report, selected, unfolded);
  if (key === "ArrowRight") return after[0] ?? null;
  if (key === "ArrowLeft") return before[0] ?? null;
  // Up and down: the other branches that start or end where this one does.
  const around = [
    ...before.flatMap((id) => neighbours(report, id, unfolded).after),
    ...after.flatMap((id) => neighbours(report, id, unfolded).before),
  ];
  const branches = [...new Set([...around, selected])];
  const at = branches.indexOf(selected) + (key === "ArrowDown" ? 1 : -1);
  const next = branches[(at + branches.length) % branches.length];
  return next === undefined || next === selected ? null : next;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest("input:not([type=range]), textarea, select, dialog[open], [role=menu]") !== null;
}

/** Whether the space bar already means something there. */
function isPressed(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, summary, [role=treeitem], [role=radio]") !== null;
}

export function keyboard(report: Report, store: Store, commands: Commands): void {
  const arrow = (event: KeyboardEvent): void => {
    const { selected, unfolded } = store.get();
    if (event.target instanceof HTMLInputElement) return;
    const next = stepFrom(report, selected, unfolded, event.key);
    if (next === null) return;
    event.preventDefault();
    choose(store, next);
  };
  const escape = (): void => {
    const { selected, open, mode } = store.get();
    if (selected !== null || open.size > 0) close(store);
    else if (mode !== "activations") chooseMethod(store, null);
    else commands.clearSearch();
    commands.home();
  };
  const keys: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    "/": commands.search,
    "?": commands.help,
    Escape: escape,
    Home: () => {
      close(store);
      commands.home();
    },
    o: commands.toggleAll,
    " ": commands.play,
    t: () => toggleTheme(store),
    "+": () => commands.zoom(ZOOM_STEP),
    "=": () => commands.zoom(ZOOM_STEP),
    "-": () => commands.zoom(1 / ZOOM_STEP),
    ArrowLeft: arrow,
    ArrowRight: arrow,
    ArrowUp: arrow,
    ArrowDown: arrow,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    if (/^[1-9]$/.test(event.key)) {
      chooseSample(store, report, Number(event.key) - 1);
      return;
    }
    const run = event.key === " " && isPressed(event.target) ? undefined : keys[event.key];
    if (!run) return;
    if (event.key !== "Escape" && !event.key.startsWith("Arrow")) event.preventDefault();
    run(event);
  });
}
