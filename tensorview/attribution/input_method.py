"""Methods that explain by the gradient at the model's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.method import GradientMethod, Maps, Rule

if TYPE_CHECKING:
    from tensorview.attribution.view import View


@dataclass(frozen=True)
class InputMethod(GradientMethod):
    """`.raw` is the signed gradient, or what the method makes of it, shaped as the input (token ids: as their
    embeddings); `.values` are without the channels, by default their largest absolute value."""

    looks_at_layer: ClassVar[bool] = False
    range: ClassVar[str] = "0 and up, in score per unit of input"

    def by(self, view: View) -> Sequence[Any]:
        return list(view.inputs().values())

    def raw(self, view: View, name: str, tensor: Any) -> Any:
        """The signed map of one input, in its shape."""
        return view.gradient(tensor, name)

    def maps(self, view: View) -> Maps:
        inputs = view.inputs()
        raw = {name: self.raw(view, name, tensor) for name, tensor in inputs.items()}
        values = {name: shown(raw[name], view.channel_axis(name)) for name in inputs}
        return Maps(values, raw, SHOWN)


SHOWN = ("absolute value", "maximum over channels")


def shown(raw: Any, channel_axis: int | None) -> Any:
    """The largest absolute value over channels, as saliency maps show it; without channels the absolute value."""
    import tensorflow as tf

    strength = tf.abs(raw)
    return strength if channel_axis is None else tf.reduce_max(strength, channel_axis)


@dataclass(frozen=True)
class ReluMethod(InputMethod):
    """A gradient that goes down through the ReLUs by another rule."""

    range: ClassVar[str] = "0 and up"
    rule: ClassVar[Rule]

    def by(self, view: View) -> Sequence[Any]:
        view.inputs()  # says what is missing before the other methods' gradients are taken
        return ()

    def raw(self, view: View, name: str, tensor: Any) -> Any:
        return view.ruled(self.rule)[name]

    def maps(self, view: View) -> Maps:
        from tensorview.attribution.relu_rules import hidden

        kept = hidden(view.score.graph.get_operations())
        which = "1 ReLU inside a tf.function kept its" if kept == 1 else f"{kept} ReLUs inside tf.functions kept their"
        note = (f"{which} own gradient",) if kept else ()
        maps = super().maps(view)
        return replace(maps, steps=(*maps.steps, *note))
