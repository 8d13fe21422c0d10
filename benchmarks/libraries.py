"""Attribution libraries as the benchmark runs them. One method of a library takes a context and gives a function of
(images, classes) that returns maps; a method that it hasn't is missing.

A context has: `model` (up to the class scores), `softmax_model` (to the probabilities), `layer` (a name), `n_samples`.
`Tensorview` also goes into other benchmarks that take adapters of this kind (`benchmarks/libraries.py:Tensorview`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Run = Callable[[Any, Any], Any]


class Tensorview:
    """Ours: the public function, from NumPy arrays to NumPy arrays, all of its checks within."""

    name = "tensorview"

    def gradcam(self, c: Any) -> Run:
        return self._run(c, "grad_cam", layer=c.layer)

    def saliency(self, c: Any) -> Run:
        return self._run(c, "saliency")

    def smoothgrad(self, c: Any) -> Run:
        return self._run(c, "smoothgrad", samples=c.n_samples, noise=0.2)

    def scorecam(self, c: Any) -> Run:
        return self._run(c, "score_cam", layer=c.layer)

    def every_layer(self, c: Any) -> Run:
        """Grad-CAM on all convolutions at once; returned is the last one's map."""
        return self._run(c, "grad_cam", layer="all")

    def _run(self, c: Any, method: str, **options: Any) -> Run:
        import tensorview as tv

        return lambda images, classes: (
            tv.attribute(c.model, images, method, target=[int(one) for one in classes], **options).values
        )


class Bare:
    """The methods written by hand and compiled: what there is to pay for the arithmetic alone."""

    name = "bare"

    def gradcam(self, c: Any) -> Run:
        both = keras.Model(c.model.inputs, [c.model.get_layer(c.layer).output, c.model.output])

        @tf.function(input_signature=self._specs(c))
        def run(x: Any, index: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                maps, scores = both(x, training=False)
                score = tf.gather(scores, index, batch_dims=1)
            weights = tf.reduce_mean(tape.gradient(score, maps), (1, 2), keepdims=True)
            cam = tf.nn.relu(tf.reduce_sum(maps * weights, -1, keepdims=True))
            return tf.image.resize(cam, tf.shape(x)[1:3])[..., 0]

        return self._called(run)

    def saliency(self, c: Any) -> Run:
        gradient = self._gradient(c)
        return self._called(
            tf.function(lambda x, index: tf.reduce_max(tf.abs(gradient(x, index)), -1), input_signature=self._specs(c))
        )

    def smoothgrad(self, c: Any) -> Run:
        gradient, copies, chunk = self._gradient(c), c.n_samples, 32

        @tf.function(input_signature=self._specs(c))
        def run(x: Any, index: Any) -> Any:
            each = tf.clip_by_value(chunk // tf.shape(x)[0], 1, copies)
            axes = (1, 2, 3)
            spread = 0.2 * (tf.reduce_max(x, axes, keepdims=True) - tf.reduce_min(x, axes, keepdims=True))
            total, done = tf.zeros_like(x), tf.constant(0)
            while done < copies:
                tf.autograph.experimental.set_loop_options(parallel_iterations=1, shape_invariants=[(total, x.shape)])
                now = tf.minimum(each, copies - done)
                near = tf.repeat(x, now, 0)
                near += tf.repeat(spread, now, 0) * tf.random.normal(tf.shape(near))
                found = gradient(near, tf.repeat(index, now))
                shape = tf.concat([[tf.shape(x)[0], now], tf.shape(found)[1:]], 0)
                total += tf.reduce_sum(tf.reshape(found, shape), 1)
                done += now
            return tf.reduce_max(tf.abs(total / float(copies)), -1)

        return self._called(run)

    def scorecam(self, c: Any) -> Run:
        features, chunk = keras.Model(c.model.inputs, c.model.get_layer(c.layer).output), 32
        specs = self._specs(c)

        @tf.function(input_signature=[tf.TensorSpec([1, *specs[0].shape[1:]]), tf.TensorSpec([], tf.int32)])
        def run(x: Any, index: Any) -> Any:
            maps = tf.transpose(features(x, training=False)[0], (2, 0, 1))[..., None]
            found, place = tf.TensorArray(tf.float32, 0, dynamic_size=True, infer_shape=False), tf.constant(0)
            while place < tf.shape(maps)[0]:
                tf.autograph.experimental.set_loop_options(parallel_iterations=1)
                masks = tf.image.resize(maps[place : place + chunk], tf.shape(x)[1:3])
                low, high = (find(masks, (1, 2, 3), keepdims=True) for find in (tf.reduce_min, tf.reduce_max))
                seen = x * tf.math.divide_no_nan(masks - low, high - low)
                found = found.write(found.size(), tf.nn.softmax(c.model(seen, training=False))[:, index])
                place += chunk
            cam = tf.nn.relu(tf.einsum("chw,c->hw", maps[..., 0], found.concat()))
            return tf.image.resize(cam[None, ..., None], tf.shape(x)[1:3])[0, ..., 0]

        return lambda images, classes: np.stack(
            [
                run(tf.constant(one[None]), tf.constant(int(index))).numpy()
                for one, index in zip(images, classes, strict=True)
            ]
        )

    @staticmethod
    def _specs(c: Any) -> list[Any]:
        return [tf.TensorSpec([None, *c.model.input_shape[1:]], tf.float32), tf.TensorSpec([None], tf.int32)]

    @staticmethod
    def _gradient(c: Any) -> Callable[[Any, Any], Any]:
        def gradient(x: Any, index: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                score = tf.gather(c.model(x, training=False), index, batch_dims=1)
            return tape.gradient(score, x)

        return gradient

    @staticmethod
    def _called(run: Any) -> Run:
        return lambda images, classes: run(tf.constant(images), tf.constant(classes, tf.int32)).numpy()


class TfKerasVis:
    name = "tf-keras-vis"

    def gradcam(self, c: Any) -> Run:
        from tf_keras_vis.gradcam import Gradcam

        return self._cam(Gradcam(c.model), c)

    def scorecam(self, c: Any) -> Run:
        from tf_keras_vis.scorecam import Scorecam

        return self._cam(Scorecam(c.model), c)

    def saliency(self, c: Any, **options: Any) -> Run:
        from tf_keras_vis.saliency import Saliency

        found = Saliency(c.model)
        return lambda images, classes: np.asarray(found(self._score(classes), images, normalize_map=False, **options))

    def smoothgrad(self, c: Any) -> Run:
        return self.saliency(c, smooth_samples=c.n_samples)

    def _cam(self, found: Any, c: Any) -> Run:
        return lambda images, classes: np.asarray(
            found(
                self._score(classes), images, penultimate_layer=c.layer, seek_penultimate_conv_layer=False,
                normalize_cam=False,
            )
        )  # fmt: skip

    @staticmethod
    def _score(classes: Any) -> Any:
        from tf_keras_vis.utils.scores import CategoricalScore

        return CategoricalScore([int(one) for one in classes])


class Xplique:
    name = "xplique"

    def gradcam(self, c: Any) -> Run:
        from xplique.attributions import GradCAM

        return self._run(GradCAM(c.model, conv_layer=c.layer), c)

    def saliency(self, c: Any) -> Run:
        from xplique.attributions import Saliency

        return self._run(Saliency(c.model), c)

    def smoothgrad(self, c: Any) -> Run:
        from xplique.attributions import SmoothGrad

        return self._run(SmoothGrad(c.model, nb_samples=c.n_samples, noise=0.4), c)

    @staticmethod
    def _run(found: Any, c: Any) -> Run:
        return lambda images, classes: found(images, tf.one_hot(classes, c.model.output_shape[-1])).numpy()[..., 0]


class TfExplain:
    """It returns a drawn grid and takes one class for all images: drawing is in its time."""

    name = "tf-explain"

    def gradcam(self, c: Any) -> Run:
        from tf_explain.core import GradCAM

        return lambda images, classes: GradCAM().explain(
            (images, None), c.model, int(classes[0]), layer_name=c.layer, use_guided_grads=False
        )

    def saliency(self, c: Any) -> Run:
        from tf_explain.core import VanillaGradients

        return lambda images, classes: VanillaGradients().explain((images, None), c.model, int(classes[0]))

    def smoothgrad(self, c: Any) -> Run:
        from tf_explain.core import SmoothGrad

        return lambda images, classes: SmoothGrad().explain(
            (images, None), c.softmax_model, int(classes[0]), num_samples=c.n_samples, noise=0.4
        )


LIBRARIES = {kind.name: kind for kind in (Tensorview, Bare, TfKerasVis, Xplique, TfExplain)}
