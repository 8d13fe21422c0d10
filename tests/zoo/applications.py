"""What keras.applications builds, at a small size: how many nodes and edges a trace has, and how many parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Application:
    """side: pixels of the square picture that it is built for; most constructors take any."""

    nodes: int
    edges: int
    parameters: int
    side: int = 96


APPLICATIONS = {
    "ConvNeXtBase": Application(301, 336, 88_591_464),
    "ConvNeXtLarge": Application(301, 336, 197_767_336),
    "ConvNeXtSmall": Application(301, 336, 50_223_688),
    "ConvNeXtTiny": Application(157, 174, 28_589_128),
    "ConvNeXtXLarge": Application(301, 336, 350_196_968),
    "DenseNet121": Application(429, 486, 8_062_504),
    "DenseNet169": Application(597, 678, 14_307_880),
    "DenseNet201": Application(709, 806, 20_242_984),
    "EfficientNetB0": Application(240, 264, 5_330_571),
    "EfficientNetB1": Application(342, 380, 7_856_239),
    "EfficientNetB2": Application(342, 380, 9_177_569),
    "EfficientNetB3": Application(387, 431, 12_320_535),
    "EfficientNetB4": Application(477, 533, 19_466_823),
    "EfficientNetB5": Application(579, 649, 30_562_527),
    "EfficientNetB6": Application(669, 751, 43_265_143),
    "EfficientNetB7": Application(816, 918, 66_658_687),
    "EfficientNetV2B0": Application(273, 303, 7_200_312),
    "EfficientNetV2B1": Application(337, 376, 8_212_124),
    "EfficientNetV2B2": Application(352, 393, 10_178_374),
    "EfficientNetV2B3": Application(412, 461, 14_467_622),
    "EfficientNetV2L": Application(1031, 1164, 119_027_848),
    "EfficientNetV2M": Application(743, 837, 54_431_388),
    "EfficientNetV2S": Application(516, 580, 21_612_360),
    "InceptionResNetV2": Application(782, 879, 55_873_736),
    "InceptionV3": Application(313, 347, 23_851_784),
    "MobileNet": Application(91, 90, 4_253_864),
    "MobileNetV2": Application(156, 165, 3_538_984),
    "MobileNetV3Large": Application(210, 227, 5_507_432),
    "MobileNetV3Small": Application(182, 196, 2_554_968),
    "NASNetLarge": Application(1041, 1256, 88_949_818),
    "NASNetMobile": Application(771, 926, 5_326_716),
    "ResNet101": Application(347, 379, 44_707_176),
    "ResNet101V2": Application(379, 411, 44_675_560),
    "ResNet152": Application(517, 566, 60_419_944),
    "ResNet152V2": Application(566, 615, 60_380_648),
    "ResNet50": Application(177, 192, 25_636_712),
    "ResNet50V2": Application(192, 207, 25_613_800),
    "VGG16": Application(23, 22, 54_471_464),
    "VGG19": Application(26, 25, 59_781_160),
    "Xception": Application(134, 145, 22_910_480),
}
SIX = ("ConvNeXtTiny", "DenseNet121", "EfficientNetV2B0", "InceptionV3", "MobileNetV3Small", "NASNetMobile")
"""Those that differ most; all others run with TENSORVIEW_FULL."""
