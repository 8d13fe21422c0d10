"""All methods. A new one is its own file and one line here; nothing imports TensorFlow before a method runs."""

from __future__ import annotations

from typing import Any

from tensorview.attribution.ablation_cam import AblationCAM
from tensorview.attribution.attention_rollout import AttentionRollout
from tensorview.attribution.cam import CAM
from tensorview.attribution.deconvnet import DeconvNet
from tensorview.attribution.eigen_cam import EigenCAM
from tensorview.attribution.grad_cam import GradCAM
from tensorview.attribution.grad_cam_plus_plus import GradCAMPlusPlus
from tensorview.attribution.gradient_input import GradientInput
from tensorview.attribution.guided_backprop import GuidedBackprop
from tensorview.attribution.guided_grad_cam import GuidedGradCAM
from tensorview.attribution.hires_cam import HiResCAM
from tensorview.attribution.integrated_gradients import IntegratedGradients
from tensorview.attribution.layer_cam import LayerCAM
from tensorview.attribution.method import Method
from tensorview.attribution.occlusion import Occlusion
from tensorview.attribution.parameters import parameters
from tensorview.attribution.rectified import Rectified
from tensorview.attribution.rise import RISE
from tensorview.attribution.saliency import Saliency
from tensorview.attribution.score_cam import ScoreCAM
from tensorview.attribution.smoothgrad import SmoothGrad
from tensorview.attribution.xgrad_cam import XGradCAM
from tensorview.errors import OptionError, near

METHODS: tuple[type[Method], ...] = (
    GradCAM, Saliency, GradientInput, GuidedBackprop, Rectified, GuidedGradCAM, CAM, GradCAMPlusPlus, HiResCAM,
    LayerCAM, XGradCAM, EigenCAM, DeconvNet, ScoreCAM, AblationCAM,
    SmoothGrad, IntegratedGradients, Occlusion, RISE, AttentionRollout,
)  # fmt: skip


def methods() -> tuple[type[Method], ...]:
    """The classes of all methods. Each has name, title, question, paper, range and cost; its dataclass fields are its
    parameters (`tensorview.attribution.parameters.parameters` lists them)."""
    return METHODS


def find(name: str, values: dict[str, Any] | None = None) -> Method:
    """The method with this name and these parameter values. Raises OptionError that lists the names near to a wrong
    one, and for a parameter value out of its bounds."""
    known = {method.name: method for method in METHODS}
    if name not in known:
        raise OptionError(f"there is no method {name!r}{near(str(name), list(known))}; methods: {', '.join(known)}")
    method = known[name]
    fields = {parameter.name: parameter for parameter in parameters(method)}
    for key in values or {}:
        if key not in fields:
            own = f"its parameters: {', '.join(fields)}" if fields else "it has none"
            raise OptionError(f"{name} has no parameter {key!r}{near(key, list(fields))}; {own}")
    return method(**{key: fields[key].check(value) for key, value in (values or {}).items()})
