"""A run's terms and pictures for TensorBoard, written by Fabric's logger into the run's folder."""

import importlib.util

import numpy as np
from PIL import Image

from labkit.errors import LabError
from labkit.runs.run import Run


class EventLog:
    """Event files under `tensorboard/`; look at them with `tensorboard --logdir RUN`.

    Raises LabError where TensorBoard is not installed.
    """

    def __init__(self):
        if importlib.util.find_spec("tensorboard") is None:
            raise LabError("TensorBoard is not installed: pip install tensorboard, or leave out --tensorboard.")
        self._logger = None

    def scalars(self, run: Run, done: int) -> None:
        """Write the terms that step `done` recorded. What an earlier start wrote from this step on is taken back."""
        if self._logger is None:
            from lightning_fabric.loggers import TensorBoardLogger

            self._logger = TensorBoardLogger(run.folder, name="", version="tensorboard", purge_step=done)
        curves = {name: run.history.curve(name) for name in run.history.terms()}
        newest = {name: values[-1] for name, (steps, values) in curves.items() if steps[-1] == done - 1}
        if newest:
            self._logger.log_metrics(newest, done)

    def picture(self, picture: Image.Image, done: int) -> None:
        self._logger.experiment.add_image("pictures", np.asarray(picture), done, dataformats="HWC")

    def close(self) -> None:
        self._logger.finalize("success")
