// A report on the server, into which a live model's answers are put.

import { BlobCache } from "../bundle/cache";
import { fromBase64, inflate } from "../bundle/inflate";
import type { AttributionInfo, MethodInfo, Sample, TensorRef, Weight } from "../bundle/manifest.gen";
import { parseManifest } from "../bundle/parse";
import { SourceError, type Opened } from "../bundle/source";
import { query, type Client } from "../served/api";

const CACHE_BYTES = 96 * 2 ** 20;

/** A blob that came with an answer. */
interface Sent {
  readonly id: string;
  readonly size: number;
  readonly data: string;
}

/** What a model said to an input. Blob ids are those of the run. */
export interface RunAnswer {
  readonly run: string;
  readonly item: string;
  readonly sample: Sample;
  readonly methods: readonly MethodInfo[];
  readonly attributions: readonly AttributionInfo[];
  /** How each input became what the model was given. */
  readonly told: readonly string[];
  readonly notes: readonly string[];
  readonly blobs: readonly Sent[];
}

export interface Explained {
  readonly run: string;
  readonly attribution: AttributionInfo;
  readonly method: MethodInfo;
  readonly blobs: readonly Sent[];
}

/** Bytes of a blob that holds one tensor, or whose last tensor this is. */
function endOf(ref: TensorRef): number {
  const count = ref.shape.reduce((all, size) => all * size, ref.dtype === "float32" ? 4 : 1);
  return ref.offset + Math.ceil(count / 4) * 4;
}

/** Blob ids within the page: those of a run stand behind its id. */
function within<T>(run: string, value: T): T {
  return JSON.parse(JSON.stringify(value), (key, item: unknown) => (key === "blob" && typeof item === "string" ? `${run}/${item}` : item)) as T;
}

export class LiveSource {
  readonly opened: Opened;
  /** The place among the samples where a live model's answer is put. */
  readonly place: number;
  run: string | null = null;
  readonly #samples: Sample[];
  readonly #methods: MethodInfo[];
  readonly #attributions: AttributionInfo[];
  #sent = new Map<string, Sent>();
  #sizes = new Map<string, number>();

  private constructor(readonly client: Client, item: string, text: string) {
    const manifest = parseManifest(text);
    // The page reads these lists each time it looks; what is put into them is seen then.
    this.#samples = [...manifest.samples];
    this.#methods = [...manifest.methods];
    this.#attributions = [...manifest.attributions];
    this.place = this.#samples.length;
    const own = { ...manifest, samples: this.#samples, methods: this.#methods, attributions: this.#attributions };
    const sizes = new Map(manifest.blobs.map((blob) => [blob.id, blob.size]));
    const cache = new BlobCache(CACHE_BYTES);
    const fetched = async (path: string, size: number | undefined, id: string): Promise<Uint8Array> => {
      if (size === undefined) throw new SourceError(`This report has no part “${id}”.`);
      return inflate(new Uint8Array(await (await client.ask(path)).arrayBuffer()), size, id);
    };
    const load = async (id: string): Promise<Uint8Array> => {
      const sent = this.#sent.get(id);
      if (sent) return inflate(await fromBase64(sent.data, id), sent.size, id);
      const [run, blob] = id.split("/");
      if (blob !== undefined) return fetched(`runs/${run ?? ""}/blobs/${encodeURIComponent(blob)}`, this.#sizes.get(id), id);
      return fetched(`items/${item}/blobs/${encodeURIComponent(id)}`, sizes.get(id), id);
    };
    const weights = async (node: string, channel: number, sample: number): Promise<readonly Weight[] | null> => {
      const run = this.run;
      if (run === null || sample !== this.place) return null;
      const answer = await client.get<{ weights: readonly Weight[]; blobs: readonly Sent[] }>(`runs/${run}/weights${query({ node, channel: String(channel) })}`);
      if (run !== this.run) return null;
      for (const blob of answer.blobs) this.#sent.set(`${run}/${blob.id}`, blob);
      return within(run, answer.weights);
    };
    this.opened = { source: { manifest: own, blob: (id) => cache.get(id, () => load(id)), weights }, whole: Promise.resolve(), share: () => 1 };
  }

  static async open(client: Client, item: string): Promise<LiveSource> {
    return new LiveSource(client, item, await (await client.ask(`items/${item}/manifest`)).text());
  }

  /** Puts a run in the place of the one before. */
  put(answer: RunAnswer): void {
    const { run } = answer;
    this.run = run;
    this.#sent = new Map(answer.blobs.map((blob) => [`${run}/${blob.id}`, blob]));
    const sample = within(run, answer.sample);
    this.#sizes = new Map(sample.activations.flatMap(({ tensor }) => (tensor ? [[tensor.blob, endOf(tensor)] as const] : [])));
    this.#samples[this.place] = sample;
    const others = this.#attributions.filter((item) => item.sample !== this.place);
    this.#attributions.splice(0, this.#attributions.length, ...others);
    for (const item of answer.attributions) this.#attributions.push({ ...within(run, item), sample: this.place });
    this.#know(answer.methods);
  }

  /** Adds an attribution of the run that is shown; false where another one is by now. */
  add(found: Explained): boolean {
    if (found.run !== this.run) return false;
    for (const blob of found.blobs) this.#sent.set(`${found.run}/${blob.id}`, blob);
    const item = { ...within(found.run, found.attribution), sample: this.place };
    const at = this.#attributions.findIndex((old) => old.sample === item.sample && old.method === item.method && old.target === item.target);
    if (at >= 0) this.#attributions.splice(at, 1);
    this.#attributions.push(item);
    this.#know([found.method]);
    return true;
  }

  #know(methods: readonly MethodInfo[]): void {
    for (const method of methods) if (!this.#methods.some((known) => known.name === method.name)) this.#methods.push(method);
  }
}
