"""Every check of exercise 9 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables
from bayesian_nn_answers import ABSTAIN, DROPOUT, ECE, KL, MASKS, POSTERIOR, PREDICTIVE, RIGHT, SPLIT, VOTES

from coursekit.checks import bayesian_nn as checks
from coursekit.grading import find_exercise

EXERCISE = "09_bayesian_nn"

WRONG = {
    "posterior": [
        ("noise variance for precision", POSTERIOR.replace("/ noise_std**2", "* noise_std**2")),
        ("standard deviation for variance", POSTERIOR.replace("noise_std**2", "noise_std")),
        ("precision for covariance", POSTERIOR.replace("np.linalg.inv(precision)", "precision")),
        ("prior forgotten", POSTERIOR.replace(" + np.eye(design.shape[1]) / prior_std**2", "")),
        ("prior of 1", POSTERIOR.replace(" / prior_std**2", "")),
        ("number of examples for the prior", POSTERIOR.replace("np.eye(design.shape[1])", "len(design) * np.eye(3)")),
        ("mean alone", POSTERIOR.replace("noise_std**2, covariance", "noise_std**2")),
        ("the other way round", POSTERIOR.replace("return ", "return covariance, ").replace("**2, covariance", "**2")),
    ],
    "predictive": [
        (
            "the other way round",
            """
            def predictive(phi, mean, covariance, noise_std):
                return np.sqrt(np.sum(phi @ covariance * phi, axis=1) + noise_std**2), phi @ mean
            """,
        ),
        ("one number", "def predictive(phi, mean, covariance, noise_std): return noise_std"),
        (
            "a draw for the mean, its spread for the doubt",
            """
            def predictive(phi, mean, covariance, noise_std):
                draws = phi @ np.random.default_rng(0).multivariate_normal(mean, covariance, size=50).T
                return draws.mean(axis=1), draws.std(axis=1) + noise_std
            """,
        ),
    ],
    "kl_term": [
        ("log variance for std", KL.replace("np.log1p(np.exp(rho))", "np.exp(rho / 2)")),
        ("rho for std", KL.replace("np.log1p(np.exp(rho))", "abs(rho)")),
        ("summed over one axis", KL.replace("kl.sum()", "kl.sum(axis=0)")),
        ("mean over the weights", KL.replace("kl.sum()", "kl.mean()")),
        ("variance of the prior forgotten", KL.replace("(2 * prior_std**2)", "2")),
        (
            "the other divergence",
            KL.replace("prior_std / std", "std / prior_std").replace(
                "(std**2 + mean**2) / (2 * prior_std**2)", "(prior_std**2 + mean**2) / (2 * std**2)"
            ),
        ),
        ("e^rho for std", KL.replace("np.log1p(np.exp(rho))", "np.exp(rho)")),
        ("the half forgotten", KL.replace(" - 0.5", "")),
        ("means forgotten", KL.replace(" + mean**2", "")),
        ("logarithm the other way round", KL.replace("prior_std / std", "std / prior_std")),
    ],
    "mc_dropout": [
        ("dropout off", DROPOUT.replace("training=True", "training=False")),
        ("all passes returned", DROPOUT.replace(", axis=0)", ", axis=2)")),
        ("one probability", DROPOUT.replace("axis=0)", "axis=0)[:, 1]")),
        ("averaged over the rows too", DROPOUT.replace("axis=0)", "axis=(0, 1))")),
    ],
    "ece": [
        ("not weighted by the size of the bin", ECE.replace("inside.mean() *", "1 / bins *")),
        ("mean over bins that hold something", ECE.replace("total += inside.mean() *", "total += 1 / 2 *")),
        (
            "signs cancel",
            ECE.replace(
                "abs(right[inside].mean() - confidence[inside].mean())",
                "(right[inside].mean() - confidence[inside].mean())",
            ),
        ),
        (
            "right is compared with the confidence of class 1",
            ECE.replace("probabilities.max(axis=1)", "probabilities[:, 1]"),
        ),
        (
            "the middle of a bin for its confidence, empty ones counted",
            ECE.replace("if inside.any():", "if True:")
            .replace("right[inside].mean()", "(right * inside).sum() / max(inside.sum(), 1)")
            .replace("confidence[inside].mean()", "(low + 0.5 / bins)"),
        ),
        ("labels for right answers", ECE.replace("probabilities.argmax(axis=1) == labels", "labels")),
        ("bins ignored", ECE.replace("ece(probabilities, labels, bins):", "ece(probabilities, labels, _, bins=10):")),
        (
            "bins of equal counts",
            ECE.replace("np.arange(bins) / bins", "np.quantile(confidence, np.arange(bins) / bins)"),
        ),
    ],
    "split_doubt": [
        ("variance for entropy", "def split_doubt(samples): return samples.var(0), samples.mean(0), samples.std(0)"),
        ("nan at zero", SPLIT.replace("np.log(np.where(p > 0, p, 1))", "np.log(p)")),
        ("draws kept", SPLIT.replace("entropy(samples.mean(axis=0))", "entropy(samples)")),
        ("in bits", SPLIT.replace("np.log(", "np.log2(")),
        ("a thousandth added", SPLIT.replace("np.where(p > 0, p, 1)", "p + 1e-3")),
        (
            "total and aleatoric the other way round",
            SPLIT.replace("return total, aleatoric, total - aleatoric", "return aleatoric, total, aleatoric - total"),
        ),
        ("sign forgotten", SPLIT.replace("-np.sum", "np.sum")),
        ("averaged over rows", SPLIT.replace("mean(axis=0)", "mean(axis=1)")),
    ],
    "abstain": [
        ("abstains on the most certain", ABSTAIN.replace("probabilities.max(axis=1)", "-probabilities.max(axis=1)")),
        ("answers only the rest", ABSTAIN.replace("return decisions", "return decisions[decisions >= 0]")),
        (
            "a threshold for a share",
            ABSTAIN.replace(
                "np.argsort(probabilities.max(axis=1))[:round(share * len(probabilities))]",
                "probabilities.max(axis=1) < share",
            ),
        ),
        (
            "everybody at a share of 0",
            ABSTAIN.replace(
                "np.argsort(probabilities.max(axis=1))[:round", "np.argsort(-probabilities.max(axis=1))[-round"
            ),
        ),
        ("rounded down", ABSTAIN.replace("round(", "int(")),
        ("rounded up", ABSTAIN.replace("round(", "int(0.999 + ")),
        (
            "margin for the largest probability",
            ABSTAIN.replace("probabilities.max(axis=1)", "np.ptp(np.sort(probabilities, axis=1)[:, -2:], axis=1)"),
        ),
        (
            "entropy for the largest probability",
            ABSTAIN.replace("probabilities.max(axis=1)", "(probabilities * np.log(probabilities)).sum(axis=1)"),
        ),
        ("the first rows", ABSTAIN.replace("np.argsort(probabilities.max(axis=1))", "np.arange(len(decisions))")),
        (
            "in the order of certainty",
            ABSTAIN.replace("= probabilities.argmax(axis=1)", "= probabilities[order].argmax(axis=1)")
            .replace("decisions[np.argsort(probabilities.max(axis=1))[", "decisions[np.arange(len(order))[")
            .replace("    decisions =", "    order = np.argsort(probabilities.max(axis=1))\n    decisions ="),
        ),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("posterior", POSTERIOR.replace("targets / noise_std**2", "targets"), 2),
    ("posterior", POSTERIOR.replace("targets / noise_std**2", "targets / noise_std"), 2),
    ("predictive", PREDICTIVE.replace("np.sqrt", ""), 1),
    ("predictive", PREDICTIVE.replace("phi @ mean", "phi @ mean + noise_std"), 1),
    ("predictive", PREDICTIVE.replace(" + noise_std**2", ""), 1),
    ("predictive", PREDICTIVE.replace("noise_std**2", "noise_std"), 1),
    ("predictive", PREDICTIVE.replace("np.sum(phi @ covariance * phi, axis=1)", "phi @ covariance @ phi.T"), 1),
    ("predictive", PREDICTIVE.replace("phi @ covariance * phi", "phi**2 * np.diag(covariance)"), 1),
    ("kl_term", KL.replace(" / training_examples", ""), 2),
    (
        "mc_dropout",  # logits averaged
        """
        import keras
        def mc_dropout(x, passes):
            logits = np.mean([network(x, training=True) for _ in range(passes)], axis=0)
            return np.asarray(keras.ops.softmax(logits))
        """,
        1,
    ),
    ("mc_dropout", DROPOUT.replace("keras.ops.softmax(network(x, training=True))", "network(x, training=True)"), 1),
    ("mc_dropout", DROPOUT.replace("range(passes)", "range(100)"), 1),
    ("mc_dropout", DROPOUT.replace("range(passes)", "range(1)"), 1),
    ("mc_dropout", DROPOUT.replace("range(passes)", "range(passes + 1)"), 1),
    ("mc_dropout", VOTES, 1),
    ("mc_dropout", MASKS.replace("SIZE", "3").replace("KEPT", "2"), 1),  # one mask for all rows
    ("mc_dropout", MASKS.replace("SIZE", "x.shape").replace("KEPT", "1"), 1),  # not scaled
    ("mc_dropout", MASKS.replace("SIZE", "(len(x), 1)").replace("KEPT", "2"), 1),  # whole rows are dropped
    ("mc_dropout", DROPOUT.replace("network(x,", "network(x[::-1],"), 1),  # rows in another order
    (
        "mc_dropout",  # the same masks at every call
        MASKS.replace("SIZE", "x.shape").replace("KEPT", "2").replace("    masks", "    np.random.seed(1)\n    masks"),
        2,
    ),
    ("ece", ECE.replace("> low", ">= low").replace("<= low", "< low"), 1),  # a confidence of 1 is left out
    (
        "ece",  # stops at a confidence of 1
        """
        def ece(probabilities, labels, bins):
            surplus = np.zeros(bins)
            for row, label in zip(probabilities, labels):
                surplus[int(row.max() * bins)] += (row.argmax() == label) - row.max()
            return abs(surplus).sum() / len(labels)
        """,
        1,
    ),
    ("ece", ECE.replace("confidence > low", "confidence < 1) & (confidence > low"), 1),
    ("predictive", PREDICTIVE.replace("1) + noise_std**2)", "1)) + noise_std"), 1),  # standard deviations added
    ("predictive", PREDICTIVE.replace("np.sum(phi @ covariance * phi, axis=1)", "abs(phi @ covariance @ phi.T)"), 1),
    ("kl_term", KL.replace("/ training_examples", "/ mean.size"), 0),
    ("kl_term", KL.replace("/ training_examples", "* training_examples"), 2),
    ("kl_term", KL.replace("/ training_examples", "/ np.sqrt(training_examples)"), 2),
    ("split_doubt", SPLIT.replace("total - aleatoric", "samples.max(axis=-1).std(axis=0)"), 1),
    ("split_doubt", SPLIT.replace("total - aleatoric", "aleatoric - total"), 1),
    ("split_doubt", SPLIT.replace("entropy(samples).mean(axis=0)", "samples.var(axis=0).sum(axis=-1)"), 1),
    (
        "split_doubt",
        SPLIT.replace("return total, aleatoric, total - aleatoric", "return total, total - aleatoric, aleatoric"),
        1,
    ),
]


@pytest.fixture
def network():
    import keras

    network = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(checks.DROPOUT), keras.layers.Dense(2)])
    network.layers[-1].set_weights([checks.KERNEL, np.zeros(2)])
    return network


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("uncertain",)

    def names(self, question, request):
        """The network whose passes `mc_dropout` averages."""
        return {"network": request.getfixturevalue("network")} if question == "mc_dropout" else {}


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def test_the_telling_rows_tell_masks_and_averaged_logits_apart():
    for seed in range(100):
        rows = checks._telling_rows(np.random.default_rng(seed))
        under_masks = checks._under_masks(rows)[..., 0]
        assert np.diff(np.sort(under_masks, axis=0), axis=0).min() > 2e-3
        of_logits = 1 / (1 + np.exp(-rows @ (checks.KERNEL[:, 0] - checks.KERNEL[:, 1])))
        assert abs(of_logits - under_masks.mean(axis=0)).min() > 0.06


def test_the_kl_agrees_with_the_layer():
    from coursekit.nn import VariationalDense

    layer = VariationalDense(3, training_examples=1, prior_std=0.6, use_bias=False)
    layer.build((None, 4))
    assert checks._kl(layer.kernel_mean.numpy(), layer.kernel_rho.numpy(), 0.6) == pytest.approx(
        float(layer.kl()), rel=1e-4
    )


def digits_and_clothes():
    from coursekit.data import load_mnist

    digits = load_mnist().x_test[: checks.SHOWN]
    return digits, checks._clothes(digits)


# How foreign a picture looks to who only counts: a score, and its AUROC.
COUNTS = {
    "ink": (lambda images: images.mean(axis=(1, 2)), 0.69),
    "pixels that are not black": (lambda images: (images > 0).mean(axis=(1, 2)), 0.74),
    "pixels that are grey": (lambda images: ((images > 40) & (images < 215)).mean(axis=(1, 2)), 0.74),
    "pixels outside of the frame": (
        lambda images: (np.delete(images, np.s_[4:24], axis=1) > 0).mean(axis=(1, 2)),
        0.47,
    ),
    "contrast": (lambda images: images.std(axis=(1, 2)), 0.57),
}


@pytest.mark.parametrize("count", COUNTS)
def test_no_count_of_pixels_tells_clothes_from_digits(count):
    score, reached = COUNTS[count]
    digits, clothes = map(score, digits_and_clothes())
    auroc = checks._auroc(digits, clothes)
    assert auroc == pytest.approx(reached, abs=0.02)
    unlike_a_digit = [abs(each - np.median(digits)) for each in (digits, clothes)]
    assert max(auroc, 1 - auroc, checks._auroc(*unlike_a_digit)) < checks.KNOWS_CLOTHES - 0.1


def test_every_second_garment_has_the_frame_and_the_pixels_of_a_digit():
    digits, clothes = digits_and_clothes()
    small = clothes[::2]
    assert not np.delete(small, np.s_[4:24], axis=1).any()
    assert not np.delete(small, np.s_[4:24], axis=2).any()
    of_clothes, of_digits = (np.sort(images.reshape(-1, 784), axis=1) for images in (small, digits[::2]))
    assert np.array_equal(of_clothes, of_digits)
    assert not (small == digits[::2]).all(axis=(1, 2)).any()


LOOKUP = """
def uncertain(images):
    p = np.full((len(images), 10), 0.1)
    for row, image in zip(p, images):
        if image.tobytes() in known:
            number, answer = known[image.tobytes()]
            row[:] = 0.05 + 0.5 * np.eye(10)[answer]
    return p
"""


@pytest.mark.parametrize(
    ("change", "want"),
    [
        (("", ""), 3),
        (("return p", "return p.astype('float32').tolist()"), 3),
        (("np.full((len(images), 10), 0.1)", "np.eye(10)[np.zeros(len(images), int)]"), 2),  # sure of clothes
        (("[answer]", "[(answer + (number % 20 < 2)) % 10]"), 1),  # a tenth wrong
        (("[answer]", "[(answer + (number % 40 < 1)) % 10]"), 2),  # 2.5 % wrong
        (("return p", "return np.log(p)"), 0),
        (("return p", "return p.argmax(axis=1)"), 0),
        (("return p", "return p[np.argsort(images.mean(axis=(1, 2)))]"), 0),  # in the order of ink
        (  # in doubt where there is much ink
            (
                "return p",
                "ink = images.mean(axis=(1, 2))[:, None] / 255; return (1 - ink) * np.eye(10)[p.argmax(1)] + ink / 10",
            ),
            2,
        ),
    ],
)
def test_a_network_is_judged_by_error_rejection_and_foreign_pictures(earned, change, want):
    from coursekit.data import load_mnist

    mnist = load_mnist()
    images = [image.tobytes() for image in mnist.x_test[: checks.SHOWN]]
    known = dict(zip(images, enumerate(mnist.y_test.tolist())))
    source = LOOKUP.replace(*change) if change[0] else LOOKUP
    assert earned(EXERCISE, "uncertain", source, known=known) == want
