"""Import torchvision next to a CPU-only torch.

The wheel of torchvision on the package index is built for CUDA. Beside a CPU build of torch its compiled
operators cannot be loaded, and `import torchvision` stops at "operator torchvision::nms does not exist",
because it registers fake kernels for operators that were never defined. Nothing in this project uses those
operators: defining their signatures is enough for transforms, datasets, models and utils to work (image files
are decoded by Pillow).

Where torchvision is whole, this module only imports it. Import it before torchmetrics, which imports
torchvision on its own account.
"""

import importlib
import sys

import torch

_definitions = None  # a torch.library.Library undefines its operators when it is collected, so keep it alive


def _import_torchvision():
    global _definitions
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    _definitions = torch.library.Library("torchvision", "DEF")
    _definitions.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _definitions.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # drop what the failed import left half-made
    return importlib.import_module("torchvision")


torchvision = _import_torchvision()
