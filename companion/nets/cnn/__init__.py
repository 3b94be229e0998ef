"""The same small weights at every place of a picture: convolutional networks.

One file, one idea:

    correlation   places   windows   correlate   pool      what the layers do
                  transposed   backward                    and their gradients, by hand
    classifier    Classifier   costs   receptive_field     93,322 parameters; what each costs, what each entry sees
    seeing        saliency   occlusion   excite            what the net looks at
    calibration   reliability   temperature                whether its probabilities mean what they say
"""

from companion.nets.cnn.calibration import Reliability, reliability, temperature
from companion.nets.cnn.classifier import Classifier, Cost, Field, costs, receptive_field
from companion.nets.cnn.correlation import Gradients, backward, correlate, places, pool, transposed, windows
from companion.nets.cnn.seeing import excite, occlusion, saliency

__all__ = [
    "Classifier",
    "Cost",
    "Field",
    "Gradients",
    "Reliability",
    "backward",
    "correlate",
    "costs",
    "excite",
    "occlusion",
    "places",
    "pool",
    "receptive_field",
    "reliability",
    "saliency",
    "temperature",
    "transposed",
    "windows",
]
