"""MobileNetV2's ImageNet weights from torchvision's file to one that Keras loads, without torch and without pickle.

A ``.pth`` file of the old kind holds five pickles and then the numbers. The pickles are read here opcode by opcode:
of the names in them only "rebuild a tensor" and "make an ordered dict" mean anything, and nothing is ever called.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass

import h5py
import numpy as np

DTYPES = {"torch FloatStorage": np.dtype("<f4"), "torch LongStorage": np.dtype("<i8")}
EPSILON_DIFFERENCE = 1e-5 - 1e-3  # torch adds 1e-5 to the variance in batch normalisation, Keras adds 1e-3
MARK = object()


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies: key of its storage, first element, shape."""

    storage: str
    offset: int
    shape: tuple[int, ...]


def read_pth(data: bytes) -> dict[str, np.ndarray]:
    """All weights of a ``.pth`` file of the old kind, by torch's names.

    Raises:
        ValueError: an opcode or a name that such a file has no need of.
    """
    stream = io.BytesIO(data)
    _magic, _protocol, _system, (tensors, storages), (keys, _) = (read_pickle(stream) for _ in range(5))
    numbers = {}
    for key in keys:
        length = int(np.frombuffer(stream.read(8), "<i8")[0])
        dtype = storages[key]
        numbers[key] = np.frombuffer(stream.read(length * dtype.itemsize), dtype)
    return {name: _view(tensor, numbers) for name, tensor in tensors.items()}


def read_pickle(stream: io.BytesIO) -> tuple:
    """One pickle as plain data: ``(value, dtypes of the storages that it names)``."""
    stack: list = []
    memo: dict[int, object] = {}
    storages: dict[str, np.dtype] = {}
    for opcode, argument, _ in pickletools.genops(stream):
        _step(opcode.name, argument, stack, memo, storages)
    (value,) = stack
    return value, storages


def _step(name: str, argument: object, stack: list, memo: dict, storages: dict) -> None:
    if name in ("PROTO", "STOP"):
        return
    if name in ("BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "GLOBAL"):
        stack.append(argument)
    elif name in CONSTANTS:
        stack.append(CONSTANTS[name]())
    elif name in ("BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name in ("BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name in ("TUPLE1", "TUPLE2"):
        count = int(name[-1])
        stack[-count:] = [tuple(stack[-count:])]
    elif name == "TUPLE":
        stack.append(tuple(_since_mark(stack)))
    elif name == "APPENDS":
        items = _since_mark(stack)
        stack[-1].extend(items)
    elif name in ("SETITEM", "SETITEMS"):
        items = _since_mark(stack) if name == "SETITEMS" else [stack.pop(), stack.pop()][::-1]
        stack[-1].update(zip(items[::2], items[1::2]))
    elif name == "BINPERSID":
        _, kind, key, _, _, _ = stack.pop()
        storages[key] = DTYPES[kind]
        stack.append(key)
    elif name == "REDUCE":
        arguments, called = stack.pop(), stack.pop()
        stack.append(_reduced(called, arguments))
    elif name == "BUILD":
        stack.pop()  # attributes of the ordered dict: version numbers of the modules
    else:
        raise ValueError(f"A weights file has no need of the pickle opcode {name}.")


CONSTANTS = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: MARK,
}


def _since_mark(stack: list) -> list:
    place = max(i for i, item in enumerate(stack) if item is MARK)
    items = stack[place + 1 :]
    del stack[place:]
    return items


def _reduced(called: str, arguments: tuple) -> object:
    if called == "collections OrderedDict" and arguments == ():
        return {}
    if called == "torch._utils _rebuild_tensor_v2":
        storage, offset, shape, strides, *_ = arguments
        contiguous = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
        if strides != contiguous:
            raise ValueError(f"A tensor of shape {shape} has the strides {strides}, not those of a plain array.")
        return Tensor(storage, offset, shape)
    raise ValueError(f"A weights file has no need to call {called!r}.")


def _view(tensor: Tensor, numbers: dict[str, np.ndarray]) -> np.ndarray:
    size = int(np.prod(tensor.shape))
    return numbers[tensor.storage][tensor.offset : tensor.offset + size].reshape(tensor.shape)


def layers(torch: dict[str, np.ndarray]) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """MobileNetV2 without its top: Keras' layer names with their weights, in Keras' order."""
    for number in range(19):
        for torch_convolution, torch_norm, name, norm_name, depthwise in _names(number):
            kernel = torch[f"{torch_convolution}.weight"]  # (out, in, height, width)
            axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
            yield name, {"kernel": kernel.transpose(axes)}
            yield (
                norm_name,
                {
                    "gamma": torch[f"{torch_norm}.weight"],
                    "beta": torch[f"{torch_norm}.bias"],
                    "moving_mean": torch[f"{torch_norm}.running_mean"],
                    "moving_variance": torch[f"{torch_norm}.running_var"] + np.float32(EPSILON_DIFFERENCE),
                },
            )


def _names(number: int) -> Iterator[tuple[str, str, str, str, bool]]:
    torch = f"features.{number}"
    if number in (0, 18):
        name, norm = ("Conv1", "bn_Conv1") if number == 0 else ("Conv_1", "Conv_1_bn")
        yield f"{torch}.0", f"{torch}.1", name, norm, False
        return
    keras = "expanded_conv" if number == 1 else f"block_{number - 1}"
    steps = ("depthwise",) if number == 1 else ("expand", "depthwise")
    for place, step in enumerate(steps):
        name = f"{keras}_{step}"
        yield f"{torch}.conv.{place}.0", f"{torch}.conv.{place}.1", name, f"{name}_BN", step == "depthwise"
    name, place = f"{keras}_project", len(steps)
    yield f"{torch}.conv.{place}", f"{torch}.conv.{place + 1}", name, f"{name}_BN", False


def keras_h5(torch: dict[str, np.ndarray]) -> bytes:
    """The no-top weights as an HDF5 file that ``keras.applications.MobileNetV2(weights=path)`` loads.

    Nothing in it depends on when or where it is written.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="earliest", track_order=False) as file:
        named = list(layers(torch))
        file.attrs["layer_names"] = np.array([name.encode() for name, _ in named])
        for name, weights in named:
            group = file.create_group(name)
            group.attrs["weight_names"] = np.array([weight.encode() for weight in weights])
            for weight, values in weights.items():
                group.create_dataset(weight, data=np.ascontiguousarray(values), track_times=False)
    return buffer.getvalue()
