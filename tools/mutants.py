"""Spoils the stored solutions, one change at a time, and lists the changes that the checks do not notice.

A mutant is a solution's function with one operator, comparison, number, axis, bound or argument changed, one line
dropped, one layer left out, frozen or given another activation or loss. It is judged by its question's check, with the
notebook's inputs and with those of one submission. One that earns all points has survived: either the check has a gap,
or the change changes nothing that is asked. Those of the second kind stand in EQUIVALENT, each with its proof.

    python tools/mutants.py --exercise 4
    python tools/mutants.py --exercise 9 --question ece
    python tools/mutants.py --json build/mutants.json
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from spoiling import Mutant, mutants

from coursekit import course
from coursekit.grading import NamespaceAnswers, find_exercise
from coursekit.grading.questions import Question

SECONDS = 5.0  # for each answer that a check asks of a mutant
MINUTES = 20.0
SEED = "the mutants' submission"

# In a network, what questions leave free: with or without it, here or there, an answer is right. An Input is missed by
# nobody, since a check builds what is not built; metrics only show.
FREE = re.compile(
    r"layers\.(Dropout|SpatialDropout1D|BatchNormalization|LayerNormalization)\([^()]*\)(, )?"
    r"|keras\.Input\(\([^()]*\)\)(, )?|, metrics=\['accuracy'\]"
)


def _other_activation(*layers: str) -> list[tuple[str, str, str]]:
    """Hidden layers, up to their last argument, that may do without ReLU."""
    return [
        (f"{layer}, activation='relu'", layer + other, "the activation of hidden layers is free")
        for layer in layers
        for other in ("", ", activation='linear'")
    ]


SAME = ", strides=2, padding='same'"
FINE, COARSE, RISING = (
    f"layers.{layer}{SAME}, activation='relu'), " for layer in ("Conv2D(16, 5", "Conv2D(32, 3", "Conv2DTranspose(16, 4")
)
CONVOLVED, POOLED = "layers.Conv1D(64, 3, activation='relu'), ", "layers.MaxPooling1D(4), "
AT_THE_THRESHOLD = "how an overlap that equals the threshold comes out is left to rounding, so none is asked about"

# For each question, changes that leave a right answer: what becomes what, and why nothing comes of it.
EQUIVALENT: dict[tuple[str, str], list[tuple[str, str, str]]] = {
    ("01_mnist_dense", "as_vectors"): [("-1)", "-2)", "NumPy takes any negative length for the one to be found")],
    ("03_regularization", "dropout"): [(">= rate", "> rate", "a random number equals the rate with probability 0")],
    ("03_regularization", "clip_by_norm"): [
        ("max(norm, limit)", "max(limit, norm)", "the larger one, in either order")
    ],
    ("03_regularization", "choose_strength"): [
        ("int(np.argmin(errors))", "np.argmin(errors)", "a list takes NumPy's whole numbers for places"),
        ("np.mean((x_valid", "np.sum((x_valid", "as many examples for each λ: the lowest sum has the lowest mean"),
        ("x_valid @ w - y_valid", "y_valid - x_valid @ w", "(a − b)² = (b − a)²"),
    ],
    ("04_cnn", "slide"): [("signal[place:], kernel", "kernel, signal[place:]", "s · k = k · s")],
    ("04_cnn", "conv2d"): [("kernels.shape[0]", "kernels.shape[1]", "kernels are square")],
    ("04_cnn", "max_pool"): [("axis=(1, 3)", "axis=(3, 1)", "the largest number along two axes, in either order")],
    ("04_cnn", "build_network"): [
        ("layers.Dense(64, activation='relu'), ", "", "the statement asks for no hidden dense layer"),
        ("layers.Conv2D(24, 5", "layers.Conv2D(5, 24", "how many filters, and how large, is free"),
        *_other_activation("Conv2D(24, 5, strides=2", "Conv2D(48, 3, strides=2", "Dense(64"),
    ],
    ("05_rnn_lstm", "padded"): [(", dtype=int", "", "5.0 is a whole number too")],
    ("05_rnn_lstm", "build_network"): [
        (CONVOLVED, "", "the statement leaves free whether to convolve"),
        (POOLED, "", "and whether to pool"),
        (CONVOLVED + POOLED, POOLED + CONVOLVED, "and in which order"),
        *_other_activation("Conv1D(64, 3"),
    ],
    ("07_autoencoders", "psnr"): [
        (
            "images.astype('float64') - others.astype('float64')",
            "others.astype('float64') - images.astype('float64')",
            "(a − b)² = (b − a)²",
        ),
    ],
    ("07_autoencoders", "spoil"): [
        ("images + noise", "images - noise", "noise and −noise come from the same distribution"),
        ("np.clip(images + noise, 0, 1)", "np.clip(0, images + noise, 1)", "the middle one of three in any order"),
    ],
    ("07_autoencoders", "training_pairs"): [("-1)", "-2)", "NumPy takes any negative length for the one to be found")],
    ("07_autoencoders", "find_outsiders"): [
        (
            "test_errors > np",
            "test_errors >= np",
            "one of the validation errors more, and the rate is met to within two",
        ),
    ],
    ("07_autoencoders", "build_denoiser"): [
        ("'binary_crossentropy'", "'mse'", "each of them is least where every pixel is right"),
        ("(16, 5", "(5, 16", "how many filters, and how large, is free"),
        ("(32, 3", "(3, 32", "how many filters, and how large, is free"),
        ("(16, 4", "(4, 16", "how many filters, and how large, is free"),
        (FINE + COARSE, COARSE + FINE, "and in which order"),
        (COARSE + RISING, RISING + COARSE, "halved, doubled, halved, doubled: as many pixels again"),
        *_other_activation(f"(16, 5{SAME}", f"(32, 3{SAME}", f"(16, 4{SAME}"),
    ],
    ("08_vae", "log_bernoulli"): [("axis=-1", "axis=1", "of two axes, axis 1 is the last")],
    ("08_vae", "gaussian_kl"): [("axis=-1", "axis=1", "of two axes, axis 1 is the last")],
    ("08_vae", "sample"): [("mean + np", "mean - np", "ε and −ε come from the same distribution")],
    ("08_vae", "active_units"): [
        (
            "int(np.sum(np.var(mean, axis=0) > 0.01))",
            "np.sum(np.var(mean, axis=0) > 0.01)",
            "a whole number of NumPy's",
        ),
        ("> 0.01", ">= 0.01", "0.01 has no end in binary: what a variance at the bar comes out as is left to rounding"),
    ],
    ("09_bayesian_nn", "ece"): [
        (
            "right[index == b].mean() - confidence[index == b].mean()",
            "confidence[index == b].mean() - right[index == b].mean()",
            "|a − b| = |b − a|",
        ),
    ],
    ("09_bayesian_nn", "split_doubt"): [("np.where(p > 0, p, 1)", "np.where(p > 0, p, 2)", "0 · log 2 = 0 · log 1")],
    ("10_optimizers", "warmup_cosine"): [
        (
            "(step - warmup) / (total - warmup), 1",
            "1, (step - warmup) / (total - warmup)",
            "the smaller, in either order",
        )
    ],
    ("10_optimizers", "conjugate_gradient"): [
        ("A @ direction", "direction @ A", "A is symmetric"),
        ("direction @ product", "product @ direction", "a · b = b · a"),
    ],
    ("10_optimizers", "two_loop"): [
        (old, new, "a · b = b · a")
        for old, new in (
            ("step @ gradient", "gradient @ step"),
            ("step @ change", "change @ step"),
            ("change @ result", "result @ change"),
        )
    ],
    ("11_text", "tf_idf"): [
        ("lengths, 1)", "lengths, 2)", "0/2 = 0/1"),
        (
            "lengths > 0",
            "lengths > 1",
            "a count and an IDF are 1 or more each, so a row that is not zero is 1 long or more",
        ),
    ],
    ("11_text", "search"): [("lengths, 1)", "lengths, 2)", "0/2 = 0/1")],
    ("11_text", "skip_gram_pairs"): [
        ("start, i - window", "i - window, start", "the larger one, in either order"),
        ("stop, i + window + 1", "i + window + 1, stop", "the smaller one, in either order"),
        ("tokens[i], tokens[j]", "tokens[j], tokens[i]", "whose context a word is, is a context of it: the same pairs"),
    ],
    ("11_text", "analogy"): [
        ("(a, b, c)", "(b, a, c)", "the same three, in any order"),
        ("(a, b, c)", "(a, c, b)", "the same three, in any order"),
    ],
    ("12_object_detection", "iou"): [("union, 1)", "union, 2)", "0/2 = 0/1")],
    ("12_object_detection", "match"): [(">= threshold", "> threshold", AT_THE_THRESHOLD)],
    ("12_object_detection", "nms"): [
        ("<= threshold", "< threshold", AT_THE_THRESHOLD),
        ("boxes[[place]], boxes[kept]", "boxes[kept], boxes[[place]]", "the same overlaps, in a column"),
    ],
    ("12_object_detection", "judge"): [
        (", dtype=bool", "", "1.0 equals True"),
        (">= threshold", "> threshold", AT_THE_THRESHOLD),
        ("initial=0", "initial=-1", "less than any threshold"),
        ("= 0", "= -1", "less than any threshold"),
    ],
    ("12_object_detection", "average_precision"): [("0, 1, 101", "1, 0, 101", "the mean of the same, in any order")],
    ("13_gan", "transposed_size"): [
        ("max(kernel_size, stride)", "max(stride, kernel_size)", "the larger one, in either order")
    ],
    ("13_gan", "count_modes"): [
        (
            "int(np.sum(counts >= least * len(probabilities)))",
            "np.sum(counts >= least * len(probabilities))",
            "a whole number of NumPy's",
        )
    ],
    ("13_gan", "frechet_distance"): [
        ("a.mean(axis=0) - b.mean(axis=0)", "b.mean(axis=0) - a.mean(axis=0)", "v · v = (−v) · (−v)"),
        (
            "np.cov(a, rowvar=False), np.cov(b, rowvar=False)",
            "np.cov(b, rowvar=False), np.cov(a, rowvar=False)",
            "a distance is the same in both directions",
        ),
    ],
    ("13_gan", "add_noise"): [("(-1,)", "(-2,)", "NumPy takes any negative length for the one to be found")],
    ("14_rbm_dbn", "conditionals"): [
        (
            "return sigmoid(v",
            "visible_bias = visible_bias * 0 + 1; return sigmoid(v",
            "given v, its biases play no part",
        ),
        ("return sigmoid(h", "hidden_bias = hidden_bias * 0 + 1; return sigmoid(h", "given h, its biases play no part"),
    ],
    ("14_rbm_dbn", "log_likelihood"): [
        ("len(visible_bias) < len(", "len(visible_bias) <= len(", "of two layers of one size either will do"),
        ("len(smaller[1])", "len(smaller[0])", "weights have a row for each visible unit"),
    ],
    ("14_rbm_dbn", "path_weights"): [
        (
            "(1 - beta) * base_bias",
            f"({constant} - beta) * base_bias",
            "what adds the same at both temperatures cancels",
        )
        for constant in (0, 2)
    ],
    ("15_deepdream_style", "ascent_step"): [
        (
            "np.clip(picture + rate * gradient / (length + 1e-08), 0, 1)",
            "np.clip(0, picture + rate * gradient / (length + 1e-08), 1)",
            "the middle one of three in any order",
        ),
        ("length + 1e-08", "length - 1e-08", "the same but for gradients near 1e-8; 0 divided by −1e-8 is 0"),
    ],
    ("15_deepdream_style", "total_variation"): [
        (
            "np.diff(picture, axis=0), np.diff(picture, axis=1)",
            "np.diff(picture, axis=1), np.diff(picture, axis=0)",
            "a + b = b + a",
        ),
    ],
    ("15_deepdream_style", "high_share"): [
        ("-1)", "-2)", "NumPy takes any negative length for the one to be found"),
        ("[:2], -1)", "[:3], -1)", "a last axis of length 1 more, over which the energies are added"),
        ("[:2], -1)", "[:], -1)", "a last axis of length 1 more, over which the energies are added"),
        ("channels - channels.mean(axis=(0, 1))", "channels.mean(axis=(0, 1)) - channels", "|−z| = |z|"),
        ("mean(axis=(0, 1))", "mean(axis=(1, 0))", "both axes, in either order"),
        ("axes=(0, 1)", "axes=(1, 0)", "both axes, in either order"),
        ("(np.abs(waves) ** 2).sum(", "(np.abs(waves) ** 2).mean(", "a share of means is that of the sums"),
        ("max(energy.sum(), 1e-12)", "max(1e-12, energy.sum())", "the larger one, in either order"),
    ],
    ("15_deepdream_style", "grad_cam"): [
        ("axis=(0, 1)", "axis=(1, 0)", "both axes, in either order"),
        ("[0, label]", "[-1, label]", "of one row, the last is the first"),
    ],
    ("15_deepdream_style", "attack"): [
        (
            "np.clip(pictures + size * np.sign(gradients), 0, 1)",
            "np.clip(0, pictures + size * np.sign(gradients), 1)",
            "the middle one of three in any order",
        ),
        (
            "np.clip(changed, pictures - size, pictures + size)",
            "np.clip(pictures - size, changed, pictures + size)",
            "the middle one of three in any order",
        ),
        (", reduction='sum'", "", "the mean's gradients have the signs of the sum's"),
        *(("range(10)", f"range({steps})", "how many steps is free") for steps in (9, 11)),
        *(("size / 4", size, "and how long they are") for size in ("size / 3", "size / 5")),
        (
            "-slopes(changed, wanted), size / 4",
            "size / 4, -slopes(changed, wanted)",
            "a step along the gradient itself: what counts is where the steps lead",
        ),
    ],
    ("15_deepdream_style", "style_loss"): [("gram(ours) - wanted", "wanted - gram(ours)", "(a − b)² = (b − a)²")],
    ("15_deepdream_style", "texture"): [
        *(("0, 150)", f"0, {steps})", "how many steps is free") for steps in (149, 151)),
        (
            "maps_of(watched), wanted)",
            "wanted, maps_of(watched))",
            "divided by the picture's own size, it is as small in the same pictures",
        ),
    ],
    ("16_streaming", "resumable"): [
        ("return self", "pass", "the line is given, and `next` is what the statement asks"),
        ("= (0, 0)", "= (1, 0)", "epochs may be counted from any number"),
        ("self.epoch + 1", "self.epoch + 2", "and by any step, as long as none comes again"),
        ("[self.seed, self.epoch]", "[self.epoch, self.seed]", "a seed of two numbers, in either order"),
    ],
    ("16_streaming", "accumulated"): [
        ("zip(total, gradients)", "zip(gradients, total)", "a + b = b + a"),
        (", training=True", "", "no layer of the model is another in training, nor does the statement ask"),
        ("training=True", "training=False", "no layer of the model is another in training, nor does the statement ask"),
    ],
    ("16_streaming", "train_step"): [
        ("most = None", "pass", "the line is given, and the check sets the attribute"),
        ("compute_loss(x=x, y=y", "compute_loss(y=y", "a loss given to `compile` takes no inputs"),
    ],
    ("16_streaming", "stream"): [
        ("turns = np.repeat", "most = most * 0 + 1; turns = np.repeat", "the answer holds one item, whatever it may"),
    ],
    ("17_attention", "attention"): [("-1, -2", "-2, -1", "two axes change places, in either order")],
    ("17_attention", "multi_head"): [
        ("wk) + bk", "wk) - bk", "it adds the same to all scores of a query, which softmax does not notice")
    ],
    ("17_attention", "positions"): [
        ("10000", other, "over some hundred places too near for float32") for other in ("10001", "9999")
    ],
    ("17_attention", "block"): [
        (sum_, sum_.replace("+", "-"), "a layer that learns gives either sign")
        for sum_ in ("inputs + attend", "x + layers.Dense")
    ],
}


@dataclass
class Score:
    """What became of the mutants of one question.

    Attributes:
        exercise: the lesson's full name.
        question: its name.
        mutants: how many there were, but for those that are equivalent.
        noticed: how many of them lost points.
        survivors: the others: line, change.
        equivalent: how many earned all points, and are known to be right answers.
        seconds: what it took.
        note: why there is no score, or that time ran out.
    """

    exercise: str
    question: str
    mutants: int = 0
    noticed: int = 0
    survivors: list[tuple[int, str]] = field(default_factory=list)
    equivalent: int = 0
    seconds: float = 0.0
    note: str = ""


def judge(question: Question, source: str, names: dict[str, Any], ends: float = float("inf")) -> Score:
    """The score of ``question`` for the mutants of ``source``, a cell that runs where ``names`` are known.

    Args:
        question: of an exercise.
        source: the cell of a right answer.
        names: what earlier cells made.
        ends: ``time.monotonic()`` when to stop.
    """
    score, begun = Score(question.exercise, question.name), time.monotonic()
    question = replace(question, seconds=min(question.seconds, SECONDS))
    if not _earns_all(question, source, names):
        score.note = "the solution does not earn all points, or not without its training"
        return score
    for mutant in mutants(source):
        if time.monotonic() > ends:
            score.note = "time ran out"
            break
        if not _earns_all(question, mutant.source, names):
            score.noticed += 1
        elif is_equivalent(mutant, question):
            score.equivalent += 1
        else:
            score.survivors.append((mutant.line, mutant.change))
    score.mutants = score.noticed + len(score.survivors)
    score.seconds = time.monotonic() - begun
    return score


def is_equivalent(mutant: Mutant, question: Question) -> bool:
    """Whether ``mutant`` is known to be a right answer."""
    known = EQUIVALENT.get((question.exercise, question.name), [])
    return FREE.sub("", mutant.before) == FREE.sub("", mutant.after) or any(
        old in mutant.before and mutant.before.replace(old, new) == mutant.after for old, new, _ in known
    )


def _earns_all(question: Question, source: str, names: dict[str, Any]) -> bool:
    namespace = dict(names)
    try:
        exec(source, namespace)
    except Exception:  # a mutant may do anything
        return False
    answers = NamespaceAnswers(namespace)
    answers.private_seed = SEED
    return question.run(answers).points == question.points


@cache
def solved(exercise: str) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """For each question the cell that answers it by functions, and what the cells before it made.

    A solution's training is left out; so are questions that need it.
    """
    sources, before = {}, {}
    namespace: dict[str, Any] = {"__name__": "__main__"}
    pending: list[tuple[str, dict[str, Any]]] = []
    for cell in json.loads(course.find(exercise).solution.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if source.startswith("check("):
            name = source.split('"')[1]
            for answer, known in pending:
                sources[name], before[name] = answer, known
            pending = []
        elif not source.startswith("check."):
            solution = "BEGIN SOLUTION" in source
            if solution and ".fit(" in source:
                continue
            if solution and any(line.startswith(("def ", "class ")) for line in source.splitlines()):
                pending.append((source, dict(namespace)))
            exec(source, namespace)
    return sources, before


def _score(exercise: str, question: str, ends: float) -> Score:
    warnings.simplefilter("ignore")
    sources, before = solved(exercise)
    if question not in sources:
        return Score(exercise, question, note="no function to spoil")
    if time.monotonic() > ends:
        return Score(exercise, question, note="time ran out")
    return judge(find_exercise(exercise).find(question), sources[question], before[question], ends)


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, and end with 1 if there are survivors."""
    words, _, examples = (__doc__ or "").partition("\n\n    ")
    parser = argparse.ArgumentParser(
        description=words, epilog=f"Examples:\n    {examples}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exercise", action="append", metavar="NAME", help="a number or name; all if left out")
    parser.add_argument("--question", action="append", metavar="NAME", help="only questions of this name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there too")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"stop after as many ({MINUTES:g})")
    parser.add_argument("--jobs", type=int, default=2, help="questions at a time (2)")
    options = parser.parse_args(arguments)
    names = [course.find(name).name for name in options.exercise or [lesson.name for lesson in course.LESSONS]]
    asked = [
        (name, question)
        for name in names
        for question in find_exercise(name).questions
        if not options.question or question in options.question
    ]
    if not asked:
        parser.error(f"no question {' or '.join(options.question or [])} in {', '.join(names)}")
    scores = _all_scores(asked, options.jobs, time.monotonic() + 60 * options.minutes)
    print(_table(scores))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps([asdict(score) for score in scores], indent=1, ensure_ascii=False) + "\n")
    return int(any(score.survivors for score in scores))


def _all_scores(asked: list[tuple[str, str]], jobs: int, ends: float) -> list[Score]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    scores = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_score, *each, ends): each for each in asked}
        for number, future in enumerate(as_completed(waiting), 1):
            scores[waiting[future]] = score = future.result()
            told = score.note or f"{score.noticed} of {score.mutants} mutants noticed, {score.seconds:.0f} s"
            print(f"{number}/{len(asked)} {score.exercise} {score.question}: {told}", file=sys.stderr, flush=True)
    return [scores[each] for each in asked]


def _table(scores: list[Score]) -> str:
    lines = [f"{'exercise':22} {'question':22} {'noticed':>11} {'score':>6}"]
    for score in scores:
        share = f"{score.noticed / score.mutants:6.0%}" if score.mutants else "     –"
        lines.append(
            f"{score.exercise:22} {score.question:22} {score.noticed:5} / {score.mutants:3} {share}  {score.note}"
        )
        lines += [f"    line {line}: {change}" for line, change in score.survivors]
    noticed, all_of_them = sum(score.noticed for score in scores), sum(score.mutants for score in scores)
    known = sum(score.equivalent for score in scores)
    return "\n".join([*lines, f"{noticed} of {all_of_them} mutants noticed; {known} more are right answers."])


if __name__ == "__main__":
    sys.exit(main())
