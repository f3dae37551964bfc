import keras
import numpy as np
import tensorflow as tf
from keras import layers

network = keras.Sequential([keras.Input((3,)), layers.Dropout(0.5), layers.Dense(2)])
network.set_weights([np.array([[3.0, 0.0], [0.0, 1.0], [-1.0, 1.0]]), np.array([0.0, 0.0])])

# %% posterior · right · by a Cholesky factor, as lists
from scipy import linalg

def posterior(design, targets, noise_std, prior_std):
    width, weight = design.shape[1], 1 / noise_std**2
    factor = linalg.cho_factor(weight * design.T @ design + np.diag([prior_std**-2] * width))
    mean = linalg.cho_solve(factor, weight * (design.T @ targets))
    return mean.tolist(), linalg.cho_solve(factor, np.eye(width)).tolist()

# %% posterior · right · operations of Keras
def posterior(design, targets, noise_std, prior_std):
    rows = keras.ops.convert_to_tensor(design)
    gram = keras.ops.matmul(keras.ops.transpose(rows), rows) * noise_std**-2
    covariance = keras.ops.inv(gram + np.identity(design.shape[1]) * prior_std**-2)
    pull = keras.ops.matmul(keras.ops.transpose(rows), targets) * noise_std**-2
    return keras.ops.matmul(covariance, pull), covariance

# %% predictive · right · operations of TensorFlow
def predictive(phi, mean, covariance, noise_std):
    spread = tf.reduce_sum(tf.matmul(phi, covariance) * phi, axis=1)
    return tf.linalg.matvec(tf.constant(phi), mean), tf.sqrt(spread + noise_std**2)

# %% predictive · right · sums written out
def predictive(phi, mean, covariance, noise_std):
    centres, deviations = [], []
    for features in phi:
        pairs = [(i, j) for i in range(len(mean)) for j in range(len(mean))]
        variance = noise_std**2 + sum(features[i] * covariance[i][j] * features[j] for i, j in pairs)
        centres.append(sum(weight * feature for weight, feature in zip(mean, features)))
        deviations.append(variance**0.5)
    return centres, deviations

# %% predictive · wrong · deviations added in place of variances
def predictive(phi, mean, covariance, noise_std):
    of_weights = np.sqrt(np.einsum("ni,ij,nj->n", phi, covariance, phi))
    return np.dot(phi, mean), noise_std + of_weights

# %% predictive · wrong · a whole matrix of covariances
def predictive(phi, mean, covariance, noise_std):
    between_rows = phi @ covariance @ phi.T
    return np.dot(phi, mean), np.sqrt(noise_std**2 + np.abs(between_rows))

# %% kl_term · right · single precision
def kl_term(mean, rho, prior_std, training_examples):
    centre, spread = np.float32(mean), np.logaddexp(np.float32(0), np.float32(rho))
    ratio = spread / np.float32(prior_std)
    terms = ratio**2 + (centre / np.float32(prior_std)) ** 2 - 1 - 2 * np.log(ratio)
    return terms.sum() / (2 * training_examples)

# %% kl_term · right · a variational layer is asked
import coursekit.nn as nn

def kl_term(mean, rho, prior_std, training_examples):
    inputs, units = np.shape(mean)
    layer = nn.VariationalDense(units, training_examples, use_bias=False, prior_std=prior_std)
    layer.build((1, inputs))
    layer.kernel_mean.assign(mean)
    layer.kernel_rho.assign(rho)
    return float(layer.kl()) / training_examples

# %% kl_term · wrong · the divergence in the other direction
def kl_term(mean, rho, prior_std, training_examples):
    spread = np.logaddexp(0, rho)
    terms = (prior_std**2 + mean**2) / spread**2 - 1 + 2 * np.log(spread / prior_std)
    return terms.sum() / (2 * training_examples)

# %% kl_term · wrong · an exponential in place of softplus
def kl_term(mean, rho, prior_std, training_examples):
    ratio = np.exp(rho) / prior_std
    terms = ratio**2 + (mean / prior_std) ** 2 - 1 - 2 * np.log(ratio)
    return terms.sum() / (2 * training_examples)

# %% mc_dropout · right · all passes of a row in one batch
def mc_dropout(x, passes):
    averages = np.zeros((len(x), 2))
    for place in range(len(x)):
        copies = np.repeat(x[place : place + 1], passes, axis=0)
        averages[place] = np.mean(keras.ops.softmax(network(copies, training=True)), axis=0)
    return averages

# %% mc_dropout · right · the logistic function of a difference
from scipy.special import expit

def mc_dropout(x, passes):
    second = np.zeros(len(x))
    for _ in range(passes):
        scores = np.asarray(network(x, training=True))
        second += expit(scores[:, 1] - scores[:, 0]) / passes
    return np.stack([1 - second, second], axis=1)

# %% mc_dropout · wrong · votes are counted
def mc_dropout(x, passes):
    votes = np.zeros((len(x), 2))
    for _ in range(passes):
        winners = np.asarray(network(x, training=True)).argmax(axis=1)
        votes[np.arange(len(x)), winners] += 1
    return votes / passes

# %% mc_dropout · wrong · as many passes as it likes
def mc_dropout(x, passes):
    total = np.zeros((len(x), 2))
    for _ in range(64):
        total += np.asarray(keras.ops.softmax(network(x, training=True)))
    return total / 64

# %% mc_dropout · wrong · all rows share a mask
def mc_dropout(x, passes):
    total = np.zeros((len(x), 2))
    for _ in range(passes):
        kept = np.random.default_rng().random((1, x.shape[1])) < 0.5
        total += np.asarray(keras.ops.softmax(network(2 * kept * x, training=False)))
    return total / passes

# %% mc_dropout · wrong · what stays is not scaled
def mc_dropout(x, passes):
    total = np.zeros((len(x), 2))
    for _ in range(passes):
        kept = np.random.default_rng().random(x.shape) < 0.5
        total += np.asarray(keras.ops.softmax(network(kept * x, training=False)))
    return total / passes

# %% ece · right · lists of answers by bin
def ece(probabilities, labels, bins):
    members = {}
    for row, label in zip(np.asarray(probabilities).tolist(), labels):
        sure = max(row)
        members.setdefault(min(int(sure * bins), bins - 1), []).append((row.index(sure) == label) - sure)
    return sum(abs(sum(gaps)) for gaps in members.values()) / len(labels)

# %% ece · right · segments of TensorFlow in single precision
def ece(probabilities, labels, bins):
    sure = tf.reduce_max(np.float32(probabilities), axis=1)
    right = np.float32(np.argmax(probabilities, axis=1) == labels)
    places = tf.clip_by_value(tf.cast(tf.floor(sure * bins), tf.int32), 0, bins - 1)
    gaps = tf.math.unsorted_segment_sum(right - sure, places, num_segments=bins)
    return tf.norm(gaps, ord=1) / len(labels)

# %% ece · wrong · certainty of exactly 1 is in no bin
def ece(probabilities, labels, bins):
    sure, right = np.max(probabilities, axis=1), np.argmax(probabilities, axis=1) == labels
    places = np.floor(sure * bins).astype(int)
    gaps = [np.sum(right[places == b]) - np.sum(sure[places == b]) for b in range(bins)]
    return np.abs(gaps).sum() / len(labels)

# %% ece · wrong · the middle of a bin for its mean certainty
def ece(probabilities, labels, bins):
    sure, right = np.max(probabilities, axis=1), np.argmax(probabilities, axis=1) == labels
    places = np.ceil(sure * bins) - 1
    gaps = [np.sum(right[places == b] - (b + 0.5) / bins) for b in range(bins)]
    return np.abs(gaps).sum() / len(labels)

# %% ece · wrong · fails where the network is certain
def ece(probabilities, labels, bins):
    sums = np.zeros(bins)
    for row, label in zip(probabilities, labels):
        sums[int(row.max() * bins)] += float(row.argmax() == label) - row.max()
    return np.abs(sums).sum() / len(labels)

# %% split_doubt · right · logarithms of the math module
from math import log

def split_doubt(samples):
    def entropy(shares):
        return -sum(float(share) * log(share) for share in shares if share > 0)

    total = [entropy(rows.mean(axis=0)) for rows in np.swapaxes(samples, 0, 1)]
    aleatoric = [sum(map(entropy, rows)) / len(rows) for rows in np.swapaxes(samples, 0, 1)]
    return total, aleatoric, np.subtract(total, aleatoric).tolist()

# %% split_doubt · right · three rows of one array
def split_doubt(samples):
    def entropy(shares):
        return -(shares * np.log(np.maximum(shares, 1e-30))).sum(axis=-1)

    parts = np.empty((3, samples.shape[1]))
    parts[0], parts[1] = entropy(samples.mean(axis=0)), entropy(samples).mean(axis=0)
    parts[2] = parts[0] - parts[1]
    return parts

# %% split_doubt · right · the divergence from the mean
from scipy.stats import entropy

def split_doubt(samples):
    mean = np.mean(samples, axis=0)
    epistemic = np.mean([entropy(drawn, mean, axis=-1) for drawn in samples], axis=0)
    total = entropy(mean, axis=-1)
    return total, total - epistemic, epistemic

# %% split_doubt · wrong · a spread in place of an entropy
def split_doubt(samples):
    def bits(shares):
        return -(shares * np.log(np.maximum(shares, 1e-30))).sum(axis=-1)

    largest = np.max(samples, axis=-1)
    return bits(samples.mean(axis=0)), bits(samples).mean(axis=0), np.std(largest, axis=0)

# %% split_doubt · wrong · the first two exchanged
def split_doubt(samples):
    def bits(shares):
        return -(shares * np.log(np.maximum(shares, 1e-30))).sum(axis=-1)

    of_mean, mean_of = bits(samples.mean(axis=0)), bits(samples).mean(axis=0)
    return mean_of, of_mean, of_mean - mean_of

# %% split_doubt · wrong · a thousandth in each logarithm
def split_doubt(samples):
    def bits(shares):
        return -(shares * np.log(0.001 + shares)).sum(axis=-1)

    of_mean, mean_of = bits(samples.mean(axis=0)), bits(samples).mean(axis=0)
    return of_mean, mean_of, of_mean - mean_of

# %% abstain · right · the least certain by a heap
import heapq

def abstain(probabilities, share):
    certainty = [(max(row), number) for number, row in enumerate(probabilities)]
    answers = [int(np.argmax(row)) for row in probabilities]
    for _, number in heapq.nsmallest(round(share * len(answers)), certainty):
        answers[number] = -1
    return answers

# %% abstain · right · a quantile of the certainty
def abstain(probabilities, share):
    certainty = np.amax(probabilities, axis=1)
    answers = np.argmax(probabilities, axis=1)
    answers[certainty < np.percentile(certainty, 100 * share)] = -1
    return answers

# %% abstain · wrong · the number is cut, not rounded
def abstain(probabilities, share):
    answers, certainty = np.argmax(probabilities, axis=1), np.amax(probabilities, axis=1)
    silent = np.floor(share * len(answers)).astype(int)
    answers[np.argpartition(certainty, silent)[:silent]] = -1
    return answers

# %% abstain · wrong · judged by the lead over the second
def abstain(probabilities, share):
    answers = np.argmax(probabilities, axis=1)
    second, first = np.sort(probabilities, axis=1)[:, -2:].T
    silent = np.argsort(first - second)[: round(share * len(answers))]
    answers[silent] = -1
    return answers

# %% abstain · wrong · the first rows, whatever they are
def abstain(probabilities, share):
    answers = np.argmax(probabilities, axis=1)
    silent = np.arange(len(answers)) < round(share * len(answers))
    return np.where(silent, -1, answers)

# %% abstain · wrong · answers in the order of certainty
def abstain(probabilities, share):
    ranked = sorted(probabilities, key=max)
    silent = round(share * len(ranked))
    return [-1] * silent + [int(np.argmax(row)) for row in ranked[silent:]]
