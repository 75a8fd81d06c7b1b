"""What every test runs under: one thread (comparable sums, and no fight for the cores), no progress bars."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ["LABKIT_PROGRESS"] = "off"
