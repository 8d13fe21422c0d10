// The page: panels around the scene, all of them reading one store.

import { api } from "./api";
import { Report } from "./bundle/model";
import { momentsOf } from "./bundle/moments";
import { SourceError, type Opened, type Source } from "./bundle/source";
import { dock } from "./panels/dock";
import { cellKeys } from "./panels/cellkeys";
import { el } from "./panels/dom";
import { exportItems } from "./panels/exports";
import { facts } from "./panels/filefacts";
import { flat } from "./panels/flat";
import { folds } from "./panels/folds";
import { heatPanel } from "./panels/heat";
import { help } from "./panels/help";
import { hint } from "./panels/hint";
import { inspector } from "./panels/inspector";
import { keyboard } from "./panels/keyboard";
import { layers } from "./panels/layers";
import { legend } from "./panels/legend";
import { notices, type Notices } from "./panels/notice";
import { progress, type Progress } from "./panels/progress";
import { samples } from "./panels/samples";
import { timeline } from "./panels/timeline";
import { result, sheet } from "./panels/sheet";
import { side } from "./panels/side";
import { snapshot } from "./panels/snapshot";
import { isSubject } from "./panels/subject";
import { keepTheme, systemTheme } from "./panels/theme";
import { tooltip, type Hovered } from "./panels/tooltip";
import { topbar } from "./panels/topbar";
import { tableOf, transport } from "./panels/transport";
import { createScene, type Scene } from "./scene/scene";
import { NoWebGl2 } from "./scene/stage";
import { close, keepRules } from "./state/actions";
import { keepHistory } from "./state/history";
import { keepPlaying, playOrPause } from "./state/play";
import { createStore, type Store } from "./state/store";

/** Null where the browser cannot draw it. */
function sceneIn(host: HTMLElement, report: Report, store: Store): Scene | null {
  try {
    return createScene(host, report, store);
  } catch (error) {
    if (error instanceof NoWebGl2) return null;
    throw error;
  }
}

/** Tells the first fault of the bundle; the ones after it have the same cause. */
function watched(opened: Opened, tell: Notices, bar: Progress): Source {
  let told = false;
  const fault = (error: unknown): void => {
    if (told || !(error instanceof SourceError)) return;
    told = true;
    tell.fault(error.message);
  };
  opened.whole.catch(fault);
  // Whoever asked for bytes in vain need not say so again in the console.
  window.addEventListener("unhandledrejection", (event) => {
    if (event.reason instanceof SourceError) event.preventDefault();
  });
  const { manifest, weights } = opened.source;
  const sizes = new Map(manifest.blobs.map(({ id, size }) => [id, size]));
  return {
    manifest,
    ...(weights ? { weights } : {}),
    blob: async (id) => {
      try {
        const coming = opened.source.blob(id);
        bar.wait(coming, sizes.get(id) ?? 0);
        return await coming;
      } catch (error) {
        fault(error);
        throw error;
      }
    },
  };
}

/** A panel that is built anew when a live model has brought samples or methods that it did not know of. */
function renewed(report: Report, store: Store, build: () => HTMLElement): HTMLElement {
  const { samples: all, methods } = report.manifest;
  const first = build();
  let [element, known] = [first, `${all.length} ${methods.length}`];
  store.subscribe(() => {
    const now = `${all.length} ${methods.length}`;
    if (now === known) return;
    known = now;
    const next = build();
    element.replaceWith(next);
    element = next;
  });
  return first;
}

function startState(report: Report): Store {
  return createStore({ theme: systemTheme(), method: report.manifest.methods[0]?.name ?? null });
}

/** What a live page needs of the page that it is on. */
export interface Built {
  readonly report: Report;
  readonly store: Store;
  readonly tell: Notices;
  /** The place over the scene. */
  readonly view: HTMLElement;
}

export function page(root: HTMLElement, opened: Opened): Built {
  const tell = notices();
  const bar = progress(opened.whole, opened.share);
  const report = new Report(watched(opened, tell, bar));
  const store = startState(report);
  keepTheme(store);
  keepRules(store);
  keepPlaying(store, (state) => tableOf(report, state).length);

  const host = el("div.scene", { role: "group", "aria-label": "3D view; the layer list and the inspector tell the same" });
  const pill = hint(store);
  const view = el("div.view", {}, host, bar.element, pill, tell.toasts, folds(root, store));
  const stage = el("main.stage", { "aria-label": "Scene" }, tell.element, view);
  const list = layers(report, store);
  const about = help(facts(report.manifest));
  const right = side(report, store, inspector(report, store), heatPanel(report, store));
  const below = renewed(report, store, () => dock(report, store, samples(report, store), legend(report, store), transport(report, store)));
  const phone = [sheet(root, store), renewed(report, store, () => result(report, store, samples(report, store), transport(report, store)))];
  root.className = "tv";
  root.replaceChildren(list.element, stage, right, below, ...phone, about.element);
  document.title = report.manifest.title || report.manifest.model.name;

  if (momentsOf(report.manifest).length > 1) view.append(timeline(report, store));
  keepHistory(store, report, (id) => isSubject(report, id));
  const scene = sceneIn(host, report, store);
  if (scene) pointer(host, view, report, store, scene);
  else {
    pill.remove();
    root.dataset["flat"] = "true";
    host.replaceWith(flat(report, store));
  }
  const items = exportItems(report, store, tell, scene ? async () => snapshot(host, await scene.picture()) : null);
  root.prepend(topbar(report, store, tell, items, about.toggle));
  for (const note of report.manifest.notes) tell.note(note);

  cellKeys(report, store, (...by) => scene?.moveCell(...by));
  keyboard(report, store, {
    search() {
      const { panels } = store.get();
      store.set({ panels: { ...panels, left: true, tab: "layers" } });
      list.focusSearch();
    },
    clearSearch: list.clearSearch,
    help: about.toggle,
    home: () => scene?.home(),
    toggleAll() {
      if (store.get().open.size > 1) scene?.closeAll();
      else void scene?.openAll();
    },
    zoom: (factor) => scene?.zoom(factor),
    play() {
      if (scene && report.manifest.samples.length > 0) playOrPause(store);
    },
  });
  window.tensorview = api(report, store, scene, () => close(store));
  return { report, store, tell, view };
}

/** The tooltip follows what the scene says is under the pointer. */
function pointer(host: HTMLElement, view: HTMLElement, report: Report, store: Store, scene: Scene): void {
  const tip = tooltip(report, store);
  view.append(tip.element);
  let hovered: Hovered | null = null;
  let asked = false;
  host.addEventListener("hover", (event) => {
    hovered = (event as CustomEvent<Hovered | null>).detail;
    if (asked) return;
    asked = true;
    // Once a frame: a pointer moves more often than it is drawn.
    requestAnimationFrame(() => {
      asked = false;
      tip.show(hovered, hovered ? scene.boundsOf(hovered.node) : null);
    });
  });
  // Not on pointerdown: on a phone the scene moves up when the hint goes, under the finger that has yet to leave it.
  host.addEventListener("click", () => store.set({ hint: false }));
}
