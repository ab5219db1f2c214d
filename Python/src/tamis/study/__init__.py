"""What compression costs a model, and how little it can cost: distributions of weights, rate–accuracy curves, and tuning to an accuracy.

The command ``tamis-study`` offers the same. Coding is always that of `tamis.encode` and `tamis.decode`; this package chooses its options
and measures. It needs ``pip install 'tamis[study]'``.
"""

from .analysis import analyze
from .calibration import calibrate
from .curves import Curves, sweep
from .data import Data, Function, open_data
from .evaluation import Evaluation, FunctionEvaluation, evaluation
from .network import Network, weights
from .outcome import tune
from .points import Point
from .preprocessing import PRESETS, Preprocessing
from .sensitivity import sensitivity

__all__ = [
    "Curves", "Data", "Evaluation", "Function", "FunctionEvaluation", "Network", "PRESETS", "Point", "Preprocessing",
    "analyze", "calibrate", "evaluation", "open_data", "sensitivity", "sweep", "tune", "weights",
]
