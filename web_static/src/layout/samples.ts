// Made-up models for the tests of this room.

import type { GroupInfo, Kind, Manifest, NodeInfo, Role } from "../bundle/manifest.gen";

export function layer(id: string, kind: Kind, group: string | null = null, shape: readonly number[] = [16, 16, 8]): NodeInfo {
  const role: Role = kind === "input" ? "input" : kind === "merge" ? "merge" : kind === "reshape" ? "stub" : "layer";
  const flat = shape.length === 1;
  return {
    id, label: id.split("/").at(-1) ?? id, layer: id, class_name: kind === "merge" ? "Add" : kind, call: 0, group, kind,
    form: flat ? "row" : "planes", role, axes: flat ? ["unit"] : ["y", "x", "channel"], shape, dtype: "float32", params: 0,
    trainable_params: 0, macs: null, facts: [], weights: [], health: [], note: null, field: null, bytes: null, time_share: null, rule: null, channel_axis: flat ? null : 2,
  };
}

export function manifest(nodes: readonly NodeInfo[], edges: readonly (readonly [string, string])[], groups: readonly GroupInfo[] = []): Manifest {
  return {
    format: 1, generator: "test", created: "", title: "test", inputs: [], nodes, groups,
    model: { name: "m", class_name: "Model", file: null, digest: null, params: 0, trainable_params: 0, macs: null, layers: nodes.length, keras: "", tensorflow: "" },
    edges: edges.map(([source, target]) => ({ source, target })),
    samples: [], methods: [], attributions: [], labels: null, notes: [], moments: [], features: [], atlases: [],
    budget: { limit: null, smallest_map: null, reductions: [] }, blobs: [], projections: [],
  };
}

/** "name:kind" one after the other, and further edges. */
export function chain(names: readonly string[], skips: readonly (readonly [string, string])[] = []): Manifest {
  const nodes = names.map((name) => {
    const [id = "", kind = "other"] = name.split(":");
    return layer(id, kind as Kind, null, kind === "dense" ? [10] : [16, 16, 8]);
  });
  const steps = nodes.slice(1).map((node, i) => [nodes[i]?.id ?? "", node.id] as const);
  return manifest(nodes, [...steps, ...skips]);
}
