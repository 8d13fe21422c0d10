// The canvas and what is drawn on it. Draws only when asked.

import { Camera, DataTexture, NearestFilter, Scene as Graph, WebGLRenderer, type IUniform, type Object3D } from "three";
import { STEPS, table } from "../colour/maps";
import type { Theme } from "../colour/tokens";
import { Backdrop } from "./backdrop";
import type { Lens } from "./camera";
import { Discs } from "./discs";
import { Faces, type Shared } from "./faces";
import { Lines } from "./lines";
import { shades } from "./painter";

/** The colour maps in the order in which the shader knows them. */
const ROWS = ["sequential", "negative", "heat", "against"] as const;

function mapsTexture(): DataTexture {
  const made = new DataTexture(new Uint8Array(STEPS * 4 * ROWS.length), STEPS, ROWS.length);
  made.magFilter = NearestFilter;
  made.minFilter = NearestFilter;
  return made;
}

const SETTINGS: WebGLContextAttributes = { antialias: false, alpha: false, depth: true, stencil: false, powerPreference: "high-performance" };

/** A time at which every forward pass is over. */
const AT_REST = 1e9;

/** Extensions that something is done with here, or that three.js complains without. */
const EXTENSIONS = new Set(["EXT_color_buffer_float", "KHR_parallel_shader_compile", "WEBGL_lose_context"]);

/** three.js turns on all that it knows, and each makes the page wait for the GPU: a tenth of a second and more in all. */
function lean(context: WebGL2RenderingContext): void {
  const own = context.getExtension.bind(context) as (name: string) => unknown;
  Object.defineProperty(context, "getExtension", { value: (name: string) => (EXTENSIONS.has(name) ? own(name) : null) });
}

export class NoWebGl2 extends Error {
  override readonly name = "NoWebGl2";
}

/** The constructor throws NoWebGl2 where there is none. */
export class Stage {
  readonly canvas: HTMLCanvasElement;
  readonly faces: Faces;
  readonly lines: Lines;
  /** Edges and links of the box under the pointer. */
  readonly hot: Lines;
  /** Outlines that nothing hides. */
  readonly marks: Lines;
  readonly discs: Discs;
  readonly shared: Shared & Record<"glow", IUniform>;
  readonly #renderer: WebGLRenderer;
  readonly #graph = new Graph();
  readonly #camera = new Camera();
  readonly #backdrop: Backdrop;
  readonly #maps = mapsTexture();
  #theme: Theme | null = null;
  /** CSS pixels that are seen, and those that there is a buffer for. */
  #window = { width: 0, height: 0 };
  #buffer = { width: 0, height: 0 };
  frames = 0;
  /** Resolves when the shaders are compiled, or else when the page around the canvas has been painted. */
  readonly compiled: Promise<unknown>;

  constructor(host: HTMLElement, curves: boolean) {
    this.canvas = document.createElement("canvas");
    // Asked for here and not by three.js, which would complain in the console, nor beforehand: a context is slow to make.
    const context = this.canvas.getContext("webgl2", SETTINGS);
    if (!context) throw new NoWebGl2("this browser has no WebGL2");
    lean(context);
    this.#renderer = new WebGLRenderer({ ...SETTINGS, canvas: this.canvas, context });
    this.#renderer.autoClear = false;
    this.#renderer.info.autoReset = false;
    // To ask whether a shader compiled is to wait for it; tests see to it that all do.
    this.#renderer.debug.checkShaderErrors = false;
    host.prepend(this.canvas);
    this.shared = {
      scene: { value: null }, maps: { value: this.#maps }, background: { value: [0, 0, 0] }, glow: { value: [0, 0, 0] },
      gap: { value: [0, 0, 0] }, paper: { value: [0, 0, 0] }, ink: { value: [0, 0, 0] },
      accent: { value: [0, 0, 0] }, dark: { value: 1 }, fine: { value: 1 }, wave: { value: AT_REST },
    };
    const { scene, background, glow, wave, accent } = this.shared;
    this.#backdrop = new Backdrop({ background, glow });
    this.faces = new Faces(this.shared, true, curves);
    this.lines = new Lines({ scene, wave, accent }, 2);
    this.hot = new Lines({ scene, wave, accent }, 2);
    this.discs = new Discs({ scene, background, wave, accent });
    this.marks = new Lines({ scene, wave, accent }, 4, false);
    for (const { mesh } of [this.#backdrop, this.faces, this.lines, this.hot, this.discs, this.marks]) this.add(mesh);
    // Places are worked out in the shaders; three.js has nothing to keep up to date.
    this.#graph.matrixWorldAutoUpdate = false;
    this.compiled = this.#compile(context);
  }

  /** Shaders are compiled beside the page's own work, where the browser tells when they are done without waiting for it. */
  #compile(context: WebGL2RenderingContext): Promise<unknown> {
    if (context.getExtension("KHR_parallel_shader_compile")) return this.#renderer.compileAsync(this.#graph, this.#camera);
    this.#renderer.compile(this.#graph, this.#camera);
    return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }

  readonly add = (mesh: Object3D): void => {
    mesh.matrixAutoUpdate = false;
    this.#graph.add(mesh);
  };

  readonly remove = (mesh: Object3D): void => {
    this.#graph.remove(mesh);
  };

  theme(theme: Theme): void {
    if (theme === this.#theme) return;
    this.#theme = theme;
    ROWS.forEach((name, row) => {
      (this.#maps.image.data as Uint8Array).set(table(name, theme), row * STEPS * 4);
    });
    this.#maps.needsUpdate = true;
    for (const [name, value] of Object.entries(shades(theme))) this.shared[name as keyof ReturnType<typeof shades>].value = value;
    this.shared.dark.value = theme === "dark" ? 1 : 0;
  }

  /**
   * To draw into so many CSS pixels. A new buffer makes the page wait for the GPU, some tenths of a second where that is
   * busy; so the buffer only grows, and in a smaller window its upper left part is drawn and seen.
   */
  resize(width: number, height: number): void {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.#window = { width, height };
    const old = ratio === this.#renderer.getPixelRatio() ? this.#buffer : { width: 0, height: 0 };
    if (width > old.width || height > old.height) {
      this.#buffer = { width: Math.max(width, old.width), height: Math.max(height, old.height) };
      this.#renderer.setPixelRatio(ratio);
      this.#renderer.setSize(this.#buffer.width, this.#buffer.height, false);
      this.canvas.style.width = `${this.#buffer.width}px`;
      this.canvas.style.height = `${this.#buffer.height}px`;
    }
    this.#renderer.setViewport(0, this.#buffer.height - height, width, height);
  }

  /** How far the forward pass is; null when it is done. */
  wave(time: number | null): void {
    this.shared.wave.value = time ?? AT_REST;
  }

  /** `fine` takes its time; what moves need not be. */
  draw(lens: Lens, fine = true): void {
    this.shared.fine.value = fine ? 1 : 0;
    const ratio = this.#renderer.getPixelRatio();
    this.shared.scene.value = lens.matrix();
    for (const lines of [this.lines, this.hot, this.marks]) lines.resize(lens.width, lens.height, ratio);
    this.discs.resize(lens.width, lens.height, ratio, lens.focal);
    this.#renderer.info.reset();
    this.#renderer.clear(true, true, false);
    this.#renderer.render(this.#graph, this.#camera);
    this.frames++;
  }

  /** What is seen, as a PNG. The drawing buffer is only there within the frame that drew it. */
  picture(lens: Lens): Promise<Blob> {
    this.draw(lens);
    const ratio = this.#renderer.getPixelRatio();
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [Math.floor(this.#window.width * ratio), Math.floor(this.#window.height * ratio)];
    copy.getContext("2d")?.drawImage(this.canvas, 0, 0);
    return new Promise((resolve, reject) => {
      copy.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error("the browser gave no picture of the scene"));
      });
    });
  }

  /** Textures and buffers that the GPU holds. */
  get held(): { readonly geometries: number; readonly textures: number } {
    const { geometries, textures } = this.#renderer.info.memory;
    return { geometries, textures };
  }

  /** Draw calls of the last frame. */
  get draws(): number {
    return this.#renderer.info.render.calls;
  }

  dispose(): void {
    for (const part of [this.#backdrop, this.faces, this.lines, this.hot, this.discs, this.marks]) part.dispose();
    this.#maps.dispose();
    this.#renderer.dispose();
    this.canvas.remove();
  }
}
