"""What defines a run: with the code, all that its result depends on."""

import hashlib
import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class RunSpec:
    """The definition of one training run.

    system:        short name, see `labkit.systems.SYSTEMS`.
    settings:      what differs from the system's defaults, which are the paper's.
    data:          name of a data set, see `labkit.data.RECIPES`.
    data_settings: that recipe's settings.
    labels:        domains whose labels training may see (domain adaptation, class-conditional systems).
    """

    system: str
    data: str
    steps: int
    batch_size: int
    settings: dict = field(default_factory=dict)
    data_settings: dict = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    seed: int = 0

    def key(self) -> str:
        """Eight hexadecimal digits that change with anything in the specification."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:8]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)
