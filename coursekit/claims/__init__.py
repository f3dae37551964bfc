"""What a lesson claims: treatments beside their controls over several seeds, and the register of these.

>>> from coursekit.claims import compare
>>> losses = {"stopped early": [0.291, 0.288, 0.296], "20 epochs": [0.541, 0.529, 0.550]}
>>> compare("Stopping early lowers the test loss", losses, measure="test loss", better="lower")
Stopping early lowers the test loss: holds. Test loss, stopped early − 20 epochs:
−0.248, 95 % interval from −0.265 to −0.232, 3 seeds.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
