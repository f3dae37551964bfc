"""Every check of exercise 8 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

from answer_tables import AnswerTables

EXERCISE = "08_vae"

PARTS = """
def log_bernoulli(x, logits):
    return np.sum(x * logits - np.logaddexp(0, logits), axis=-1)
def gaussian_kl(mean, log_var):
    return 0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)
"""
NOISY = "mean + np.exp(log_var / 2) * rng.normal(size=mean.shape)"
KL = "def gaussian_kl(mean, log_var): return {}"
SAMPLE = """
def sample(mean, log_var, seed):
    rng = np.random.default_rng(seed)
    return {}
"""
LOSS = PARTS + "\ndef negative_elbo(x, logits, mean, log_var, beta=1.0): return {}\n"
BOUND = "def importance_bound(log_weights): return {}"
SHIFTED = "{0} + np.log(np.exp(log_weights - {0}).mean(axis=0))"

RIGHT = {
    "log_bernoulli": [
        "def log_bernoulli(x, logits): return np.sum(x * logits - np.logaddexp(0, logits), axis=-1)",
        """
        def log_bernoulli(x, logits):
            sign = 2 * x - 1  # log sigmoid(±logit)
            return -np.logaddexp(0, -sign * logits).sum(axis=1)
        """,
        """
        from keras import ops
        def log_bernoulli(x, logits):
            return ops.sum(x * logits - ops.softplus(logits), axis=-1)
        """,
        """
        import keras
        def log_bernoulli(x, logits):
            return -keras.losses.binary_crossentropy(x, logits, from_logits=True) * x.shape[1]
        """,
        """
        import keras
        def log_bernoulli(x, logits):
            each = keras.losses.BinaryCrossentropy(from_logits=True, reduction="none")
            return [-sum(float(n) for n in each(bits[:, None], row[:, None])) for bits, row in zip(x, logits)]
        """,
        """
        from scipy.special import log_expit
        def log_bernoulli(x, logits):
            return (x * log_expit(logits) + (1 - x) * log_expit(-logits)).sum(axis=-1)
        """,
        """
        def log_bernoulli(x, logits):
            wrong = np.abs(logits) * (x != (logits > 0))
            return -np.einsum("bp->b", wrong + np.log1p(np.exp(-np.abs(logits))))
        """,
        """
        import tensorflow as tf
        def log_bernoulli(x, logits):
            return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits), axis=1)
        """,
        """
        import math
        def log_bernoulli(x, logits):
            for bits, row in zip(x.tolist(), logits.tolist()):
                signed = [-z if bit else z for bit, z in zip(bits, row)]
                yield -math.fsum(max(z, 0) + math.log1p(math.exp(-abs(z))) for z in signed)
        """,
    ],
    "gaussian_kl": [
        KL.format("0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"),
        """
        from keras import ops
        def gaussian_kl(mean, log_var):
            return -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=1)
        """,
        """
        def gaussian_kl(mean, log_var):
            sigma = np.exp(log_var / 2)
            return [float((-np.log(s) + (s**2 + m**2) / 2 - 0.5).sum()) for m, s in zip(mean, sigma)]
        """,
        """
        from coursekit.nn import gaussian_kl as of_one
        def gaussian_kl(mean, log_var):
            return np.array([of_one(mean[n], np.sqrt(np.exp(log_var[n]))) for n in range(len(mean))])
        """,
        """
        def gaussian_kl(mean, log_var):  # of two normal distributions with covariance matrices
            matrices = [np.diag(np.exp(row)) for row in log_var]
            sizes = [np.trace(S) - np.linalg.slogdet(S)[1] - len(S) for S in matrices]
            return 0.5 * (np.array(sizes) + np.square(np.linalg.norm(mean, axis=1)))
        """,
        KL.format("(np.expm1(log_var) - log_var + mean * mean).sum(-1) / 2"),
        """
        import tensorflow as tf
        def gaussian_kl(mean, log_var):
            return tf.reduce_sum(tf.exp(log_var) + mean**2 - 1.0 - log_var, axis=-1) / 2
        """,
    ],
    "sample": [
        SAMPLE.format("mean + np.exp(log_var / 2) * rng.normal(size=mean.shape)"),
        SAMPLE.format("rng.normal(mean, np.sqrt(np.exp(log_var)))"),
        """
        import keras
        from keras import ops
        def sample(mean, log_var, seed):
            return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=seed)
        """,
        """
        import keras
        def sample(mean, log_var, seed):
            dice = keras.random.SeedGenerator(seed)
            return keras.random.normal(mean.shape, seed=dice) * np.sqrt(np.exp(log_var)) + mean
        """,
        """
        import tensorflow as tf
        def sample(mean, log_var, seed):
            return tf.random.stateless_normal(mean.shape, [seed, 0], mean, tf.exp(log_var / 2))
        """,
        """
        import tensorflow as tf
        def sample(mean, log_var, seed):
            epsilon = tf.random.Generator.from_seed(seed).normal(tf.shape(mean))
            return tf.add(mean, tf.sqrt(tf.exp(log_var)) * epsilon)
        """,
        """
        from scipy.stats import norm
        def sample(mean, log_var, seed):
            ranks = np.random.default_rng(seed).random(mean.shape)
            return [list(map(float, row)) for row in norm.ppf(ranks, mean, np.exp(log_var / 2))]
        """,
        SAMPLE.format("mean + rng.multivariate_normal(np.zeros(4), np.eye(4), len(mean)) * np.exp(log_var) ** 0.5"),
        """
        def sample(mean, log_var, seed):
            old = np.random.RandomState(seed)
            return [[m + np.exp(v / 2) * old.randn() for m, v in zip(*rows)] for rows in zip(mean, log_var)]
        """,
        """
        def sample(mean, log_var, seed):
            noise = np.random.Generator(np.random.PCG64(seed)).standard_normal(mean.shape, dtype="float32")
            noise *= np.exp(log_var / 2)
            noise += mean
            return noise
        """,
    ],
    "negative_elbo": [
        LOSS.format("np.mean(beta * gaussian_kl(mean, log_var) - log_bernoulli(x, logits))"),
        LOSS.format("-float(np.mean(log_bernoulli(x, logits)) - beta * np.mean(gaussian_kl(mean, log_var)))"),
        """
        import keras
        from keras import ops
        def negative_elbo(x, logits, mean, log_var, beta):
            misses = keras.losses.BinaryCrossentropy(from_logits=True)(x, logits) * x.shape[-1]
            return misses + beta * ops.mean(ops.sum(ops.exp(log_var) - 1 - log_var + mean**2, axis=1)) / 2
        """,
        LOSS.format("(beta * gaussian_kl(mean, log_var).sum() - log_bernoulli(x, logits).sum()) / len(mean)"),
        LOSS.format(
            "[sum(beta * gaussian_kl(mean[i:i + 1], log_var[i:i + 1]).item() - "
            "log_bernoulli(x[i:i + 1], logits[i:i + 1]).item() for i in range(len(x))) / len(x)]"
        ),
    ],
    "importance_bound": [
        "from scipy.special import logsumexp\n"
        + BOUND.format("logsumexp(log_weights, axis=0) - np.log(len(log_weights))"),
        """
        def importance_bound(log_weights):
            top = log_weights.max(axis=0)
            return top + np.log(np.exp(log_weights - top).mean(axis=0))
        """,
        """
        from keras import ops
        def importance_bound(log_weights):
            return ops.logsumexp(log_weights, axis=0) - np.log(log_weights.shape[0])
        """,
        BOUND.format("np.logaddexp.reduce(log_weights) - np.log(log_weights.shape[0])"),
        "from scipy import special\n"
        + BOUND.format("special.logsumexp(log_weights.T, b=1 / len(log_weights), axis=1)"),
        """
        import math
        def importance_bound(log_weights):
            for digit in zip(*log_weights.tolist()):
                largest = max(digit)
                yield largest + math.log(sum(math.exp(each - largest) for each in digit)) - math.log(len(digit))
        """,
        """
        from decimal import Decimal
        def importance_bound(log_weights):
            columns = [[Decimal(value).exp() for value in column] for column in log_weights.T.tolist()]
            return tuple(float((sum(column) / len(column)).ln()) for column in columns)
        """,
        """
        import tensorflow as tf
        def importance_bound(log_weights):
            return tf.reduce_logsumexp(log_weights - tf.math.log(float(len(log_weights))), axis=0)
        """,
        """
        def importance_bound(log_weights):  # one sample after the other
            total = np.full(log_weights.shape[1], -np.inf)
            for row in log_weights:
                total = np.logaddexp(total, row)
            return total - np.log(len(log_weights))
        """,
    ],
    "active_units": [
        "def active_units(mean): return int(np.sum(np.var(mean, axis=0) > 0.01))",
        "def active_units(mean): return sum(1 for column in mean.T if column.std() > 0.1)",
        "def active_units(mean): return (np.cov(mean.T).diagonal() > 0.01).sum()",
        "from keras import ops\ndef active_units(mean): return ops.sum(ops.cast(ops.var(mean, 0) > 0.01, 'int32'))",
        """
        import tensorflow as tf
        def active_units(mean):
            return tf.math.count_nonzero(tf.math.reduce_std(tf.constant(mean), axis=0) > 0.1)
        """,
        """
        import statistics
        def active_units(mean):
            return len([n for n in range(mean.shape[1]) if statistics.variance(map(float, mean[:, n])) > 0.01])
        """,
        "def active_units(mean): return np.float32(np.sum(np.mean((mean - mean.mean(0)) ** 2, axis=0) > 0.01))",
        "def active_units(m): return int((np.mean(m.astype(float) ** 2, 0) - m.mean(0, float) ** 2 > 0.01).sum())",
    ],
}

WRONG = {
    "log_bernoulli": [
        ("averaged over pixels", "def log_bernoulli(x, l): return np.mean(x * l - np.logaddexp(0, l), axis=-1)"),
        ("summed over the batch", "def log_bernoulli(x, l): return np.sum(x * l - np.logaddexp(0, l), axis=0)"),
        ("only the ink", "def log_bernoulli(x, l): return -np.sum(x * np.logaddexp(0, -l), axis=-1)"),
        ("only the paper", "def log_bernoulli(x, l): return -np.sum((1 - x) * np.logaddexp(0, l), axis=-1)"),
        ("probabilities", "def log_bernoulli(x, l): return np.prod(1 / (1 + np.exp(-(2 * x - 1) * l)), axis=-1)"),
        ("bits, not nats", "def log_bernoulli(x, l): return np.sum(x * l - np.logaddexp(0, l), axis=-1) / np.log(2)"),
        ("a loss, not a log-likelihood", "def log_bernoulli(x, l): return np.sum(np.logaddexp(0, l) - x * l, axis=-1)"),
    ],
    "gaussian_kl": [
        ("summed over the batch", KL.format("0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=0)")),
        ("one subtracted once", KL.format("0.5 * (np.sum(mean**2 + np.exp(log_var) - log_var, axis=-1) - 1)")),
        ("nothing", KL.format("0 * mean.sum(axis=-1)")),
        ("the mean alone", KL.format("0.5 * np.sum(mean**2 - 1, axis=-1)")),
        ("one number for all", KL.format("0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1)")),
    ],
    "sample": [
        ("one noise for the whole batch", SAMPLE.format("mean + np.exp(log_var) * rng.normal(size=mean.shape[1])")),
        ("the mean itself", SAMPLE.format("mean")),
        ("the prior", SAMPLE.format("rng.normal(size=mean.shape[1])")),
        ("the prior for each", SAMPLE.format("rng.normal(size=mean.shape)")),
        ("no seed", SAMPLE.format("mean + np.exp(log_var / 2) * np.random.normal(size=mean.shape)")),
        ("one seed", SAMPLE.format(NOISY).replace("default_rng(seed)", "default_rng(0)")),
        ("positive noise", SAMPLE.format("mean + np.exp(log_var / 2) * abs(rng.normal(size=mean.shape))")),
        (
            "the same generator for each digit",
            """
            def sample(mean, log_var, seed):
                dice = [np.random.default_rng(seed) for _ in mean]
                return np.stack([d.normal(m, np.exp(v / 2)) for d, m, v in zip(dice, mean, log_var)])
            """,
        ),
    ],
    "negative_elbo": [
        ("one loss for each digit", LOSS.format("beta * gaussian_kl(mean, log_var) - log_bernoulli(x, logits)")),
        (
            "the ELBO itself",
            LOSS.format("np.mean(log_bernoulli(x, logits) - beta * gaussian_kl(mean, log_var))"),
        ),
        (
            "reconstruction averaged over pixels",
            LOSS.format("np.mean(beta * gaussian_kl(mean, log_var) - log_bernoulli(x, logits) / x.shape[1])"),
        ),
        (
            "a mean over everything",
            LOSS.format("np.mean(beta * gaussian_kl(mean, log_var)) - np.mean(x * logits - np.logaddexp(0, logits))"),
        ),
        ("a sum over digits", LOSS.format("np.sum(beta * gaussian_kl(mean, log_var) - log_bernoulli(x, logits))")),
        ("KL subtracted", LOSS.format("-np.mean(beta * gaussian_kl(mean, log_var) + log_bernoulli(x, logits))")),
        ("log-likelihood alone", LOSS.format("-np.mean(log_bernoulli(x, logits))")),
        (
            "KL not divided by the batch",
            LOSS.format("np.sum(beta * gaussian_kl(mean, log_var)) - np.mean(log_bernoulli(x, logits))"),
        ),
    ],
    "importance_bound": [
        ("mean of the bounds", BOUND.format("log_weights.mean(axis=0)")),
        ("not divided by k", "from scipy.special import logsumexp\n" + BOUND.format("logsumexp(log_weights, axis=0)")),
        ("over the digits", BOUND.format("np.log(np.exp(log_weights).mean(axis=1))")),
        ("the largest", BOUND.format("log_weights.max(axis=0)")),
        ("the mean of the weights", BOUND.format("np.exp(log_weights).mean(axis=0)")),
        (
            "one for all",
            "from scipy.special import logsumexp\n" + BOUND.format("logsumexp(log_weights) - np.log(log_weights.size)"),
        ),
    ],
    "active_units": [
        ("which, not how many", "def active_units(mean): return np.var(mean, axis=0) > 0.01"),
        ("those asleep", "def active_units(mean): return int(np.sum(np.var(mean, axis=0) < 0.01))"),
        ("none", "def active_units(mean): return 0"),
        ("all", "def active_units(mean): return mean.shape[1]"),
        ("the mean of squares", "def active_units(mean): return int(np.sum(np.mean(mean**2, axis=0) > 0.01))"),
        ("over the latent numbers", "def active_units(mean): return int(np.sum(np.var(mean, axis=1) > 0.01))"),
        ("how many digits", "def active_units(mean): return int(np.sum(np.abs(mean).max(axis=1) > 0.01))"),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "log_bernoulli",
        """
        def log_bernoulli(x, logits):
            with np.errstate(over="ignore"):
                return np.sum(x * logits - np.log(1 + np.exp(logits)), axis=-1)
        """,
        1,
    ),
    # clipped, before or after
    (
        "log_bernoulli",
        """
        def log_bernoulli(x, logits):
            ink = np.clip(1 / (1 + np.exp(-logits)), 1e-6, 1 - 1e-6)
            return np.log(np.where(x == 1, ink, 1 - ink)).sum(axis=-1)
        """,
        1,
    ),
    (
        "log_bernoulli",
        """
        def log_bernoulli(x, logits):
            logits = np.clip(np.float64(logits), -600, 600)
            return (x * logits - np.log(1 + np.exp(logits))).sum(axis=-1)
        """,
        1,
    ),
    ("log_bernoulli", "def log_bernoulli(x, l): return np.sum(np.minimum((2 * x - 1) * l, 0), axis=-1)", 1),
    # the prior from the posterior
    ("gaussian_kl", KL.format("0.5 * np.sum((mean**2 + 1) * np.exp(-log_var) + log_var - 1, axis=-1)"), 1),
    ("gaussian_kl", KL.format("0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1) / len(mean)"), 1),
    ("gaussian_kl", KL.format("0.5 * np.mean(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"), 1),
    ("gaussian_kl", KL.format("np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"), 1),
    ("gaussian_kl", KL.format("-0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"), 0),
    # a log-variance taken for the variance: log of what may be negative
    ("gaussian_kl", KL.format("0.5 * np.sum(mean**2 + log_var - np.log(abs(log_var) + 1e-9) - 1, axis=-1)"), 0),
    # a log-variance taken for the logarithm of the standard deviation
    ("gaussian_kl", KL.format("0.5 * np.sum(mean**2 + np.exp(2 * log_var) - 2 * log_var - 1, axis=-1)"), 1),
    # noise of one digit for the whole batch, of the right spread otherwise
    ("sample", SAMPLE.format("mean + np.exp(log_var / 2) * rng.normal(size=(1, mean.shape[1]))"), 0),
    # one noise for all latent numbers of a digit
    ("sample", SAMPLE.format("mean + np.exp(log_var / 2) * rng.normal(size=(len(mean), 1))"), 2),
    # the variance, or the log-variance itself, in place of the standard deviation
    ("sample", SAMPLE.format("mean + np.exp(log_var) * rng.normal(size=mean.shape)"), 2),
    ("sample", SAMPLE.format("mean + log_var * rng.normal(size=mean.shape)"), 1),
    # another noise: cut off, uniform, used twice
    (
        "sample",
        "import keras\n"
        + SAMPLE.format("mean + np.exp(log_var / 2) * keras.random.truncated_normal(mean.shape, seed=seed)"),
        2,
    ),
    ("sample", SAMPLE.format("mean + np.exp(log_var / 2) * rng.uniform(-(3**0.5), 3**0.5, size=mean.shape)"), 2),
    (
        "sample",
        """
        def sample(mean, log_var, seed):
            half = np.random.default_rng(seed).normal(size=mean[::2].shape)
            return mean + np.exp(log_var / 2) * np.repeat(half, 2, axis=0)
        """,
        2,
    ),
    (
        "sample",
        """
        def sample(mean, log_var, seed):
            half = np.random.default_rng(seed).normal(size=mean[::2].shape)
            return mean + np.exp(log_var / 2) * np.concatenate([half, -half])
        """,
        2,
    ),
    # β forgotten, or on the wrong term
    ("negative_elbo", LOSS.format("np.mean(gaussian_kl(mean, log_var) - log_bernoulli(x, logits))"), 2),
    ("negative_elbo", LOSS.format("np.mean(gaussian_kl(mean, log_var) - beta * log_bernoulli(x, logits))"), 2),
    # right where exponentials do not vanish
    ("importance_bound", BOUND.format("np.log(np.exp(log_weights).mean(axis=0))"), 1),
    ("importance_bound", BOUND.format("np.log(np.mean(np.exp(log_weights), axis=0) + 1e-30)"), 1),
    ("importance_bound", BOUND.format("np.log(np.maximum(np.exp(np.float64(log_weights)).mean(axis=0), 1e-300))"), 1),
    # brought into range by one weight for all digits, or by another than the largest
    ("importance_bound", BOUND.format(SHIFTED.format("log_weights.max()")), 1),
    ("importance_bound", BOUND.format(SHIFTED.format("log_weights.min(axis=0)")), 1),
    ("importance_bound", BOUND.format(SHIFTED.format("log_weights.mean(axis=0, dtype=float)")), 1),
    ("importance_bound", BOUND.format(SHIFTED.format("log_weights[0]")), 1),
    # another bar, or a few digits for all
    ("active_units", "def active_units(mean): return int(np.sum(np.var(mean, axis=0) > 0.02))", 1),
    ("active_units", "def active_units(mean): return int(np.sum(np.var(mean, axis=0) > 0.005))", 1),
    ("active_units", "def active_units(mean): return int(np.sum(np.var(mean[:50], axis=0) > 0.01))", 1),
    # a spread above 0.01, a sum of squares above 0.01
    ("active_units", "def active_units(mean): return int(np.sum(np.ptp(mean, axis=0) > 0.01))", 1),
    ("active_units", "def active_units(m): return int(np.sum(((m - m.mean(0)) ** 2).sum(axis=0) > 0.01))", 1),
    ("active_units", "def active_units(mean): return int(np.sum(np.std(mean, axis=0) > 0.01))", 1),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)
