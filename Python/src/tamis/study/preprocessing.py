"""From a photograph to the numbers that a network takes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .network import DTYPES, Network, require_file
from .refusals import damage, refusal

_RESAMPLINGS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
#: Mean and deviation of the channels red, green and blue of photographs, 0 … 255.
PHOTOGRAPHS = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


@dataclass(frozen=True)
class Preprocessing:
    """An image becomes (pixel − mean) ⁄ deviation, with pixels 0 … 255, after the shorter edge was resized and the middle cut out.

    Attributes
    ----------
    mean, deviation
        Of all channels, or one each, in the order of `channels`.
    channels
        ``"rgb"``, ``"bgr"`` or ``"grey"``.
    layout
        ``"nchw"`` or ``"nhwc"``; None for what the shape of the model's input says.
    crop
        Height and width of what is cut out, in pixels; None for what the model prescribes, or 224.
    resize
        Length that the shorter edge gets before, in pixels; 0 leaves the image; None for 256 ⁄ 224 of the crop.
    resample
        ``"nearest"``, ``"bilinear"`` or ``"bicubic"``.
    """

    mean: tuple[float, ...] = (0.0,)
    deviation: tuple[float, ...] = (1.0,)
    channels: str = "rgb"
    layout: str | None = None
    crop: tuple[int, int] | None = None
    resize: int | None = None
    resample: str = "bilinear"

    def fitted(self, network: Network) -> tuple[Preprocessing, str, np.dtype]:
        """What is left open filled in as the model's only input wants it; the input's name and type.

        Raises
        ------
        MisuseError
            If the model does not take images, or others than these.
        """
        if len(network.inputs) != 1 or len(network.inputs[0].shape) != 4 or network.inputs[0].type not in DTYPES:
            found = ", ".join(f"{entry.name}: {entry.type} {entry.shape}" for entry in network.inputs)
            raise refusal(
                f"{network.name} takes {found}; images go into one input of four axes. Give an .npz file with an array for "
                "each input instead", "data")
        entry = network.inputs[0]
        sizes = [size if isinstance(size, int) and size > 0 else None for size in entry.shape]
        depth = 1 if self.channels == "grey" else 3
        layout = self.layout or ("nhwc" if sizes[3] == depth and sizes[1] != depth else "nchw")
        place = 1 if layout == "nchw" else 3
        if sizes[place] not in (depth, None):
            raise refusal(
                f"{network.name}: input {entry.name} has the shape {entry.shape}, with {sizes[place]} channels in the layout {layout}; the "
                f"preprocessing makes {depth}. Change its channels or layout", "preprocessing")
        own = (sizes[2], sizes[3]) if layout == "nchw" else (sizes[1], sizes[2])
        crop = self.crop or (own[0] or 224, own[1] or 224)
        if any(size not in (None, given) for size, given in zip(own, crop)):
            raise refusal(
                f"{network.name}: input {entry.name} has the shape {entry.shape}; the preprocessing crops {crop[0]}x{crop[1]}. "
                "Change its crop", "preprocessing")
        resize = round(min(crop) * 256 / 224) if self.resize is None else self.resize
        return replace(self, layout=layout, crop=crop, resize=resize), entry.name, np.dtype(DTYPES[entry.type])

    def pixels(self, path: Path) -> np.ndarray:
        """An image file as uint8, height x width x channels, of the size of `crop`; `fitted` must have filled in crop and resize."""
        try:
            with Image.open(path) as opened:
                image = opened.convert("L" if self.channels == "grey" else "RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise damage(path, f"not read as an image ({error}); is it damaged?") from error
        shorter = min(image.size)
        if self.resize and self.resize != shorter:
            image = image.resize([max(1, round(edge * self.resize / shorter)) for edge in image.size], _RESAMPLINGS[self.resample])
        height, width = self.crop
        if image.height < height or image.width < width:
            raise refusal(
                f"{path} has {image.width}x{image.height} pixels, less than the crop of {width}x{height}; give a preprocessing with a "
                "larger resize", file=path)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        values = np.asarray(image.crop((left, top, left + width, top + height)))
        values = values[:, :, None] if values.ndim == 2 else values
        return values[:, :, ::-1] if self.channels == "bgr" else values

    def values(self, pixels: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """What the model takes, for `pixels` of shape samples x height x width x channels."""
        made = (pixels.astype(np.float32) - np.float32(self.mean)) / np.float32(self.deviation)
        made = made.transpose(0, 3, 1, 2) if self.layout == "nchw" else made
        return np.ascontiguousarray(np.rint(made) if dtype.kind in "ui" else made, dtype)

    def photographs(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each channel of photographs after preprocessing."""
        mean, deviation = (np.array(numbers) for numbers in PHOTOGRAPHS)
        if self.channels == "bgr":
            mean, deviation = mean[::-1], deviation[::-1]
        elif self.channels == "grey":
            mean, deviation = mean.mean(keepdims=True), deviation.mean(keepdims=True)
        return (mean - self.mean) / self.deviation, deviation / self.deviation


#: By name: those of torchvision, of Caffe's networks, of EfficientNet-Lite, and of TensorFlow's (-1 … 1).
PRESETS = {
    "torch": Preprocessing(*PHOTOGRAPHS),
    "caffe": Preprocessing((103.939, 116.779, 123.68), channels="bgr"),
    "efficientnet-lite": Preprocessing((127.0,), (128.0,)),
    "tf": Preprocessing((127.5,), (127.5,)),
}


def preprocessing(spec: str | os.PathLike[str] | Preprocessing) -> Preprocessing:
    """A preset by its name, or the one that a YAML file describes: the attributes of `Preprocessing`, and `preset` to start from.

    Raises
    ------
    MisuseError, NoInputError, MalformedError
        If there is no such preset or file, or the file says something else.
    """
    if isinstance(spec, Preprocessing):
        return spec
    if str(spec) in PRESETS:
        return PRESETS[str(spec)]
    if Path(spec).suffix not in (".yaml", ".yml"):
        raise refusal(
            f"no preprocessing {spec}; there are {', '.join(PRESETS)}, and files FILE.yaml", "preprocessing")
    import yaml

    path = require_file(spec)
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise damage(path, f"no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise damage(path, "expected keys such as mean, deviation and crop")
    try:
        return _described(content)
    except (TypeError, ValueError) as error:
        raise damage(path, f"{error}") from error


def _described(content: dict[str, Any]) -> Preprocessing:
    """ValueError if a key or value is not understood."""
    known = ["preset", *(field.name for field in fields(Preprocessing))]
    for key in content:
        if key not in known:
            raise ValueError(f"unknown key {key}; there are {', '.join(known)}")
    content = dict(content)
    preset = content.pop("preset", None)
    if preset is not None and preset not in PRESETS:
        raise ValueError(f"preset is {preset}, expected one of {', '.join(PRESETS)}")
    for key, choices in {"channels": ("rgb", "bgr", "grey"), "layout": ("nchw", "nhwc"), "resample": tuple(_RESAMPLINGS)}.items():
        if key in content and content[key] not in choices:
            raise ValueError(f"{key} is {content[key]}, expected one of {', '.join(choices)}")
    for key in ("mean", "deviation"):
        if key in content:
            content[key] = _numbers(key, content[key])
    if 0 in content.get("deviation", ()):
        raise ValueError("deviation is 0, expected something to divide by")
    if "crop" in content:
        crop = content["crop"]
        crop = (crop, crop) if isinstance(crop, int) else crop
        if not isinstance(crop, Sequence) or len(crop) != 2 or not all(isinstance(edge, int) and edge > 0 for edge in crop):
            raise ValueError(f"crop is {content['crop']}, expected pixels, as 224 or [height, width]")
        content["crop"] = tuple(crop)
    if "resize" in content and not (isinstance(content["resize"], int) and content["resize"] >= 0):
        raise ValueError(f"resize is {content['resize']}, expected pixels of the shorter edge, or 0")
    return replace(PRESETS[preset] if preset else Preprocessing(), **content)


def _numbers(key: str, value: Any) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    if len(values) not in (1, 3) or not all(isinstance(number, (int, float)) and np.isfinite(number) for number in values):
        raise ValueError(f"{key} is {value}, expected a number, or three of them")
    return tuple(float(number) for number in values)
