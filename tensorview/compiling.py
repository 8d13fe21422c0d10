"""A compiled function around one recorded call of a model: traced so that it holds for the inputs that it is run on."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from tensorview import decisions
from tensorview.decisions import Decider
from tensorview.deep import with_deep_stack
from tensorview.edges import flat_tensors
from tensorview.errors import TensorviewError, TraceError
from tensorview.intact import assigned_variables, intact, same_state, states
from tensorview.oneoff import has_channels_first, unoptimised
from tensorview.preparing import input_names
from tensorview.recorder import Recording, record, record_eagerly

FIRST, CLOSE = 1e-3, 1e-4
"""How far a graph's outputs may lie from those of the eager run: relative to each value, and to the largest."""


class Compiled:
    """Traces `function(recording, *extra)` around one recorded call of `model`; calling it runs that.

    tensors: inputs as `prepare` gives them; specs: their TensorSpecs with an open batch. extra_specs: of what
    `function` takes beside. Called with the flattened input tensors and the extra ones, it returns what `function`
    returned, as tensors. While tracing and running, the model's attributes and states are guarded. often: it will be
    run so many times that optimising its graph pays.

    Tried in turn: an open batch dimension; the inputs' exact shapes; these with the model's Python decisions replayed;
    an eager run whose operations are written into a graph. In the latter three it is traced again by itself for inputs
    that need another trace, so `function` may be called again. Raises what the model raised where none of them works.
    """

    def __init__(
        self,
        model: Any,
        tensors: Any,
        specs: Any,
        function: Callable[..., Any],
        extra_specs: Iterable[Any] = (),
        *,
        often: bool = False,
    ) -> None:
        self._model, self._structure, self._function = weakref.ref(model), specs, function
        self._specs = tf.nest.flatten(specs)
        self._extra = tuple(extra_specs)
        self._names = input_names(model, specs)
        self._lock = threading.RLock()
        self._often = often
        self.decider: Decider | None = None
        self.transcribed: list[Any] | None = None
        """The values of the eager run that was written down: it holds for these alone."""
        self.open_batch = False
        """Whether it runs on any number of samples without another trace."""
        self._trace(tf.nest.flatten(tensors))

    def __call__(self, *args: Any) -> Any:
        if self.open_batch:
            return self._run(args)
        values = list(args[: len(self._specs)])
        with self._lock:
            if self._shapes(values) != self._traced_for or not self._transcribes(values):
                with_deep_stack(self.model, lambda: self._trace_exactly(values))
            try:
                return self._run(args)
            except tf.errors.InvalidArgumentError as error:
                if decisions.MARK not in str(error):
                    raise
            with_deep_stack(self.model, lambda: self._trace_exactly(values))
            try:
                return self._run(args)
            except tf.errors.InvalidArgumentError as error:
                if decisions.MARK not in str(error):
                    raise
                raise TraceError(
                    "this model decides in Python by its values, and inputs near the given one, which are asked for "
                    "here, make it decide otherwise; use a method that looks at the given input alone"
                ) from error

    def _run(self, args: Any) -> Any:
        plain = (
            contextlib.nullcontext() if self._often and not self._turned else unoptimised(channels_last=self._turned)
        )
        with same_state(self._variables), plain:
            return self._concrete(*[arg for arg in args if arg is not None])

    @property
    def model(self) -> Any:
        """Held weakly, so that what is kept for a model does not keep the model."""
        return self._model()

    # Traces ------------------------------------------------------------------------------------------------------

    def _trace(self, values: list[Any]) -> None:
        fixed = all(spec is None or not spec.shape.rank or spec.shape[0] is not None for spec in self._specs)
        try:
            self._compile(self._specs, self._function, self._extra)
            self.open_batch = not fixed
            self._traced_for = self._shapes(values)
        except TensorviewError:
            raise
        except Exception:  # the model's own code may need the batch size, and may raise anything to say so
            self._trace_exactly(values)

    def _trace_exactly(self, values: list[Any]) -> None:
        specs = [None if value is None else tf.TensorSpec(value.shape, value.dtype) for value in values]
        self.open_batch, self._traced_for = False, self._shapes(values)
        self.decider = self.transcribed = None
        try:
            self._compile(specs, self._function, self._extra)
            return
        except TensorviewError:
            raise
        except Exception:  # as above
            self.decider = self._decide(specs, values)
            self.transcribed = values if self.decider is None else None
        self._compile(specs, self._function, self._extra)

    def _decide(self, specs: list[Any], values: list[Any]) -> Decider | None:
        """The decisions that the model takes in Python for these values, checked against a plain eager call. None
        where they don't explain why it can't be traced."""
        given = [None if value is None else tf.convert_to_tensor(value) for value in values]
        structure = tf.nest.pack_sequence_as(self._structure, given)
        for sizes in (False, True):
            decider = Decider(given, sizes)
            try:
                with decisions.by(decider):
                    self._compile(specs, lambda recording: list(flat_tensors(recording.outputs)), ())
                traced = self._run(given)
            except Exception:  # as above, anything may be raised
                continue
            if not decider.values:
                continue
            with intact(self.model), same_state(states(self.model)):
                eager = list(flat_tensors(self.model(structure, training=False)))
            if len(eager) == len(traced) and all(map(_close, traced, eager)):
                return decider
        return None

    def _transcribes(self, values: list[Any]) -> bool:
        """Whether the eager run that was written down, if any, was of these values."""
        return self.transcribed is None or all(
            a is b or np.array_equal(a, b) for a, b in zip(values, self.transcribed, strict=True)
        )

    def _compile(self, specs: list[Any], function: Callable[..., Any], extra: tuple[Any, ...]) -> None:
        present = [i for i, spec in enumerate(specs) if spec is not None]

        def traced(*args: Any) -> Any:
            values: list[Any] = [None] * len(specs)
            for position, i in enumerate(present):
                values[i] = args[position]
            given = tf.nest.pack_sequence_as(self._structure, values)
            if self.transcribed is None:
                recording: Recording = record(self.model, given, self._names)
            else:
                ran = tf.nest.pack_sequence_as(self._structure, self.transcribed)
                recording = record_eagerly(self.model, given, ran, self._names)
            return function(recording, *args[len(present) :])

        kept = () if self.transcribed is None else states(self.model)
        with intact(self.model), same_state(kept), decisions.by(self.decider or decisions.current()):
            signature = [*(specs[i] for i in present), *extra]
            self._concrete = tf.function(traced, autograph=False).get_concrete_function(*signature)
        self._variables = assigned_variables(self._concrete.graph)
        self._turned = has_channels_first(self._concrete.graph)

    def _shapes(self, values: list[Any]) -> list[Any]:
        return [None if value is None else tuple(value.shape) for value in values]


def _close(traced: Any, eager: Any) -> bool:
    a, b = np.asarray(traced), np.asarray(eager)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind not in "fcV":
        return bool(np.array_equal(a, b))
    a, b = (x.astype(np.complex128 if x.dtype.kind == "c" else np.float64) for x in (a, b))
    size = np.abs(b)
    largest = size[np.isfinite(size)].max(initial=0.0)
    return bool(np.allclose(a, b, rtol=FIRST, atol=CLOSE * largest + 1e-7, equal_nan=True))
