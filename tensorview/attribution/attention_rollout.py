"""Attention rollout after Abnar and Zuidema 2020."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.method import GradientMethod, Maps
from tensorview.errors import OptionError

if TYPE_CHECKING:
    from tensorview.attribution.view import View


@dataclass(frozen=True)
class AttentionRollout(GradientMethod):
    """The attention of all layers multiplied: of each layer the mean over heads plus the identity, for the shortcut
    around it, rows normalised. Shown is how much the class token drew from each token, or where there is no class
    token, all tokens on average; tokens lie where their patches do.

    `.raw` is the product (N, tokens, tokens); row i says what token i of the last layer is made of, and sums to one.
    Raises OptionError for a model without self-attention, or whose attention layers don't follow each other over the
    same tokens.
    """

    name: ClassVar[str] = "attention_rollout"
    title: ClassVar[str] = "Attention rollout"
    question: ClassVar[str] = "From which parts of the input can information have flowed into the answer, by attention?"
    paper: ClassVar[str] = "Abnar and Zuidema 2020, Quantifying Attention Flow in Transformers, arXiv 2005.00928"
    range: ClassVar[str] = "0 to 1, each map over its own maximum"
    looks_at_layer: ClassVar[bool] = False
    by_class: ClassVar[bool] = False

    def by(self, view: View) -> Sequence[Any]:
        _scores(view)  # says what is missing before the other methods' gradients are taken
        return ()

    def maps(self, view: View) -> Maps:
        import tensorflow as tf

        from tensorview.attribution.resize import normalise, resize
        from tensorview.attribution.tokens import grid_of

        scores = _scores(view)
        product = rollout(scores)
        tf.debugging.assert_equal(
            tf.shape(product)[0], tf.shape(view.score)[0], "attention over windows can't be rolled out"
        )
        grid = grid_of(scores[0], scores[0].shape[-1])
        first = grid.class_token
        row = tf.reduce_mean(product, 1) if first is None else product[:, first]
        shown = normalise(grid.lay(row))
        behind = view.behind(scores[0])
        sources = [name for name, tensor in view.recording.inputs.items() if tensor.op in behind]
        sizes = {name: view.size(name, len(grid.sizes)) for name in sources}
        values = {name: resize(shown, size) for name, size in sizes.items() if size is not None}
        steps = (
            "mean over tokens" if first is None else "the class token's row",
            *((grid.step,) if len(grid.sizes) > 1 else ()),
            "divided by its maximum",
            *(("bilinear to the input's size",) if values else ()),
        )
        return Maps(values or dict.fromkeys(sources, shown), product, steps, at_input=bool(values))


def rollout(scores: Sequence[Any]) -> Any:
    """The product (N, T, T), float32, of attention scores (N, ..., T, T), the first layer's first."""
    import tensorflow as tf

    product = None
    for tensor in scores:
        one = tf.cast(tensor, tf.float32)
        heads = list(range(1, one.shape.rank - 2))
        mixed = tf.reduce_mean(one, heads) if heads else one
        mixed += tf.eye(tf.shape(mixed)[-1])
        mixed /= tf.reduce_sum(mixed, -1, keepdims=True)
        product = mixed if product is None else tf.matmul(mixed, product)
    return product


def _scores(view: View) -> list[Any]:
    """The scores of each self-attention that the output depends on, the first layer's first."""
    end = view.behind(view.output.tensor)
    calls = [c for c in view.recording.calls if c.scores and c.output.op in end]
    if not calls:
        raise OptionError(
            "no attention leads to this output, so there is nothing to roll out; saliency works on any model"
        )
    sizes = {tuple(c.output.shape[-2:]) for c in calls}
    if len(sizes) > 1 or len(set(sizes.pop())) > 1:
        shapes = ", ".join(f"{c.id} {c.output.shape[-2]}×{c.output.shape[-1]}" for c in calls[:4])
        raise OptionError(f"attention rollout needs self-attention over the same tokens in all layers, but: {shapes}")
    for before, after in itertools.pairwise(calls):
        if before.output.op not in view.behind(after.output):
            raise OptionError(
                f"attention rollout needs layers one after the other; {after.id!r} is beside {before.id!r}"
            )
    return [c.output for c in calls]
