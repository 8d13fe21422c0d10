from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.case import Built, case, noise


def dense(name: str, units: int = 4) -> layers.Dense:
    return layers.Dense(units, name=name)


@case("LSTM, GRU and SimpleRNN, one after the other", "x -> lstm -> gru -> rnn", "rnn")
def stacked() -> Built:
    steps = [layers.LSTM(4, return_sequences=True, name="lstm"), layers.GRU(3, return_sequences=True, name="gru")]
    return keras.Sequential([keras.Input((6, 3), name="x"), *steps, layers.SimpleRNN(2, name="rnn")]), noise(2, 6, 3)


@case("an encoder's states start a decoder", "x -> encoder -> decoder -> y\nz -> decoder", "y")
def encoder_decoder() -> Built:
    x, z = keras.Input((6, 3), name="x"), keras.Input((4, 3), name="z")
    _, hidden, cell = layers.LSTM(4, return_state=True, name="encoder")(x)
    h = layers.LSTM(4, return_sequences=True, name="decoder")(z, initial_state=[hidden, cell])
    return keras.Model([x, z], dense("y")(h)), [noise(2, 6, 3), noise(2, 4, 3)]


@case("sequence and states returned", "x -> lstm -> y", "lstm, lstm, lstm, y")
def states() -> Built:
    x = keras.Input((6, 3), name="x")
    sequence, hidden, cell = layers.LSTM(4, return_sequences=True, return_state=True, name="lstm")(x)
    return keras.Model(x, [sequence, hidden, cell, dense("y")(hidden)]), noise(2, 6, 3)


@case("both directions, joined and summed", "x -> both -> sum -> y", "y")
def bidirectional() -> Built:
    x = keras.Input((6, 3), name="x")
    h = layers.Bidirectional(layers.GRU(3, return_sequences=True), name="both")(x)
    h = layers.Bidirectional(layers.LSTM(4), merge_mode="sum", name="sum")(h)
    return keras.Model(x, dense("y")(h)), noise(2, 6, 3)


@case("both directions apart, with their states", "x -> both -> joined", "joined")
def bidirectional_states() -> Built:
    x = keras.Input((6, 3), name="x")
    returned = layers.Bidirectional(layers.LSTM(3, return_state=True), merge_mode=None, name="both")(x)
    return keras.Model(x, layers.Concatenate(name="joined")(returned)), noise(2, 6, 3)


@case("backwards and stateful", "x -> back -> memory -> y", "y")
def stateful() -> Built:
    x = keras.Input(batch_shape=(2, 5, 3), name="x")
    h = layers.GRU(4, go_backwards=True, return_sequences=True, name="back")(x)
    return keras.Model(x, dense("y")(layers.LSTM(3, stateful=True, name="memory")(h))), noise(2, 5, 3)


@case("cells stacked in an RNN", "x -> rnn -> y", "y")
def cells() -> Built:
    x = keras.Input((5, 3), name="x")
    cell = layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(3), layers.SimpleRNNCell(2)])
    return keras.Model(x, dense("y")(layers.RNN(cell, name="rnn")(x))), noise(2, 5, 3)


@case("a cell of one's own", "x -> rnn -> y", "y")
def custom_cell() -> Built:
    class Leaky(layers.Layer):
        state_size = 4
        output_size = 4

        def __init__(self) -> None:
            super().__init__()
            self.take, self.keep = dense("take"), dense("keep")

        def build(self, shape: Any) -> None:
            self.take.build(shape)
            self.keep.build((None, 4))

        def call(self, x: Any, states: Any) -> Any:
            h = keras.ops.tanh(self.take(x) + self.keep(states[0]))
            return h, [h]

    x = keras.Input((5, 3), name="x")
    return keras.Model(x, dense("y")(layers.RNN(Leaky(), name="rnn")(x))), noise(2, 5, 3)


@case("a cell called step by step", "input -> cell -> cell#1 -> cell#2\ninput -> cell#1, cell#2", "cell#2")
def steps_by_hand() -> Built:
    class Steps(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.cell = layers.LSTMCell(4, name="cell")

        def call(self, x: Any) -> Any:
            states = [keras.ops.zeros((x.shape[0], 4)), keras.ops.zeros((x.shape[0], 4))]
            for step in range(3):
                h, states = self.cell(x[:, step], states)
            return h

    return Steps(), noise(2, 3, 5)


@case("padding masked by an embedding", "x -> words -> lstm -> both -> y\nx -> not_equal -> lstm, both", "y")
def masked_embedding() -> Built:
    x = keras.Input((5,), dtype="int32", name="x")
    h = layers.Embedding(9, 4, mask_zero=True, name="words")(x)
    h = layers.LSTM(4, return_sequences=True, name="lstm")(h)
    h = layers.Bidirectional(layers.GRU(3), name="both")(h)
    return keras.Model(x, dense("y")(h)), np.array([[3, 1, 0, 0, 0], [1, 2, 3, 4, 5]])


@case(
    "padding of a decoder that is given a state is not masked",
    "x -> words -> encoder -> decoder -> y\nx -> not_equal -> encoder\nz -> other -> decoder",
    "y",
)
def masked_decoder() -> Built:
    x, z = keras.Input((5,), dtype="int32", name="x"), keras.Input((4,), dtype="int32", name="z")
    state = layers.GRU(3, name="encoder")(layers.Embedding(9, 4, mask_zero=True, name="words")(x))
    h = layers.GRU(3, return_sequences=True, name="decoder")(
        layers.Embedding(9, 4, mask_zero=True, name="other")(z), initial_state=state
    )
    return keras.Model([x, z], dense("y")(h)), [np.array([[3, 1, 0, 0, 0]]), np.array([[2, 1, 0, 0]])]


@case("padding masked by value", "x -> mask -> gru -> y\nx -> not_equal -> any -> gru", "y")
def masked_values() -> Built:
    x = keras.Input((5, 3), name="x")
    values = noise(2, 5, 3)
    values[0, 3:] = 0
    return keras.Model(x, dense("y")(layers.GRU(4, name="gru")(layers.Masking(name="mask")(x)))), values


@case("sequences of any length", "x -> words -> lstm -> y", "y")
def any_length() -> Built:
    x = keras.Input((None,), dtype="int32", name="x")
    h = layers.LSTM(4, return_sequences=True, name="lstm")(layers.Embedding(9, 4, name="words")(x))
    return keras.Model(x, dense("y")(h)), np.array([[1, 2, 3, 4, 5, 6, 7]])


@case("a layer over each step", "x -> each -> lstm", "lstm")
def time_distributed() -> Built:
    x = keras.Input((4, 6, 6, 3), name="x")
    h = layers.TimeDistributed(layers.Conv2D(2, 3), name="each")(x)
    return keras.Model(x, layers.ConvLSTM2D(2, 3, name="lstm")(h)), noise(2, 4, 6, 6, 3)


@case("a whole model over each step", "x -> each -> gru", "gru")
def model_each_step() -> Built:
    inner = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)])
    x = keras.Input((4, 6, 6, 1), name="x")
    return keras.Model(x, layers.GRU(3, name="gru")(layers.TimeDistributed(inner, name="each")(x))), noise(
        2, 4, 6, 6, 1
    )


@case("ConvLSTM in one, two and three dimensions", "a -> one\nb -> two\nc -> three", "one, two, three")
def conv_lstm() -> Built:
    a, b = keras.Input((3, 7, 2), name="a"), keras.Input((3, 6, 7, 2), name="b")
    c = keras.Input((2, 4, 5, 4, 2), name="c")
    outputs = [
        layers.ConvLSTM1D(3, 3, return_sequences=True, name="one")(a),
        layers.ConvLSTM2D(3, 3, padding="same", return_sequences=True, name="two")(b),
        layers.ConvLSTM3D(2, 2, name="three")(c),
    ]
    return keras.Model([a, b, c], outputs), [noise(2, 3, 7, 2), noise(2, 3, 6, 7, 2), noise(2, 2, 4, 5, 4, 2)]


@case("merges that pass over padding", "a -> e, m, n\nb -> e#1, m, n\ne -> m, n\ne#1 -> m, n", "m, n")
def masks_merged() -> Built:
    a, b = (keras.Input((4,), dtype="int32", name=name) for name in "ab")
    e = layers.Embedding(5, 3, mask_zero=True, name="e")
    both = [e(a), e(b)]
    merged = [layers.Multiply(name="m")(both), layers.Minimum(name="n")(both)]
    given = [np.array([[1, 2, 0, 0], [3, 4, 1, 0]]), np.array([[2, 0, 0, 0], [1, 1, 1, 1]])]
    return keras.Model([a, b], merged), given


@case("CTC-style head over a convolved signal", "x -> conv -> both -> y", "y")
def speech() -> Built:
    x = keras.Input((20, 4), name="x")
    h = layers.Conv1D(6, 5, strides=2, padding="causal", name="conv")(x)
    h = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both")(h)
    return keras.Model(x, layers.Dense(5, activation="softmax", name="y")(h)), noise(2, 20, 4)
