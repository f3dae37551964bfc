"""Which models are made again in the clean room: configurations are read here, without Keras, before they travel.

A configuration names classes that Keras then makes, with settings. So it may name what stands in the lists below and
nothing else: no function but Keras's activations, nothing that runs code, nothing that reads a file. Its sizes have
bounds, see :mod:`coursekit.worker.bounds`.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import numpy as np

from coursekit.worker import bounds
from coursekit.worker.text import shorten


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAYERS = _words("""
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention Average
    AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop
    Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
    Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense
    Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
    GroupQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM LSTMCell LayerNormalization
    LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum MultiHeadAttention Multiply Normalization
    PReLU Permute RMSNormalization RNN RandomBrightness RandomContrast RandomCrop RandomErasing RandomFlip
    RandomRotation RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding
    SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
    SpectralNormalization StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """)
ACTIVATIONS = _words("""
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
    log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
    sparsemax squareplus swish tanh tanh_shrink threshold
    """)
COMPUTING = {  # operations of keras.ops, as they stand in functional models
    "keras.src.ops.core": "Cast ConvertToTensor SaturateCast Slice StopGradient Unstack",
    "keras.src.ops.image": "PadImages RGBToGrayscale Resize",
    "keras.src.ops.linalg": "Norm",
    "keras.src.ops.math": "Erf Logsumexp Rsqrt SegmentMax SegmentSum TopK",
    "keras.src.ops.nn": """
        AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm Celu Conv ConvTranspose DepthwiseConv
        DotProductAttention Elu Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid
        LogSoftmax MaxPool Moments MultiHot Normalize OneHot RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu
        SoftShrink Softmax Softplus Softsign SparsePlus SparseSigmoid Sparsemax Squareplus TanhShrink Threshold
        """,
    "keras.src.ops.numpy": """
        Abs Absolute Add All Amax Amin Any Append Argmax Argmin Argsort Average BroadcastTo Ceil Clip Concatenate Copy
        Cos Cosh Cumprod Cumsum Diagonal Diff Divide DivideNoNan Dot Einsum Equal Exp Exp2 ExpandDims Expm1 Flip Floor
        FloorDivide Full FullLike GetItem Greater GreaterEqual Hstack Isfinite Isinf Isnan Less LessEqual Log Log10
        Log1p Log2 Logaddexp LogicalAnd LogicalNot LogicalOr LogicalXor Matmul Max Maximum Mean Median Min Minimum Mod
        Moveaxis Multiply NanToNum Negative NotEqual OnesLike Outer Pad Power Prod Ravel Reciprocal Repeat Reshape Roll
        Round Sign Sin Sinh Sort Split Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh
        Tensordot Tile Transpose Tril Triu TrueDivide Trunc Var Vstack Where ZerosLike
        """,
}
STOCK = {"keras.layers": LAYERS} | {module: _words(names) for module, names in COMPUTING.items()}
STOCK |= {
    "keras": frozenset(["DTypePolicy", "Sequential"]),
    "keras.src.models.functional": frozenset(["Functional"]),
    "keras.initializers": _words("""
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal
        RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
        """),
    "keras.regularizers": frozenset(["L1", "L1L2", "L2", "OrthogonalRegularizer"]),
    "keras.constraints": frozenset(["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]),
}
OF_THE_COURSE = {"coursekit.nn.variational": frozenset(["VariationalConv2D", "VariationalDense"])}
MADE_OF_DATA = frozenset(["__keras_tensor__", "__numpy__", "__tensor__", "__slice__", "__ellipsis__"])
COUNTED = frozenset(["keras.layers", "keras.src.models.functional", *COMPUTING, *OF_THE_COURSE])
ANY_INTEGER = frozenset(["seed", "training_examples"])
LISTS_OF_WORDS = frozenset(["vocabulary", "idf_weights"])  # as text they are the path of a file
Weights = list[tuple[str, list[np.ndarray]]]


class Refused(Exception):
    """A model is not made again; the message tells why, as the end of a sentence."""


def vetted(exported: Any) -> tuple[str, Weights]:
    """What a learner's worker gave as a model's configuration and weights, once it is looked through.

    Args:
        exported: should be what :func:`coursekit.worker.recreating.export` gives.

    Raises:
        Refused: something in it stands in no list, or is too large.

    >>> layers = '{"layers": [{"module": "keras.layers", "class_name": "Lambda"}]}'
    >>> config = '{"module": "keras", "class_name": "Sequential", "config": %s}' % layers
    >>> vetted({"config": config, "weights": []})
    Traceback (most recent call last):
        ...
    coursekit.grading.model_configs.Refused: `Lambda` of `keras.layers` is not among the layers that are made again
    """
    if not isinstance(exported, dict) or exported.keys() != {"config", "weights"}:
        raise Refused("it came as no configuration with weights")
    config, weights = exported["config"], exported["weights"]
    _vet_weights(weights)
    if not isinstance(config, str) or len(config) > bounds.CONFIG_BYTES:
        raise Refused(f"its configuration is no text, or one of more than {bounds.CONFIG_BYTES // bounds.MB} MB")
    try:
        tree = json.loads(config, parse_constant=_no_number)
        if not isinstance(tree, dict) or tree.get("class_name") not in ("Sequential", "Functional"):
            raise Refused("its configuration is not that of a model")
        _Vetting().thing(tree, "", bounds.RECREATED_DEPTH)
    except RecursionError:
        _too_deep()
    except ValueError as error:
        raise Refused("its configuration is not JSON") from error
    return config, weights


class _Vetting:
    def __init__(self) -> None:
        self._layers = 0

    def thing(self, value: Any, key: str, depth: int) -> None:
        """Vet a setting and all in it.

        Args:
            value: as it came from JSON.
            key: the name of the setting.
            depth: how deep it may be nested.
        """
        if depth == 0:
            _too_deep()
        if isinstance(value, dict):
            self._dict(value, depth)
        elif isinstance(value, list):
            for each in value:
                if key not in LISTS_OF_WORDS or not isinstance(each, str):
                    self.thing(each, key, depth - 1)
        elif isinstance(value, str):
            _vet_text(value, key)
        elif isinstance(value, int | float) and key not in ANY_INTEGER:
            _vet_number(value, key)

    def _dict(self, value: dict[str, Any], depth: int) -> None:
        if "class_name" in value:
            self._class(value)
        for key, each in value.items():
            if key == "compile_config" and each:
                raise Refused("it comes with what it was compiled with")
            if key == "stateful" and each:
                raise Refused("a layer keeps a state from one batch to the next")
            if key not in ("class_name", "module", "registered_name"):
                self.thing(each, key, depth - 1)

    def _class(self, value: dict[str, Any]) -> None:
        name, module, registered = (value.get(key) for key in ("class_name", "module", "registered_name"))
        if name == "function":
            function = value.get("config")
            if not _is_in(ACTIVATIONS, function) or registered not in (None, function):
                raise Refused(f"the function {_quoted(function)} is not one of Keras's activations")
            return
        if _is_in(MADE_OF_DATA, name) and module is None and registered is None:
            return
        if _is_in(_names(STOCK, module), name):
            fits = registered in (None, name)
        else:
            fits = _is_in(_names(OF_THE_COURSE, module), name) and registered == f"coursekit>{name}"
        if not fits:
            raise Refused(f"{_quoted(name)} of {_quoted(module)} is not among the layers that are made again")
        self._layers += module in COUNTED or name == "Sequential"
        if self._layers > bounds.RECREATED_LAYERS:
            raise Refused(f"it has more than {bounds.RECREATED_LAYERS} layers")


def _names(table: dict[str, frozenset[str]], module: Any) -> frozenset[str]:
    return table.get(module, frozenset()) if isinstance(module, str) else frozenset()


def _is_in(names: frozenset[str], name: Any) -> bool:
    return isinstance(name, str) and name in names


def _vet_text(value: str, key: str) -> None:
    if key in LISTS_OF_WORDS:
        raise Refused(f"its setting `{key}` is the path of a file, {_quoted(value)}")
    if "/" in value or "\\" in value:
        raise Refused(f"its setting {_quoted(key)} looks like a path: {_quoted(value)}")
    if key.endswith("activation") and value not in ACTIVATIONS:
        raise Refused(f"{_quoted(value)} is not one of Keras's activations")


def _vet_number(value: float, key: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        _no_number(str(value))
    if isinstance(value, int) and abs(value) > bounds.SETTING_INTEGER:
        raise Refused(f"its setting {_quoted(key)} is {_figure(value)}, more than {bounds.SETTING_INTEGER:,}")


def _vet_weights(weights: Any) -> None:
    pairs = weights if isinstance(weights, list) else [None]
    arrays: list[np.ndarray] = []
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2 or type(pair[0]) is not str or type(pair[1]) is not list:
            raise Refused("its weights are not arrays for each layer")
        arrays += pair[1]
    if not all(isinstance(array, np.ndarray) and array.dtype.kind in "biuf" for array in arrays):
        raise Refused("its weights are not arrays of numbers")
    count, size = sum(array.size for array in arrays), sum(array.nbytes for array in arrays)
    if count > bounds.RECREATED_WEIGHTS or size > bounds.RECREATED_BYTES:
        most = f"{bounds.RECREATED_WEIGHTS:,} and {bounds.RECREATED_BYTES // bounds.MB} MB"
        raise Refused(f"it has {count:,} weights in {size // bounds.MB} MB, more than {most}")


def _too_deep() -> NoReturn:
    raise Refused("models and layers are nested too deeply in it")


def _no_number(name: str) -> NoReturn:
    raise Refused(f"one of its settings is {name}")


def _figure(value: int) -> str:
    return f"{value:,}" if abs(value) < 10**15 else "a number of many digits"


def _quoted(value: Any) -> str:
    return f"`{shorten(str(value), 60)}`"
