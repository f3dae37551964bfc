import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

# %% log_bernoulli · right · the mean loss of Keras times the pixels
def log_bernoulli(x, logits):
    mean_loss = keras.losses.binary_crossentropy(ops.convert_to_tensor(x), logits, from_logits=True)
    return ops.multiply(mean_loss, -np.shape(x)[1])

# %% log_bernoulli · right · the logarithm of the logistic function
from scipy.special import log_expit

def log_bernoulli(x, logits):
    signs = 2 * np.asarray(x) - 1
    return np.sum(log_expit(signs * logits), axis=1)

# %% log_bernoulli · right · sums of three parts
def log_bernoulli(x, logits):
    rounded = np.log1p(np.exp(-np.abs(logits)))
    return (np.asarray(x) * logits).sum(axis=1) - np.clip(logits, 0, None).sum(axis=1) - rounded.sum(axis=1)

# %% log_bernoulli · right · each pixel as an output of its own
def log_bernoulli(x, logits):
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction="none")
    by_pixel = loss(ops.expand_dims(x, -1), ops.expand_dims(logits, -1))
    return ops.negative(ops.sum(by_pixel, axis=1))

# %% log_bernoulli · wrong · probabilities kept away from 0 and 1
def log_bernoulli(x, logits):
    with np.errstate(over="ignore"):
        ink = 1 / (1 + np.exp(-logits))
    ink = np.minimum(np.maximum(ink, 1e-6), 1 - 1e-6)
    return np.log(np.where(x == 1, ink, 1 - ink)).sum(axis=1)

# %% log_bernoulli · wrong · large logits cut off
def log_bernoulli(x, logits):
    cut = np.float64(np.minimum(np.maximum(logits, -600), 600))
    return (x * cut - np.log(1 + np.exp(cut))).sum(axis=1)

# %% log_bernoulli · wrong · only the pixels with ink
def log_bernoulli(x, logits):
    of_ink = -np.logaddexp(0.0, -logits)
    return np.where(x == 1, of_ink, 0.0).sum(axis=1)

# %% gaussian_kl · right · traces and determinants
def gaussian_kl(mean, log_var):
    divergences = np.zeros(len(mean))
    for number, (centre, logs) in enumerate(zip(mean, log_var)):
        covariance = np.diag(np.exp(logs))
        log_determinant = np.log(np.linalg.det(covariance))
        divergences[number] = np.trace(covariance) + np.dot(centre, centre) - len(centre) - log_determinant
    return divergences / 2

# %% gaussian_kl · right · the course's own function for each digit
from coursekit import nn

def gaussian_kl(mean, log_var):
    deviations = np.sqrt(np.exp(log_var))
    return np.array([float(nn.gaussian_kl(one, two)) for one, two in zip(mean, deviations)])

# %% gaussian_kl · right · a careful exponential
def gaussian_kl(mean, log_var):
    terms = mean * mean + (np.expm1(log_var) - log_var)
    return np.einsum("dl->d", terms) / 2

# %% gaussian_kl · wrong · the divergence in the other direction
def gaussian_kl(mean, log_var):
    precision = np.exp(-log_var)
    return (precision + precision * mean**2 + log_var - 1).sum(axis=1) / 2

# %% gaussian_kl · wrong · the one subtracted a single time
def gaussian_kl(mean, log_var):
    terms = mean**2 + np.exp(log_var) - log_var
    return terms.sum(axis=1) / 2 - 0.5

# %% sample · right · noise of Keras
def sample(mean, log_var, seed):
    noise = keras.random.normal(np.shape(mean), seed=seed)
    return ops.add(mean, ops.multiply(ops.sqrt(ops.exp(log_var)), noise))

# %% sample · right · a seed generator of Keras
def sample(mean, log_var, seed):
    dice = keras.random.SeedGenerator(seed=seed)
    noise = keras.random.normal(ops.shape(log_var), dtype="float32", seed=dice)
    return ops.exp(log_var * 0.5) * noise + mean

# %% sample · right · a generator of TensorFlow
def sample(mean, log_var, seed):
    dice = tf.random.Generator.from_seed(seed)
    return dice.normal(np.shape(mean), mean=mean, stddev=np.exp(np.multiply(log_var, 0.5)))

# %% sample · right · ranks turned into normal numbers
from statistics import NormalDist

def sample(mean, log_var, seed):
    dice, bell = np.random.default_rng(seed), NormalDist()
    rows = []
    for centres, logs in zip(mean, log_var):
        noise = [bell.inv_cdf(rank) for rank in dice.uniform(1e-12, 1, len(centres))]
        rows.append(centres + np.sqrt(np.exp(logs)) * noise)
    return rows

# %% sample · right · a normal distribution of many dimensions
def sample(mean, log_var, seed):
    dice = np.random.default_rng(seed)
    draws = []
    for centre, logs in zip(np.float64(mean), np.float64(log_var)):
        draws.append(dice.multivariate_normal(centre, np.exp(logs) * np.eye(len(centre))))
    return np.stack(draws)

# %% sample · wrong · noise without its tails
def sample(mean, log_var, seed):
    noise = tf.random.stateless_truncated_normal(np.shape(mean), seed=(seed, seed))
    return mean + tf.exp(0.5 * log_var) * noise

# %% sample · wrong · the variance taken for the deviation
def sample(mean, log_var, seed):
    noise = np.random.default_rng(seed).standard_normal(mean.shape)
    return noise * np.exp(log_var) + mean

# %% sample · wrong · the second half gets the noise of the first
def sample(mean, log_var, seed):
    half = np.random.default_rng(seed).standard_normal((len(mean) // 2, mean.shape[1]))
    return mean + np.exp(log_var / 2) * np.tile(half, (2, 1))

# %% sample · wrong · the same noise for each digit
def sample(mean, log_var, seed):
    noise = np.random.default_rng(seed).standard_normal(mean.shape[1])
    return mean + np.exp(log_var / 2) * noise[np.newaxis]

# %% negative_elbo · right · operations of Keras, nothing borrowed
def negative_elbo(x, logits, mean, log_var, beta=1.0):
    surprise = ops.sum(ops.softplus(logits) - x * logits, axis=-1)
    charge = ops.sum(mean**2 + ops.exp(log_var) - log_var - 1.0, axis=-1) / 2
    return ops.mean(surprise) + beta * ops.mean(charge)

# %% negative_elbo · right · digit by digit
def negative_elbo(x, logits, mean, log_var, beta=1.0):
    costs = []
    for bits, scores, centre, logs in zip(x, logits, mean, log_var):
        surprise = np.sum(np.logaddexp(0, scores)) - np.dot(bits, scores)
        charge = 0.5 * np.sum(centre**2 + np.expm1(logs) - logs)
        costs.append(float(surprise + beta * charge))
    return sum(costs) / len(costs)

# %% negative_elbo · wrong · the mean over pixels as well
def negative_elbo(x, logits, mean, log_var, beta=1.0):
    surprise = np.mean(np.logaddexp(0, logits) - x * logits)
    charge = 0.5 * np.sum(mean**2 + np.expm1(log_var) - log_var, axis=1)
    return surprise + beta * charge.mean()

# %% negative_elbo · wrong · beta at the other term
def negative_elbo(x, logits, mean, log_var, beta=1.0):
    surprise = np.sum(np.logaddexp(0, logits) - x * logits, axis=1)
    charge = 0.5 * np.sum(mean**2 + np.expm1(log_var) - log_var, axis=1)
    return np.mean(beta * surprise + charge)

# %% negative_elbo · wrong · summed over the batch
def negative_elbo(x, logits, mean, log_var, beta=1.0):
    surprise = np.sum(np.logaddexp(0, logits) - x * logits)
    charge = 0.5 * np.sum(mean**2 + np.expm1(log_var) - log_var)
    return surprise + beta * charge

# %% importance_bound · right · a logarithm of sums, and of their number
def importance_bound(log_weights):
    total = log_weights[0]
    for row in log_weights[1:]:
        total = np.logaddexp(total, row)
    return total - np.log(log_weights.shape[0])

# %% importance_bound · right · equal shares in the sum of SciPy
from scipy.special import logsumexp

def importance_bound(log_weights):
    shares = np.full(log_weights.shape, 1.0 / log_weights.shape[0])
    return logsumexp(log_weights, b=shares, axis=0)

# %% importance_bound · right · column by column with the largest taken out
import math

def importance_bound(log_weights):
    bounds = []
    for digit in range(log_weights.shape[1]):
        weights = [float(weight) for weight in log_weights[:, digit]]
        largest = max(weights)
        mean = sum(math.exp(weight - largest) for weight in weights) / len(weights)
        bounds.append(largest + math.log(mean))
    return bounds

# %% importance_bound · right · decimal numbers, which do not underflow
import decimal

def importance_bound(log_weights):
    exact = np.vectorize(lambda weight: decimal.Decimal(float(weight)).exp(), otypes=[object])
    means = exact(log_weights).sum(axis=0) / decimal.Decimal(len(log_weights))
    return np.array([float(mean.ln()) for mean in means])

# %% importance_bound · wrong · a small number against the logarithm of zero
def importance_bound(log_weights):
    means = np.exp(log_weights).mean(axis=0)
    return np.log(np.maximum(means, 1e-30))

# %% active_units · right · the diagonal of the covariance
def active_units(mean):
    covariance = np.cov(mean, rowvar=False)
    return int((covariance.diagonal() > 0.01).sum())

# %% active_units · right · variances of TensorFlow
def active_units(mean):
    variances = tf.math.reduce_variance(tf.constant(mean), axis=0)
    return tf.math.count_nonzero(variances > 0.01)

# %% active_units · right · variances of the standard library
from statistics import pvariance

def active_units(mean):
    awake = 0
    for unit in range(mean.shape[1]):
        awake += pvariance([float(number) for number in mean[:, unit]]) > 0.01
    return awake

# %% active_units · right · deviations of Keras
def active_units(mean):
    deviations = ops.std(ops.convert_to_tensor(mean), axis=0)
    return ops.sum(ops.cast(deviations > 0.1, "int32"))

# %% active_units · wrong · squares summed, not averaged
def active_units(mean):
    centred = mean - mean.mean(axis=0, keepdims=True)
    return int(np.count_nonzero(np.einsum("dl,dl->l", centred, centred) > 0.01))

# %% active_units · wrong · those asleep are counted
def active_units(mean):
    return mean.shape[1] - int(np.count_nonzero(mean.var(axis=0) > 0.01))

# %% active_units · wrong · the range in place of the variance
def active_units(mean):
    return int(np.count_nonzero(mean.max(axis=0) - mean.min(axis=0) > 0.01))
