"""Eigen-CAM after Muhammad and Yeasin 2020."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tensorview.attribution.layer_method import LayerMethod, flattened

if TYPE_CHECKING:
    from tensorview.attribution.features import FeatureMaps
    from tensorview.attribution.view import View


@dataclass(frozen=True)
class EigenCAM(LayerMethod):
    """The maps of a layer projected on their first principal direction, whatever the class is. Its sign, which is
    arbitrary, is chosen so that the projection's sum is positive."""

    name: ClassVar[str] = "eigen_cam"
    title: ClassVar[str] = "Eigen-CAM"
    question: ClassVar[str] = "What stands out most in a layer, whatever the class?"
    paper: ClassVar[str] = "Muhammad and Yeasin 2020, Eigen-CAM, arXiv 2008.00299"
    by_class: ClassVar[bool] = False

    def by(self, view: View) -> Sequence[Any]:
        view.maps()
        return ()

    def cam(self, view: View, layer: FeatureMaps) -> tuple[Any, Any]:
        import tensorflow as tf

        flat, space = flattened(tf.cast(layer.tensor, tf.float64), layer.channel_axis)
        matrix = tf.linalg.matrix_transpose(flat) if layer.channel_axis == 1 else flat
        # The smaller of the two products of the matrix with itself has the same first direction.
        rows, columns = matrix.shape[1:]
        if rows is not None and columns is not None and rows < columns:
            values, vectors = tf.linalg.eigh(tf.matmul(matrix, matrix, transpose_b=True))
            projection = vectors[:, :, -1] * tf.sqrt(tf.nn.relu(values[:, -1:]))
        else:
            vectors = tf.linalg.eigh(tf.matmul(matrix, matrix, transpose_a=True))[1]
            projection = tf.linalg.matvec(matrix, vectors[:, :, -1])
        sign = tf.where(tf.reduce_sum(projection, 1, keepdims=True) < 0, -1.0, 1.0)
        signed = tf.cast(projection * tf.cast(sign, tf.float64), tf.float32)
        return tf.reshape(signed, [-1, *space]), None
