// Asks the server that the page came from. Faults come as problem details, made to be read.

import { SourceError } from "../bundle/source";

export interface Item {
  readonly id: string;
  readonly kind: "model" | "report";
  readonly suffix: string;
  readonly name: string;
  readonly added: string;
  readonly size: number;
  readonly tags: readonly string[];
  readonly model: string;
  readonly params: number | null;
  readonly layers: number | null;
  readonly inputs: readonly string[];
  readonly samples: number | null;
  readonly said: string | null;
  readonly kinds: readonly string[];
  /** Of the layers' boxes, in percent. */
  readonly heights: readonly number[];
  readonly pictured: boolean;
  readonly error: string | null;
  /** Named on the command line: shown, not kept. */
  readonly given: boolean;
  readonly deleted: boolean;
  readonly opened: boolean;
}

export interface Job {
  readonly id: string;
  readonly kind: "open" | "warm" | "attribution" | "visualization" | "export";
  readonly item: string;
  readonly title: string;
  readonly state: "queued" | "running" | "done" | "failed" | "cancelled";
  readonly share: number;
  readonly detail: string | null;
  readonly version: number;
}

export interface About {
  readonly version: string;
  /** Another one each time the server starts. */
  readonly started: string;
  /** Another one when the library has changed. */
  readonly library: number;
  readonly most_upload: number;
}

export interface Listed {
  readonly total: number;
  readonly items: readonly Item[];
  readonly tags: readonly string[];
}

/** The server said no. */
export class Refused extends SourceError {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** The server said nothing. */
export class Unreachable extends SourceError {}

export const OVER: ReadonlySet<Job["state"]> = new Set(["done", "failed", "cancelled"]);

async function detail(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: unknown };
    if (typeof problem.detail === "string") return problem.detail;
  } catch {
    // Not ours: a proxy's own page.
  }
  return response.status === 413 ? "This is larger than the server takes." : `The server says ${response.status}.`;
}

export class Client {
  /** `root`: where the start page is. Everything else lies below it, also where a proxy has put it into a folder. */
  constructor(readonly root: URL, readonly lost: () => void = () => undefined) {}

  url(path: string): URL {
    return new URL(`api/v1/${path}`, this.root);
  }

  async ask(path: string, options: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.url(path), options);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      this.lost();
      throw new Unreachable("The server does not answer. Is it still running?");
    }
    if (!response.ok) throw new Refused(response.status, await detail(response));
    return response;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.ask(path)).json()) as T;
  }

  async send<T>(method: "POST" | "PATCH" | "DELETE", path: string, data?: unknown): Promise<T> {
    const body = data === undefined ? {} : { body: JSON.stringify(data), headers: { "Content-Type": "application/json" } };
    return (await (await this.ask(path, { method, ...body })).json()) as T;
  }

  /** A file's bytes, as they are. */
  async give<T>(path: string, bytes: Blob, signal?: AbortSignal): Promise<T> {
    const options: RequestInit = { method: "POST", body: bytes, headers: { "Content-Type": "application/octet-stream" } };
    return (await (await this.ask(path, signal ? { ...options, signal } : options)).json()) as T;
  }
}

export function query(values: Readonly<Record<string, string | null>>): string {
  const kept = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== "");
  return kept.length > 0 ? `?${new URLSearchParams(kept).toString()}` : "";
}
