"""Answers to exercise 9: what the wrong ones are made from, and the right ones."""

from __future__ import annotations

POSTERIOR = """
def posterior(design, targets, noise_std, prior_std):
    precision = design.T @ design / noise_std**2 + np.eye(design.shape[1]) / prior_std**2
    covariance = np.linalg.inv(precision)
    return covariance @ design.T @ targets / noise_std**2, covariance
"""
PREDICTIVE = """
def predictive(phi, mean, covariance, noise_std):
    return phi @ mean, np.sqrt(np.sum(phi @ covariance * phi, axis=1) + noise_std**2)
"""
KL = """
def kl_term(mean, rho, prior_std, training_examples):
    std = np.log1p(np.exp(rho))
    kl = np.log(prior_std / std) + (std**2 + mean**2) / (2 * prior_std**2) - 0.5
    return kl.sum() / training_examples
"""
DROPOUT = """
import keras
def mc_dropout(x, passes):
    return np.mean([keras.ops.softmax(network(x, training=True)) for _ in range(passes)], axis=0)
"""
ECE = """
def ece(probabilities, labels, bins):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    total = 0
    for low in np.arange(bins) / bins:
        inside = (confidence > low) & (confidence <= low + 1 / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total
"""
SPLIT = """
def split_doubt(samples):
    def entropy(p):
        return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)
    total, aleatoric = entropy(samples.mean(axis=0)), entropy(samples).mean(axis=0)
    return total, aleatoric, total - aleatoric
"""
ABSTAIN = """
def abstain(probabilities, share):
    decisions = probabilities.argmax(axis=1)
    decisions[np.argsort(probabilities.max(axis=1))[:round(share * len(probabilities))]] = -1
    return decisions
"""
VOTES = """
def mc_dropout(x, passes):
    return np.mean([np.eye(2)[np.argmax(network(x, training=True), axis=1)] for _ in range(passes)], axis=0)
"""
MASKS = """
from scipy.special import softmax
def mc_dropout(x, passes):
    masks = [KEPT * np.random.randint(0, 2, size=SIZE) for _ in range(passes)]
    return np.mean([softmax(network(x * mask), axis=1) for mask in masks], axis=0)
"""

RIGHT = {
    "posterior": [
        POSTERIOR,
        """
        def posterior(design, targets, noise_std, prior_std):
            mean, covariance = np.zeros(design.shape[1]), prior_std**2 * np.eye(design.shape[1])
            for row, target in zip(design, targets):  # one example after the other
                gain = covariance @ row / (row @ covariance @ row + noise_std**2)
                mean = mean + gain * (target - row @ mean)
                covariance = covariance - np.outer(gain, row @ covariance)
            return mean, covariance
        """,
        """
        from scipy.linalg import cho_factor, cho_solve
        def posterior(design, targets, noise_std, prior_std):
            root = cho_factor(design.T @ design / noise_std**2 + np.diag([prior_std**-2] * 3))
            return [each.tolist() for each in (cho_solve(root, design.T @ targets / noise_std**2),
                                               cho_solve(root, np.identity(3)))]
        """,
        """
        from keras import ops
        def posterior(design, targets, noise_std, prior_std):
            covariance = ops.inv(ops.transpose(design) @ design / noise_std**2 + ops.eye(3) / prior_std**2)
            return ops.matmul(covariance, ops.matmul(ops.transpose(design), targets)) / noise_std**2, covariance
        """,
        """
        def posterior(design, targets, noise_std, prior_std):  # as rows that say: each weight is 0, give or take
            rows = np.vstack([design / noise_std, np.eye(3) / prior_std])
            inverse = np.linalg.pinv(rows)
            return inverse @ np.append(targets / noise_std, np.zeros(3)), inverse @ inverse.T
        """,
        """
        def posterior(design, targets, noise_std, prior_std):  # by the covariance of the targets (Woodbury)
            prior = prior_std**2 * np.eye(3)
            gain = prior @ design.T @ np.linalg.inv(design @ prior @ design.T + noise_std**2 * np.eye(len(design)))
            return gain @ targets, prior - gain @ design @ prior
        """,
    ],
    "predictive": [
        PREDICTIVE,
        """
        def predictive(phi, mean, covariance, noise_std):
            return [[row @ mean for row in phi], [(row @ covariance @ row + noise_std**2) ** 0.5 for row in phi]]
        """,
        """
        import tensorflow as tf
        def predictive(phi, mean, covariance, noise_std):
            variance = tf.linalg.diag_part(phi @ covariance @ tf.transpose(phi)) + noise_std**2
            return tf.linalg.matvec(phi, mean), tf.sqrt(variance)
        """,
        """
        def predictive(phi, mean, covariance, noise_std):
            means, stds = [], []
            for row in phi.tolist():
                means.append(sum(a * b for a, b in zip(row, mean.tolist())))
                doubt = sum(row[i] * float(covariance[i, j]) * row[j] for i in range(3) for j in range(3))
                stds.append((doubt + noise_std**2) ** 0.5)
            return means, stds
        """,
        """
        def predictive(phi, mean, covariance, noise_std):
            spread = phi @ np.linalg.cholesky(covariance)
            return np.stack([phi @ mean, np.hypot(np.linalg.norm(spread, axis=1), noise_std)])
        """,
        """
        def predictive(x, m, C, s):
            return np.einsum("ri,i", x, m), (np.einsum("ri,ij,rj->r", x, C, x) + s * s) ** 0.5
        """,
    ],
    "kl_term": [
        KL,
        """
        from coursekit.nn import gaussian_kl
        def kl_term(mean, rho, prior_std, training_examples):
            return float(gaussian_kl(mean, np.logaddexp(0, rho), prior_std)) / training_examples
        """,
        """
        import tensorflow as tf
        def kl_term(mean, rho, prior_std, training_examples):
            std = tf.nn.softplus(rho)
            each = tf.math.log(prior_std / std) + (std**2 + mean**2) / (2 * prior_std**2) - 0.5
            return tf.reduce_sum(each) / training_examples
        """,
        """
        from coursekit.nn import VariationalDense
        def kl_term(mean, rho, prior_std, training_examples):
            layer = VariationalDense(mean.shape[1], training_examples, prior_std=prior_std, use_bias=False)
            layer.build((None, len(mean)))
            layer.set_weights([mean, rho])
            return layer.kl() / training_examples
        """,
        """
        import math
        def kl_term(mean, rho, prior_std, training_examples):
            total = 0
            for m, r in zip(mean.flat, rho.flat):
                s = math.log(1 + math.exp(r))
                total += math.log(prior_std) - math.log(s) + (s * s + m * m) / 2 / prior_std**2 - 1 / 2
            return np.array([total / training_examples])
        """,
        """
        def kl_term(mean, rho, prior_std, training_examples):
            std = np.log(1 + np.exp(rho)).ravel()
            ratio = (std / prior_std) ** 2
            return 0.5 / training_examples * (ratio + (mean.ravel() / prior_std) ** 2 - 1 - np.log(ratio)).sum()
        """,
    ],
    "mc_dropout": [
        DROPOUT,
        """
        import keras
        def mc_dropout(x, passes):
            many = keras.ops.softmax(network(np.repeat(x, passes, axis=0), training=True), axis=-1)
            return np.asarray(many).reshape(len(x), passes, -1).mean(axis=1)
        """,
        """
        from scipy.special import softmax
        from coursekit.nn import predictive_samples
        def mc_dropout(x, passes):
            return softmax(predictive_samples(network, x, passes, training=True), axis=2).mean(axis=0)
        """,
        """
        import tensorflow as tf
        masked = tf.function(lambda rows: network(rows, training=True))  # traced for each number of passes
        def mc_dropout(x, passes):  # row by row
            rows = []
            for row in x:
                odds = np.exp(masked(np.tile(row, (passes, 1))))
                rows.append((odds / odds.sum(axis=1, keepdims=True)).mean(axis=0))
            return rows
        """,
        """
        def mc_dropout(x, passes):
            second = 0
            for _ in range(passes):
                logits = network(x, training=True).numpy()
                second = second + 1 / (1 + np.exp(logits[:, 0] - logits[:, 1])) / passes
            return np.column_stack([1 - second, second])
        """,
        """
        from scipy.special import softmax
        def mc_dropout(x, passes):  # the layer's masks by hand
            masks = 2 * np.random.default_rng().integers(0, 2, size=(passes, *x.shape))
            return softmax((masks * x) @ network.get_weights()[0], axis=-1).mean(axis=0)
        """,
    ],
    "ece": [
        ECE,
        """
        def ece(probabilities, labels, bins):
            confidence = probabilities.max(axis=1)
            surplus = (probabilities.argmax(axis=1) == labels) - confidence
            index = np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1])
            return np.abs(np.bincount(index, surplus, minlength=bins)).sum() / len(labels)
        """,
        """
        def ece(probabilities, labels, bins):
            boxes = [[] for _ in range(bins)]
            for row, label in zip(probabilities.tolist(), labels.tolist()):
                largest = max(row)
                boxes[min(bins - 1, int(largest * bins))].append((largest, row.index(largest) == label))
            gaps = (abs(sum(right for _, right in box) - sum(sure for sure, _ in box)) for box in boxes)
            return sum(gaps) / len(labels)
        """,
        """
        import tensorflow as tf
        def ece(probabilities, labels, bins):
            sure = tf.reduce_max(probabilities, 1)
            right = tf.cast(tf.equal(tf.argmax(probabilities, 1), tf.cast(labels, tf.int64)), tf.float32)
            index = tf.minimum(tf.cast(sure * bins, tf.int32), bins - 1)
            return tf.reduce_sum(tf.abs(tf.math.unsorted_segment_sum(right - sure, index, bins))) / len(labels)
        """,
        """
        def ece(probabilities, labels, bins):
            sure, right = np.max(probabilities, axis=-1), np.argmax(probabilities, axis=-1) == labels
            edges = np.linspace(0, 1, bins + 1)
            count, right_sum, sure_sum = (
                np.histogram(sure, edges, weights=w)[0] for w in (np.ones(len(sure)), right * 1.0, sure))
            full = count > 0
            return np.average(abs(right_sum[full] - sure_sum[full]) / count[full], weights=count[full])
        """,
        """
        def ece(probabilities, labels, bins):
            sure, total = probabilities.max(1), 0
            for b in range(1, bins + 1):
                i = np.where(np.ceil(sure * bins) == b)[0]
                total += len(i) and len(i) * abs(np.mean(probabilities[i].argmax(1) == labels[i]) - sure[i].mean())
            return np.float32(total / len(sure))
        """,
    ],
    "split_doubt": [
        SPLIT,
        """
        from scipy.stats import entropy
        def split_doubt(samples):
            total = entropy(samples.mean(0), axis=1)
            epistemic = np.mean([entropy(p, samples.mean(0), axis=1) for p in samples], axis=0)
            return [total, total - epistemic, epistemic]
        """,
        """
        import math
        def split_doubt(samples):
            def entropy(p):
                return -sum(each * math.log(each) for each in p if each > 0)
            total = [entropy(samples[:, row].mean(axis=0)) for row in range(samples.shape[1])]
            aleatoric = [sum(map(entropy, samples[:, row])) / len(samples) for row in range(samples.shape[1])]
            return total, aleatoric, [t - a for t, a in zip(total, aleatoric)]
        """,
        """
        def split_doubt(samples):
            entropy = lambda p: -np.sum(p * np.log(p + 1e-12), axis=-1)
            total, aleatoric = entropy(samples.mean(0)), entropy(samples).mean(0)
            return np.array([total, aleatoric, total - aleatoric])
        """,
        """
        from scipy.special import entr, rel_entr
        def split_doubt(samples):
            mean = samples.mean(axis=0)
            return entr(mean).sum(-1), entr(samples).sum(-1).mean(0), rel_entr(samples, mean).sum(-1).mean(0)
        """,
        """
        import keras
        def split_doubt(samples):
            mean = keras.ops.mean(samples, axis=0)
            entropies = [-keras.ops.sum(p * keras.ops.log(keras.ops.clip(p, 1e-7, 1)), axis=-1) for p in samples]
            total = -keras.ops.sum(mean * keras.ops.log(keras.ops.maximum(mean, 1e-7)), axis=-1)
            return total, sum(entropies) / len(samples), total - sum(entropies) / len(samples)
        """,
    ],
    "abstain": [
        ABSTAIN,
        """
        def abstain(probabilities, share):
            decisions = [int(np.argmax(row)) for row in probabilities]
            for i in sorted(range(len(decisions)), key=lambda i: max(probabilities[i]))[:round(share * len(decisions))]:
                decisions[i] = -1
            return decisions
        """,
        """
        def abstain(probabilities, share):
            certainty = probabilities.max(axis=1)
            ranks = certainty.argsort().argsort()
            return np.where(ranks < round(share * len(ranks)), -1, probabilities.argmax(axis=1))
        """,
        """
        import heapq
        def abstain(probabilities, share):
            rows = range(len(probabilities))
            silent = set(heapq.nsmallest(round(share * len(rows)), rows, key=lambda row: probabilities[row].max()))
            return [-1 if row in silent else int(probabilities[row].argmax()) for row in rows]
        """,
        """
        def abstain(probabilities, share):
            certainty = np.max(probabilities, axis=1)
            return np.where(certainty < np.quantile(certainty, share), -1, np.argmax(probabilities, axis=1))
        """,
        """
        import tensorflow as tf
        def abstain(probabilities, share):
            count = int(np.round(share * len(probabilities)))
            silent = tf.math.top_k(-tf.reduce_max(probabilities, axis=1), count).indices
            decisions = tf.argmax(probabilities, axis=1, output_type=tf.int32)
            return tf.tensor_scatter_nd_update(decisions, silent[:, None], -tf.ones(count, tf.int32))
        """,
        """
        def abstain(probabilities, share):
            keep = len(probabilities) - int(share * len(probabilities) + 0.5)
            decisions = np.full(len(probabilities), -1.0)
            for row in np.argsort(probabilities.max(1))[::-1][:keep]:
                decisions[row] = np.argmax(probabilities[row])
            return decisions
        """,
    ],
}
