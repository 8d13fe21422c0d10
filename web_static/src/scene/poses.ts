// Where boxes stand while they go from one layout to another.

import { at } from "../layout/list";
import type { Layout, Placed, Pose } from "../layout/types";

export interface Stand {
  readonly placed: readonly Placed[];
  readonly poses: readonly Pose[];
}

export function standing(layout: Layout): Stand {
  return { placed: layout.placed, poses: layout.placed.map((item) => item.pose) };
}

export function betweenPoses(a: Pose, b: Pose, share: number): Pose {
  const blend = (key: keyof Pose): number => a[key] + (b[key] - a[key]) * share;
  return {
    x: blend("x"), y: blend("y"), z: blend("z"), width: blend("width"), height: blend("height"),
    depth: blend("depth"), turn: blend("turn"), fade: blend("fade"),
  };
}

export function betweenStands(a: Stand, b: Stand, share: number): Stand {
  return { placed: b.placed, poses: b.poses.map((pose, i) => betweenPoses(a.poses[i] ?? pose, pose, share)) };
}

/**
 * The boxes of a new layout where their old selves stand. A box that is new starts where the box stands that it came
 * out of or that went into it, given by `kin`; one without kin fades in at its place.
 */
export function carried(before: Stand, goal: Stand, kin: (id: string) => string | undefined): Stand {
  const index = new Map(before.placed.map((item, i) => [item.node.id, i]));
  const poses = goal.placed.map(({ node }, i) => {
    const old = index.get(node.id) ?? index.get(kin(node.id) ?? "");
    const pose = at(goal.poses, i);
    return old === undefined ? { ...pose, fade: 0.97 } : at(before.poses, old);
  });
  return { placed: goal.placed, poses };
}

/** Whether two layouts have the same boxes at the same places. */
export function equal(a: readonly Placed[], b: readonly Placed[]): boolean {
  const keys = ["x", "y", "z", "width", "height", "depth", "turn", "fade"] as const;
  return a.length === b.length && a.every((was, i) => {
    const is = at(b, i);
    return was.node.id === is.node.id && keys.every((key) => was.pose[key] === is.pose[key]);
  });
}
