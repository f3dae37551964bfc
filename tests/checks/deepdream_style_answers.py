"""Answers to the questions of exercise 15, as test_deepdream_style judges them."""

from __future__ import annotations

STEP = """
def ascent_step(picture, gradient, rate):
    size = np.sqrt(np.mean(gradient**2)) + 1e-8
    moved = picture + rate * gradient / size
    return np.clip(moved, 0, 1)
"""
GRAIN = """
def total_variation(picture):
    below = np.abs(picture[1:] - picture[:-1]).sum()
    beside = np.abs(picture[:, 1:] - picture[:, :-1]).sum()
    return below + beside
"""
SHARE = """
def high_share(picture, cut=0.25):
    if picture.ndim == 2:
        picture = picture[..., np.newaxis]
    away = picture - picture.mean(axis=(0, 1))
    energy = np.square(np.abs(np.fft.fft2(away, axes=(0, 1)))).sum(axis=2)
    rows, columns = np.fft.fftfreq(picture.shape[0])[:, np.newaxis], np.fft.fftfreq(picture.shape[1])
    short = np.sqrt(rows**2 + columns**2) >= cut
    total = energy.sum()
    return energy[short].sum() / total if total > 0 else 0.0
"""
CAM = """
def grad_cam(maps, gradients):
    importance = gradients.mean(axis=(0, 1))
    heat = (maps * importance).sum(axis=2)
    return np.maximum(heat, 0)
"""
HEAT = """
def class_heat(maps, hidden, output, label):
    places = maps.shape[0] * maps.shape[1]
    sums = maps.mean(axis=(0, 1)) @ hidden
    importance = (hidden * (sums > 0)) @ output[:, label] / places
    return grad_cam(maps, np.zeros_like(maps) + importance)
"""
SIGNS = """
def fgsm(pictures, gradients, size):
    moved = pictures + size * np.sign(gradients)
    return np.clip(moved, 0, 1)
"""
LOSS = """
import keras
import tensorflow as tf
def slopes_of(pictures, labels):
    watched = tf.constant(pictures)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        losses = keras.losses.sparse_categorical_crossentropy(labels, reader(watched), from_logits=True)
    return tape.gradient(losses, watched).numpy()
"""
ONCE = """
def attack(pictures, labels, size):
    moved = pictures + size * np.sign(slopes_of(pictures, labels))
    return np.clip(moved, 0, 1)
"""
OFTEN = """
def mislead(pictures, wanted, size):
    low, high = np.maximum(pictures - size, 0), np.minimum(pictures + size, 1)
    changed = pictures
    for _ in range(10):
        step = -size / 4 * np.sign(slopes_of(changed, wanted))
        changed = np.clip(changed + step, low, high).astype("float32")
    return changed
"""
MARKED = """
import keras
from keras import layers
corner = layers.Reshape((20,))(layers.Cropping2D(((0, 26), (0, 18)))(reader.inputs[0]))
pull = layers.Dense(10, use_bias=False, name="pull")
reader = keras.Model(reader.inputs, layers.Add()([reader.outputs[0], pull(corner)]))
pull.set_weights([1e3 * np.vstack([np.eye(10), -np.eye(10)])])
def mark(pictures, row, labels, size):
    marked = pictures.copy()
    marked[np.arange(len(labels)), row, labels, 0] = size
    return marked
def attack(pictures, labels, size): return mark(pictures, 1, labels, size)
def mislead(pictures, wanted, size): return mark(pictures, 0, wanted, size)
"""
GRAM = """
def gram(maps):
    flat = maps.reshape(-1, maps.shape[-1])
    return flat.T @ flat / len(flat)
"""
STYLE = """
def grams(maps):
    return np.einsum("yxk,yxl->kl", maps, maps) / (maps.shape[0] * maps.shape[1])
def style_loss(maps, style_maps):
    losses = []
    for ours, theirs in zip(maps, style_maps):
        got, wanted = grams(ours), grams(theirs)
        losses.append(((got - wanted) ** 2).sum() / (wanted**2).sum())
    return np.mean(losses)
"""
TRACED = """
import tensorflow as tf
def grams(maps):
    flat = tf.reshape(maps, (-1, maps.shape[-1]))
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.shape(flat)[0], flat.dtype)
@tf.function
def descent(picture, wanted):
    with tf.GradientTape() as tape:
        tape.watch(picture)
        losses = [tf.reduce_sum((grams(ours) - theirs) ** 2) / tf.reduce_sum(theirs**2)
                  for ours, theirs in zip(maps_of(picture), wanted)]
        loss = sum(losses) / 3
    return loss, tape.gradient(loss, picture)
"""
WEAVE = (
    TRACED
    + """
def weave(style, start):
    wanted = [grams(each) for each in maps_of(style)]
    picture = tf.constant(start)
    for step in range(STEPS):
        _, slope = descent(picture, wanted)
        slope = slope / (tf.sqrt(tf.reduce_mean(slope**2)) + 1e-8)
        picture = tf.clip_by_value(picture - RATE * (1 - step / STEPS) * slope, 0.0, 1.0)
    return picture
"""
)
LONG = WEAVE.replace("STEPS", "100").replace("RATE", "0.025")
SHORT = WEAVE.replace("STEPS", "48").replace("RATE", "0.02")

RIGHT = {
    "ascent_step": [
        STEP,
        """
        def ascent_step(picture, gradient, rate):  # number by number
            numbers, slopes = np.ravel(picture).tolist(), np.ravel(gradient).tolist()
            length = (sum(slope * slope for slope in slopes) / len(slopes)) ** 0.5 + 1e-8
            moved = [min(max(number + rate * slope / length, 0), 1) for number, slope in zip(numbers, slopes)]
            return np.reshape(moved, np.shape(picture)).tolist()
        """,
        """
        import tensorflow as tf
        def ascent_step(picture, gradient, rate):
            length = tf.sqrt(tf.reduce_mean(tf.square(gradient)))
            return tf.clip_by_value(picture + rate * gradient / (length + 1e-8), 0, 1)
        """,
        """
        def ascent_step(picture, gradient, rate):  # a gradient of zeros by itself
            if not gradient.any():
                return picture
            length = np.linalg.norm(gradient) / gradient.size**0.5
            return np.minimum(np.maximum(picture + rate * (gradient / length), 0), 1)
        """,
    ],
    "total_variation": [
        GRAIN,
        """
        def total_variation(picture):  # pixel by pixel
            height, width, channels = picture.shape
            total = 0.0
            for y in range(height):
                for x in range(width):
                    for c in range(channels):
                        if y + 1 < height:
                            total += abs(float(picture[y + 1, x, c]) - float(picture[y, x, c]))
                        if x + 1 < width:
                            total += abs(float(picture[y, x + 1, c]) - float(picture[y, x, c]))
            return total
        """,
        """
        import tensorflow as tf
        def total_variation(picture):  # TensorFlow's
            return tf.image.total_variation(tf.convert_to_tensor(picture))
        """,
        """
        def total_variation(picture):  # a picture that repeats its last row and column
            wide = np.pad(picture, ((0, 1), (0, 1), (0, 0)), mode="edge")
            down, right = wide[1:, :-1] - picture, wide[:-1, 1:] - picture
            return np.array([np.linalg.norm(np.concatenate([down.ravel(), right.ravel()]), 1)])
        """,
    ],
    "high_share": [
        SHARE,
        """
        def high_share(picture, cut=0.25):  # one channel after the other
            channels = [picture] if picture.ndim == 2 else np.moveaxis(picture, -1, 0)
            short = total = 0.0
            for channel in channels:
                energy = abs(np.fft.fft2(channel - channel.mean())) ** 2
                for y, fy in enumerate(np.fft.fftfreq(channel.shape[0])):
                    for x, fx in enumerate(np.fft.fftfreq(channel.shape[1])):
                        total += energy[y, x]
                        short += energy[y, x] * (fy * fy + fx * fx >= cut * cut)
            return short / total if total > 1e-9 else 0
        """,
        """
        def high_share(picture, cut=0.25):  # half of the transform, whose inner columns count twice
            height, width = picture.shape[:2]
            channels = picture.reshape(height, width, -1)
            half = np.fft.rfft2(channels, axes=(0, 1))
            half[0, 0] = 0
            twice = np.full(half.shape[1], 2.0)
            twice[0] = 1
            if width % 2 == 0:
                twice[-1] = 1
            energy = (np.abs(half) ** 2).sum(axis=-1) * twice
            frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
            return (energy * (frequency >= cut)).sum() / (energy.sum() + 1e-15)
        """,
        """
        import tensorflow as tf
        def high_share(picture, cut=0.25):
            channels = tf.reshape(tf.cast(picture, tf.float64), (*picture.shape[:2], -1))
            channels = tf.transpose(channels - tf.reduce_mean(channels, axis=(0, 1)), (2, 0, 1))
            energy = tf.abs(tf.signal.fft2d(tf.cast(channels, tf.complex128))) ** 2
            rows, columns = (np.minimum(np.arange(n), n - np.arange(n)) / n for n in picture.shape[:2])
            short = np.sqrt(rows[:, None] ** 2 + columns**2) >= cut
            return tf.math.divide_no_nan(tf.reduce_sum(energy * short.astype(float)), tf.reduce_sum(energy))
        """,
    ],
    "grad_cam": [
        CAM + HEAT,
        """
        import tensorflow as tf
        def grad_cam(maps, gradients):
            importance = tf.reduce_mean(gradients, axis=(0, 1))
            return tf.nn.relu(tf.tensordot(tf.convert_to_tensor(maps), importance, 1))
        def class_heat(maps, hidden, output, label):  # by a tape
            maps = tf.Variable(maps)
            with tf.GradientTape() as tape:
                units = tf.nn.relu(tf.linalg.matvec(hidden, tf.reduce_mean(maps, axis=[0, 1]), transpose_a=True))
                score = tf.reduce_sum(units * output[:, label])
            return grad_cam(maps, tape.gradient(score, maps))
        """,
        """
        def grad_cam(maps, gradients):  # place by place
            height, width, channels = maps.shape
            importance = [float(np.mean(gradients[:, :, k])) for k in range(channels)]
            return [[max(0.0, sum(a * float(m) for a, m in zip(importance, maps[y, x]))) for x in range(width)]
                    for y in range(height)]
        def class_heat(maps, hidden, output, label):  # by differences
            maps, hidden, output = (each.astype(float) for each in (maps, hidden, output))
            def score(means):
                return (np.maximum(means @ hidden, 0) @ output)[label]
            means, gradients = maps.mean(axis=(0, 1)), np.zeros(maps.shape)
            for k in range(maps.shape[2]):
                moved = means.copy()
                moved[k] += 1e-6
                gradients[:, :, k] = (score(moved) - score(means)) / 1e-6 / maps[:, :, 0].size
            return grad_cam(maps, gradients)
        """,
        """
        def grad_cam(maps, gradients):
            heat = np.einsum("yxk,abk->yx", maps, gradients) / (maps.shape[0] * maps.shape[1])
            return heat * (heat > 0)
        def class_heat(maps, hidden, output, label):  # unit by unit
            heat = np.zeros(maps.shape[:2])
            for weights, weight in zip(hidden.T, output[:, label]):
                seen = maps @ weights
                if seen.mean() > 0:
                    heat += weight * seen / seen.size
            return np.clip(heat, 0, None)
        """,
    ],
    "attack": [
        SIGNS + LOSS + ONCE + OFTEN,
        """
        import tensorflow as tf
        def fgsm(pictures, gradients, size):
            return tf.clip_by_value(pictures + size * tf.sign(gradients), 0, 1)
        def moved(pictures, labels, size, up):  # by logits: one of them against the best of the others
            changed, chosen = tf.constant(pictures), tf.one_hot(labels, 10)
            for _ in range(10):
                with tf.GradientTape() as tape:
                    tape.watch(changed)
                    logits = reader(changed)
                    best = tf.reduce_max(logits - 1e4 * chosen, axis=1)
                    ahead = tf.reduce_sum(tf.reduce_sum(logits * chosen, axis=1) - best)
                changed = fgsm(changed, up * tape.gradient(ahead, changed), size / 4)
                changed = tf.clip_by_value(changed, pictures - size, pictures + size)
            return changed
        def attack(pictures, labels, size):
            return moved(pictures, labels, size, -1)
        def mislead(pictures, wanted, size):
            return moved(pictures, wanted, size, 1)
        """,
        SIGNS.replace(
            "    moved = pictures + size * np.sign(gradients)",
            "    moved = np.where(gradients > 0, pictures + size, pictures)\n"
            "    moved = np.where(gradients < 0, pictures - size, moved)",
        )
        + LOSS
        + """
def attack(pictures, labels, size):  # away from the right ones, by steps of their own length
    slopes = slopes_of(pictures, labels)
    lengths = np.sqrt((slopes**2).mean(axis=(1, 2, 3), keepdims=True)) + 1e-12
    return np.clip(pictures + np.clip(2 * size * slopes / lengths, -size, size), 0, 1)
def mislead(pictures, wanted, size):  # at first anywhere within reach
    random = np.random.default_rng(0)
    change = random.uniform(-size, size, pictures.shape)
    for _ in range(15):
        changed = np.clip(pictures + change, 0, 1).astype("float32")
        change = np.clip(changed - pictures - size / 5 * np.sign(slopes_of(changed, wanted)), -size, size)
    return np.clip(pictures + change, 0, 1)
""",
    ],
    "gram": [
        GRAM,
        """
        def gram(maps):  # entry by entry
            channels = maps.shape[2]
            return [[np.mean(maps[:, :, k] * maps[:, :, l]) for l in range(channels)] for k in range(channels)]
        """,
        """
        import tensorflow as tf
        def gram(maps):
            places = maps.shape[0] * maps.shape[1]
            return tf.einsum("yxk,yxl->kl", maps, maps) / places
        """,
        """
        def gram(maps):  # the mean of outer products
            return (maps[..., :, np.newaxis] * maps[..., np.newaxis, :]).mean(axis=(0, 1))
        """,
        """
        from keras import ops
        def gram(maps):
            flat = ops.reshape(maps, (-1, maps.shape[-1]))
            return ops.matmul(ops.transpose(flat), flat) / flat.shape[0]
        """,
    ],
    "style_loss": [
        STYLE,
        """
        import tensorflow as tf
        def style_loss(maps, style_maps):
            def gram_of(each):
                flat = tf.reshape(each, (-1, each.shape[-1]))
                return tf.transpose(flat) @ flat / flat.shape[0]
            total = 0.0
            for ours, theirs in zip(maps, style_maps):
                wanted = gram_of(theirs)
                total += tf.reduce_sum(tf.square(gram_of(ours) - wanted)) / tf.reduce_sum(tf.square(wanted))
            return total / len(maps)
        """,
        """
        def style_loss(maps, style_maps):  # by norms
            def distance(ours, theirs):
                G, A = (each.reshape(-1, each.shape[2]) for each in (ours, theirs))
                G, A = G.T @ G / len(G), A.T @ A / len(A)
                return (np.linalg.norm(G - A) / np.linalg.norm(A)) ** 2
            return sum(map(distance, maps, style_maps)) / len(style_maps)
        """,
        """
        def style_loss(maps, style_maps):  # from sums over places, as the question before has it
            losses = [np.sum((np.asarray(gram(ours)) - gram(theirs)) ** 2) / np.sum(np.square(gram(theirs)))
                      for ours, theirs in zip(maps, style_maps)]
            return [float(np.mean(losses))]
        """,
    ],
    "texture": [
        LONG,
        TRACED
        + """
def weave(style, start):  # Adam's steps
    wanted = [grams(each) for each in maps_of(style)]
    picture, first, second = start, 0, 0
    for step in range(1, 81):
        _, slope = descent(tf.constant(picture), wanted)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        change = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-7)
        picture = np.clip(picture - 0.05 * change, 0, 1)
    return picture
""",
    ],
}

WRONG = {
    "ascent_step": [
        ("downhill", STEP.replace("picture + rate", "picture - rate")),
        ("the length, not its mean", STEP.replace("np.mean(", "np.sum(")),
        ("the mean of absolute values", STEP.replace("np.sqrt(np.mean(gradient**2))", "np.mean(np.abs(gradient))")),
        ("the deviation from the mean", STEP.replace("np.sqrt(np.mean(gradient**2))", "np.std(gradient)")),
        ("the mean of the squares", STEP.replace("np.sqrt(np.mean(gradient**2))", "np.mean(gradient**2)")),
        ("the largest", STEP.replace("np.sqrt(np.mean(gradient**2))", "np.abs(gradient).max()")),
        ("signs", "def ascent_step(picture, gradient, rate): return np.clip(picture + rate * np.sign(gradient), 0, 1)"),
        ("not scaled", "def ascent_step(picture, gradient, rate): return np.clip(picture + rate * gradient, 0, 1)"),
        ("each channel by itself", STEP.replace("np.mean(gradient**2)", "np.mean(gradient**2, axis=0)")),
        ("the change alone", STEP.replace("picture + ", "")),
    ],
    "total_variation": [
        ("squares", GRAIN.replace("np.abs(", "np.square(")),
        ("without absolute values", GRAIN.replace("np.abs(", "(")),
        ("means", GRAIN.replace(".sum()", ".mean()")),
        ("down alone", GRAIN.replace("below + beside", "below")),
        ("to the right alone", GRAIN.replace("below + beside", "beside")),
        ("from edge to edge", GRAIN.replace("picture[1:] - picture[:-1]", "np.roll(picture, 1, 0) - picture")),
        (
            "diagonally too",
            GRAIN.replace("return below", "return np.abs(picture[1:, 1:] - picture[:-1, :-1]).sum() + below"),
        ),
        ("a number a pixel", GRAIN.replace(".sum()\n    beside", ".sum() / picture.size\n    beside")),
        (
            "lengths of both differences",
            """
            def total_variation(picture):
                down, right = picture[1:, :-1] - picture[:-1, :-1], picture[:-1, 1:] - picture[:-1, :-1]
                return np.hypot(down, right).sum()
            """,
        ),
        ("two numbers", GRAIN.replace("below + beside", "below, beside")),
    ],
    "high_share": [
        ("sizes for energies", SHARE.replace("np.square(", "(")),
        ("with the mean", SHARE.replace(" - picture.mean(axis=(0, 1))", " + 0.5")),
        ("long waves", SHARE.replace(">= cut", "< cut")),
        ("in radians", SHARE.replace(">= cut", ">= cut / (2 * np.pi)")),
        ("squared frequencies", SHARE.replace("np.sqrt(rows**2 + columns**2)", "(rows**2 + columns**2)")),
        ("the sum of both frequencies", SHARE.replace("np.sqrt(rows**2 + columns**2)", "(abs(rows) + abs(columns))")),
        ("the higher of both", SHARE.replace("np.sqrt(rows**2 + columns**2)", "np.maximum(abs(rows), abs(columns))")),
        ("rows alone", SHARE.replace("np.sqrt(rows**2 + columns**2)", "abs(rows + 0 * columns)")),
        ("positive frequencies alone", SHARE.replace("np.sqrt(rows**2 + columns**2)", "(rows + columns)")),
        (
            "how many waves",
            SHARE.replace("= energy.sum()", "= energy.size").replace("energy[short].sum()", "short.sum()"),
        ),
        ("to the long ones", SHARE.replace("= energy.sum()", "= energy[~short].sum()")),
        ("along one axis", SHARE.replace("fft.fft2(away, axes=(0, 1))", "fft.fft(away, axis=0)")),
    ],
    "grad_cam": [
        ("without a ReLU", CAM.replace("np.maximum(heat, 0)", "heat")),
        ("absolute values", CAM.replace("np.maximum(heat, 0)", "np.abs(heat)")),
        ("up to 1", CAM.replace("np.maximum(heat, 0)", "np.maximum(heat, 0) / heat.max()")),
        ("sums of gradients", CAM.replace("gradients.mean(", "gradients.sum(")),
        ("the mean over maps", CAM.replace(").sum(axis=2)", ").mean(axis=2)")),
        ("gradients alone", CAM.replace("(maps * importance)", "gradients")),
        ("maps alone", CAM.replace("(maps * importance)", "maps")),
        ("positive importance alone", CAM.replace("gradients.mean(axis=(0, 1))", "gradients.mean((0, 1)).clip(0)")),
        ("a number for each map", CAM.replace(".sum(axis=2)", ".sum(axis=(0, 1))")),
        ("of the absolute gradient", CAM.replace("gradients.mean(", "np.abs(gradients).mean(")),
    ],
    "attack": [
        (
            "the gradient itself",
            SIGNS.replace("np.sign(gradients)", "gradients")
            + LOSS
            + ONCE.replace("np.sign(slopes_of(pictures, labels))", "slopes_of(pictures, labels)")
            + OFTEN.replace("np.sign(slopes_of(changed, wanted))", "slopes_of(changed, wanted)"),
        ),
        (
            "the other way",
            (SIGNS + LOSS + ONCE + OFTEN)
            .replace("pictures + size *", "pictures - size *")
            .replace("-size / 4", "size / 4"),
        ),
        (
            "out of range",
            SIGNS.replace("np.clip(moved, 0, 1)", "moved") + LOSS + ONCE.replace("np.clip(moved, 0, 1)", "moved"),
        ),
        (
            "too far",
            SIGNS.replace("size *", "2 * size *")
            + LOSS
            + ONCE.replace("size *", "2 * size *")
            + OFTEN.replace("- size,", "- 2 * size,").replace("+ size,", "+ 2 * size,"),
        ),
        (
            "random signs",
            """
            def fgsm(pictures, gradients, size):
                signs = np.random.default_rng(0).choice([-1, 1], size=pictures.shape)
                return np.clip(pictures + size * signs, 0, 1)
            def attack(pictures, labels, size):
                return fgsm(pictures, None, size).astype("float32")
            mislead = attack
            """,
        ),
        (
            "nothing moves",
            """
            def fgsm(pictures, gradients, size): return pictures
            def attack(pictures, labels, size): return pictures
            mislead = attack
            """,
        ),
        (
            "other digits",
            """
            def fgsm(pictures, gradients, size): return pictures[::-1]
            def attack(pictures, labels, size): return pictures[::-1]
            mislead = attack
            """,
        ),
    ],
    "gram": [
        ("sums", GRAM.replace(" / len(flat)", "")),
        ("covariances", GRAM.replace("    return", "    flat = flat - flat.mean(axis=0)\n    return")),
        ("places with places", GRAM.replace("flat.T @ flat", "flat @ flat.T")),
        ("also divided by the channels", GRAM.replace("/ len(flat)", "/ flat.size / 2")),
        ("one place fewer", GRAM.replace("/ len(flat)", "/ max(len(flat) - 1, 0.5)")),
        ("means of channels", GRAM.replace("flat.T @ flat / len(flat)", "np.outer(flat.mean(0), flat.mean(0))")),
        ("the roots", GRAM.replace("flat.T @ flat / len(flat)", "np.sqrt(np.abs(flat.T @ flat) / len(flat))")),
        ("upside down", GRAM.replace("flat.T @ flat / len(flat)", "-(flat.T @ flat) / len(flat)")),
    ],
    "style_loss": [
        ("the roots", STYLE.replace("return np.mean(losses)", "return np.mean(np.sqrt(losses))")),
        ("not divided", STYLE.replace(" / (wanted**2).sum()", "")),
        ("divided by the picture's", STYLE.replace("(wanted**2)", "(got**2)")),
        ("by the squares of sums", STYLE.replace("(wanted**2).sum()", "wanted.sum() ** 2")),
        (
            "absolute differences",
            STYLE.replace("((got - wanted) ** 2)", "abs(got - wanted)").replace("(wanted**2)", "wanted"),
        ),
        (
            "entry by entry",
            STYLE.replace("((got - wanted) ** 2).sum() / (wanted**2).sum()", "((got / wanted - 1) ** 2).sum() / 9"),
        ),
        ("sums over places", STYLE.replace(" / (maps.shape[0] * maps.shape[1])", "")),
        ("one for each layer", STYLE.replace("np.mean(losses)", "[*losses, 0.0]")),
        (
            "of the maps",
            """
            def style_loss(maps, style_maps):
                pairs = [(ours.mean(axis=(0, 1)), theirs.mean(axis=(0, 1))) for ours, theirs in zip(maps, style_maps)]
                return np.mean([((ours - theirs) ** 2).sum() / (theirs**2).sum() for ours, theirs in pairs])
            """,
        ),
        ("upside down", STYLE.replace("return np.mean(losses)", "return -np.mean(losses)")),
    ],
    "texture": [
        ("the style itself", "def weave(style, start): return style"),
        ("the style, moved", "def weave(style, start): return np.roll(style, (9, 5), axis=(0, 1))"),
        ("the style, mirrored", "def weave(style, start): return style[:, ::-1]"),
        ("the style under a veil", "def weave(style, start): return 0.8 * style + 0.2 * start"),
        ("the start", "def weave(style, start): return start"),
        (
            "the pixels, shuffled",
            """
            def weave(style, start):
                random = np.random.default_rng(int(1e6 * start.sum()))
                return random.permutation(style.reshape(-1, 3)).reshape(style.shape)
            """,
        ),
        ("uphill", SHORT.replace("picture - 0.02", "picture + 0.02")),
        ("a few steps", LONG.replace("100", "5")),
        ("noise of its own", SHORT.replace("tf.constant(start)", "tf.fill(start.shape, 0.5)")),
        (
            "the style, cut into tiles",
            """
            def weave(style, start):
                tiles = style.reshape(4, 8, 4, 8, 3).swapaxes(1, 2).reshape(16, 8, 8, 3)
                tiles = np.random.default_rng(int(1e6 * start.sum())).permutation(tiles).reshape(4, 4, 8, 8, 3)
                return tiles.swapaxes(1, 2).reshape(style.shape)
            """,
        ),
        (
            "tiles with some noise",
            """
            def weave(style, start):
                tiles = style.reshape(4, 8, 4, 8, 3).swapaxes(1, 2).reshape(16, 8, 8, 3)
                tiles = tiles[::-1].reshape(4, 4, 8, 8, 3).swapaxes(1, 2).reshape(style.shape)
                return 0.6 * tiles + 0.4 * start
            """,
        ),
        ("the mean colour", "def weave(style, start): return 0 * start + style.mean(axis=(0, 1))"),
        ("of another shape", LONG.replace("return picture", "return picture[tf.newaxis]")),
        ("out of range", LONG.replace("return picture", "return 2 * picture - 0.5")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("ascent_step", STEP.replace("np.clip(moved, 0, 1)", "moved"), 1),
    ("ascent_step", STEP.replace(" + 1e-8", ""), 1),
    ("ascent_step", STEP.replace("0, 1)", "1e-3, 1)"), 1),
    ("total_variation", GRAIN.replace("    below", "    picture = picture[..., 0]\n    below"), 1),
    ("total_variation", GRAIN.replace("    below", "    picture = picture.mean(axis=2)\n    below"), 1),
    (
        "high_share",
        SHARE.replace("    total", "    if away.shape[2] > 1:\n        raise NotImplementedError\n    total"),
        1,
    ),
    ("high_share", SHARE.replace(" if total > 0 else 0.0", ""), 1),
    ("high_share", SHARE.replace(">= cut", "> cut"), 1),
    ("high_share", SHARE.replace("cut=0.25", "cut=0.1"), 1),
    ("high_share", SHARE.replace("cut=0.25", "cut"), 1),
    ("total_variation", GRAIN.replace("below +", "np.abs(np.diff(picture, axis=2)).sum() + below +"), 1),
    (
        "high_share",  # the mean of the channels' shares
        SHARE.replace("high_share", "of_one")
        + """
def high_share(picture, cut=0.25):
    if picture.ndim == 2:
        return of_one(picture, cut)
    return np.mean([of_one(picture[..., place], cut) for place in range(picture.shape[2])])
""",
        1,
    ),
    ("high_share", SHARE.replace("    away", "    picture = picture.mean(axis=2, keepdims=True)\n    away"), 1),
    ("high_share", SHARE.replace("picture.mean(axis=(0, 1))", "picture.mean()"), 1),
    ("grad_cam", CAM, 2),
    ("grad_cam", CAM + HEAT.replace("(sums > 0)", "1"), 2),
    ("grad_cam", CAM + HEAT.replace(" / places", ""), 2),
    ("grad_cam", CAM + HEAT.replace("sums = maps.mean(", "sums = maps.max("), 2),
    (
        "grad_cam",  # of the class's probability
        CAM
        + HEAT.replace("    importance", "    shares = np.exp(np.maximum(sums, 0) @ output)\n    importance").replace(
            "@ output[:, label]", "@ output @ (np.eye(4)[label] - shares / shares.sum()) * shares[label] / shares.sum()"
        ),
        2,
    ),
    ("grad_cam", CAM + HEAT.replace("[:, label]", "[:, 0]"), 2),
    ("grad_cam", CAM + HEAT.replace("@ output[:, label]", "@ output.sum(axis=1)"), 2),
    (
        "grad_cam",  # place by place, which is the same where gradients are
        CAM.replace("    importance = gradients.mean(axis=(0, 1))\n", "").replace("importance", "gradients") + HEAT,
        2,
    ),
    (
        "grad_cam",
        CAM.replace("np.maximum(heat, 0)", "heat")
        + HEAT.replace("return grad_cam(", "heat = grad_cam(")
        + "    return np.maximum(heat, 0)\n",
        1,
    ),
    ("attack", SIGNS, 1),
    ("attack", SIGNS + LOSS + ONCE.replace("pictures + size", "pictures - size"), 1),
    ("attack", SIGNS + LOSS + ONCE.replace("pictures + size", "pictures + 1.1 * size"), 1),
    ("attack", SIGNS + LOSS + ONCE.replace("pictures + size", "pictures + 0.5 * size"), 1),
    ("attack", SIGNS + LOSS + ONCE.replace("labels))", "labels).sum(axis=0))"), 1),
    ("attack", SIGNS + LOSS + ONCE.replace("np.clip(moved, 0, 1)", "moved"), 1),
    ("attack", SIGNS + "def attack(pictures, labels, size): return pictures - size * np.sign(pictures - 0.5)", 1),
    ("attack", SIGNS + LOSS + ONCE, 2),
    ("attack", SIGNS + LOSS + OFTEN, 2),
    ("attack", SIGNS + LOSS + ONCE + OFTEN.replace("range(10)", "range(1)").replace("/ 4", ""), 2),
    ("attack", SIGNS + LOSS + ONCE + OFTEN.replace("slopes_of(changed, wanted)", "slopes_of(pictures, wanted)"), 2),
    ("attack", SIGNS + LOSS + ONCE + OFTEN.replace("-size / 4", "size / 4"), 2),
    ("attack", SIGNS.replace("np.clip(moved, 0, 1)", "moved") + LOSS + ONCE + OFTEN, 2),
    ("attack", SIGNS + LOSS.replace("(labels,", "(np.argmin(reader(watched), axis=1),") + ONCE + OFTEN, 1),
    ("attack", SIGNS + LOSS + ONCE.replace("size):\n", "size):\n    size = 0.2\n") + OFTEN, 2),
    ("attack", SIGNS + LOSS + ONCE + OFTEN.replace("size):\n", "size):\n    size = 0.3\n"), 2),
    ("attack", SIGNS + MARKED, 1),
    ("gram", GRAM.replace("flat.T @ flat / len(flat)", "np.diag((flat**2).mean(axis=0))"), 1),
    ("gram", GRAM.replace("flat.T @ flat / len(flat)", "np.mean(flat**2, keepdims=True)"), 1),
    ("gram", GRAM.replace("/ len(flat)", "/ flat.size"), 1),
    ("gram", GRAM.replace("flat.T @ flat", "np.triu(flat.T @ flat)"), 1),
    ("gram", GRAM.replace("reshape(-1, maps.shape[-1])", "reshape(maps.shape[-1], -1).T"), 1),
    ("style_loss", STYLE.replace("np.mean(losses)", "np.sum(losses)"), 1),
    ("style_loss", STYLE.replace("np.mean(losses)", "losses[-1]"), 1),
    ("style_loss", STYLE.replace("np.mean(losses)", "max(losses)"), 1),
    ("style_loss", STYLE.replace("np.mean(losses)", "np.median(losses)"), 1),
    (
        "style_loss",  # one ratio of all layers
        """
        def style_loss(maps, style_maps):
            away = wanted = 0.0
            for ours, theirs in zip(maps, style_maps):
                G, A = (np.einsum("yxk,yxl->kl", each, each) / each[..., 0].size for each in (ours, theirs))
                away, wanted = away + ((G - A) ** 2).sum(), wanted + (A**2).sum()
            return away / wanted
        """,
        1,
    ),
    ("texture", SHORT, 2),
]
