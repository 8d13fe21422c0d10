"""TensorFlow's operations by what they do to positions."""

VALUE_BY_VALUE = frozenset(
    {
        "Abs", "Add", "AddN", "AddV2", "BiasAdd", "Cast", "Const", "Elu", "Erf", "Exp", "Identity", "LeakyRelu", "Log",
        "Maximum", "Minimum", "Mul", "Neg", "Placeholder", "Pow", "ReadVariableOp", "RealDiv", "Relu", "Relu6", "Rsqrt",
        "Selu", "Sigmoid", "Softplus", "Sqrt", "Square", "Sub", "Tanh",
    }
)  # fmt: skip
"""Those that work value by value: each value of the result comes from those at its own place alone."""

UNCHANGED = frozenset({"Cast", "Identity", "StopGradient", "PreventGradient"})
"""Those that hand on the values that they are given."""
