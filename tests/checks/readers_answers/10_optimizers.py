import numpy as np
import tensorflow as tf


# the loss and the gradient that the exercise gives
def loss(w, x, y):
    hidden = tf.tanh(tf.matmul(x, tf.reshape(w[:12], (3, 4))))
    outputs = tf.linalg.matvec(hidden, w[12:])
    return tf.reduce_mean((outputs - y) ** 2)


def gradient(w, x, y):
    w = tf.convert_to_tensor(w)
    with tf.GradientTape() as tape:
        tape.watch(w)
        value = loss(w, x, y)
    return tape.gradient(value, w).numpy()


# %% momentum_step · right · the rule as a function that is called a second time
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    def moved(velocity):
        return np.subtract(np.multiply(momentum, velocity), np.multiply(rate, gradient))

    velocity = moved(velocity)
    return [np.add(w, moved(velocity) if nesterov else velocity), velocity]


# %% momentum_step · right · a matrix of shares
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    # (w, velocity, gradient) → (w, velocity)
    plain = np.array([[1, momentum, -rate], [0, momentum, -rate]])
    ahead = np.array([[1, momentum**2, -rate * (1 + momentum)], [0, momentum, -rate]])
    return np.tensordot(ahead if nesterov else plain, np.stack([w, velocity, gradient]), 1)


# %% momentum_step · right · a look ahead, and a way back
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    old, velocity = velocity, momentum * velocity - rate * gradient
    if not nesterov:
        return w + velocity, velocity
    real = w - momentum * old
    real = real + velocity
    return real + momentum * velocity, velocity


# %% momentum_step · wrong · a velocity that is taken off
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    velocity = momentum * velocity + rate * gradient
    step = momentum * velocity + rate * gradient if nesterov else velocity
    return w - step, velocity


# %% momentum_step · wrong · the step that looked ahead kept as velocity
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    velocity = momentum * velocity - rate * gradient
    if nesterov:
        velocity = momentum * velocity - rate * gradient
    return w + velocity, velocity


# %% momentum_step · wrong · ahead by the velocity, without the gradient
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    velocity = momentum * velocity - rate * gradient
    return w + (velocity + momentum * velocity if nesterov else velocity), velocity


# %% momentum_step · wrong · the old velocity moves the weights
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    new = momentum * velocity - rate * gradient
    step = momentum * velocity - rate * gradient if nesterov else velocity
    return w + step, new


# %% momentum_step · wrong · no velocity where there is no momentum
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    if momentum == 0:
        return w - rate * gradient, velocity
    velocity = momentum * velocity - rate * gradient
    return w + (momentum * velocity - rate * gradient if nesterov else velocity), velocity


# %% adam_step · right · logarithms for the powers
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = np.average([m, gradient], axis=0, weights=[beta_1, 1 - beta_1])
    v = np.average([v, gradient**2], axis=0, weights=[beta_2, 1 - beta_2])
    first, second = (-np.expm1(t * np.log(beta)) for beta in (beta_1, beta_2))
    return w - rate * (m / first) / ((v / second) ** 0.5 + epsilon), m, v


# %% adam_step · right · with a class that remembers
class Mean:
    def __init__(self, value, beta, t):
        self.value, self.beta, self.t = value, beta, t

    def take(self, new):
        self.value = self.value + (1 - self.beta) * (new - self.value)
        return self.value / (1 - self.beta**self.t)


def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    first, second = Mean(m, beta_1, t), Mean(v, beta_2, t)
    step = first.take(gradient) / (np.sqrt(second.take(np.square(gradient))) + epsilon)
    return [w - rate * step, first.value, second.value]


# %% adam_step · right · the correction as a geometric sum
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m, v = beta_1 * m + (1 - beta_1) * gradient, beta_2 * v + (1 - beta_2) * gradient * gradient
    shares = [(1 - beta) * sum(beta**k for k in range(t)) for beta in (beta_1, beta_2)]
    return w - rate / (np.sqrt(v / shares[1]) + epsilon) * m / shares[0], m, v


# %% adam_step · wrong · the correction of a single step
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    m_hat, v_hat = (m / (1 - beta_1), v / (1 - beta_2)) if t == 1 else (m, v)
    return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


# %% adam_step · wrong · beta times t
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    return w - rate * m / (1 - beta_1 * t) / (np.sqrt(v / (1 - beta_2 * t)) + epsilon), m, v


# %% adam_step · wrong · the old v under the root
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * gradient
    new = beta_2 * v + (1 - beta_2) * gradient**2
    return w - rate * m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon), m, new


# %% adam_step · wrong · the gradient in place of m in the step
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    return w - rate * gradient / (np.sqrt(v / (1 - beta_2**t)) + epsilon), m, v


# %% adam_step · wrong · one mean of squares for all weights
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * np.mean(gradient**2)
    return w - rate * m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon), m, v


# %% adam_step · wrong · epsilon against division by zero only
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    return w - rate * m / (1 - beta_1**t) / np.maximum(np.sqrt(v / (1 - beta_2**t)), epsilon), m, v


# %% warmup_cosine · right · the length of a complex sum
def warmup_cosine(step, peak, warmup, total):
    if step <= warmup and warmup:
        return peak * step / warmup
    turned = np.exp(1j * np.pi * min((step - warmup) / (total - warmup), 1))
    return peak * abs(1 + turned) ** 2 / 4


# %% warmup_cosine · right · np.select
def warmup_cosine(step, peak, warmup, total):
    step = np.asarray(step)
    down = 0.5 * (1 + np.cos((step - warmup) * np.pi / (total - warmup)))
    return np.select([step < warmup, step < total], [step / max(warmup, 1), down]) * peak


# %% warmup_cosine · right · a list of all rates
def warmup_cosine(step, peak, warmup, total):
    rates = [peak * k / warmup for k in range(warmup)]
    rates += [peak * np.cos(np.pi / 2 * k / (total - warmup)) ** 2 for k in range(total - warmup)]
    return (rates + [0.0] * (step + 1))[step]


# %% warmup_cosine · wrong · total counted from behind the warm-up
def warmup_cosine(step, peak, warmup, total):
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + np.cos(np.pi * min((step - warmup) / total, 1))) / 2


# %% warmup_cosine · wrong · the last step is total − 1
def warmup_cosine(step, peak, warmup, total):
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + np.cos(np.pi * min((step - warmup) / (total - warmup - 1), 1))) / 2


# %% warmup_cosine · wrong · begins again behind the end
def warmup_cosine(step, peak, warmup, total):
    step = step % total
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + np.cos(np.pi * (step - warmup) / (total - warmup))) / 2


# %% warmup_cosine · wrong · both factors at once
def warmup_cosine(step, peak, warmup, total):
    up = min(step / warmup, 1) if warmup else 1
    return peak * up * (1 + np.cos(np.pi * min(step / total, 1))) / 2


# %% warmup_cosine · wrong · no way up, and so no rate
def warmup_cosine(step, peak, warmup, total):
    if step <= warmup:
        return peak * step / max(warmup, 1)
    return peak * (1 + np.cos(np.pi * min((step - warmup) / (total - warmup), 1))) / 2


# %% warmup_cosine · wrong · degrees
def warmup_cosine(step, peak, warmup, total):
    if step < warmup:
        return peak * step / warmup
    return peak * (1 + np.cos(180 * min((step - warmup) / (total - warmup), 1))) / 2


# %% hvp_by_differences · right · a step that follows the sizes of w and v
def hvp_by_differences(w, v, x, y):
    h = np.cbrt(np.finfo(float).eps) * (1 + np.linalg.norm(w)) / np.linalg.norm(v)
    return (gradient(w + h * v, x, y) - gradient(w - h * v, x, y)) / (2 * h)


# %% hvp_by_differences · right · a straight line through many points
def hvp_by_differences(w, v, x, y):
    length = np.sqrt((v * v).sum())
    moves = np.linspace(-1e-4, 1e-4, 9)
    slopes = np.array([gradient(w + move * (v / length), x, y) for move in moves])
    return np.polyfit(moves, slopes, 1)[0] * length


# %% hvp_by_differences · right · each of its entries by a moved weight
def hvp_by_differences(w, v, x, y):
    total = np.zeros_like(w)
    for place in range(len(w)):
        ahead, behind = w.copy(), w.copy()
        ahead[place] += 1e-5
        behind[place] -= 1e-5
        total += v[place] * (gradient(ahead, x, y) - gradient(behind, x, y)) / (ahead[place] - behind[place])
    return total


# %% hvp_by_differences · wrong · a step of 1e-5 whatever v is
def hvp_by_differences(w, v, x, y):
    return (gradient(w + 1e-5 * v, x, y) - gradient(w, x, y)) / 1e-5


# %% hvp_by_differences · wrong · of a unit of v
def hvp_by_differences(w, v, x, y):
    v = v / np.linalg.norm(v)
    return (gradient(w + 1e-6 * v, x, y) - gradient(w, x, y)) / 1e-6


# %% hvp_by_differences · wrong · divided by v, number by number
def hvp_by_differences(w, v, x, y):
    h = 1e-5 / np.linalg.norm(v)
    return (gradient(w + h * v, x, y) - gradient(w - h * v, x, y)) / (2 * h * v)


# %% hvp_by_differences · wrong · a number, along v
def hvp_by_differences(w, v, x, y):
    h = 1e-5 / np.linalg.norm(v)
    return (gradient(w + h * v, x, y) - gradient(w - h * v, x, y)) @ v / (2 * h)


# %% hvp_by_differences · wrong · the squared length
def hvp_by_differences(w, v, x, y):
    h = 1e-5 / (v @ v)
    return (gradient(w + h * v, x, y) - gradient(w - h * v, x, y)) / (2 * h)


# %% hvp_by_differences · wrong · float32 on the way
def hvp_by_differences(w, v, x, y):
    h = 1e-6 / np.linalg.norm(v)
    ahead, behind = (gradient(w + s * h * v, x, y).astype("float32") for s in (1, -1))
    return (ahead - behind) / (2 * h)


# %% hvp · right · forward over forward, weight by weight
def hvp(w, v, x, y):
    w, v = tf.constant(w), tf.constant(v)
    entries = []
    for unit in np.eye(len(w)):
        with tf.autodiff.ForwardAccumulator(w, v) as outer:
            with tf.autodiff.ForwardAccumulator(w, tf.constant(unit)) as inner:
                value = loss(w, x, y)
            slope = inner.jvp(value)
        entries.append(outer.jvp(slope))
    return tf.stack(entries)


# %% hvp · right · tf.hessians in a graph
@tf.function
def whole_hessian(w, x, y):
    return tf.hessians(loss(w, x, y), w)[0]


def hvp(w, v, x, y):
    return np.einsum("ij,j->i", whole_hessian(tf.constant(w), tf.constant(x), tf.constant(y)), v)


# %% hvp · right · the slope of a slope along a line
def hvp(w, v, x, y):
    shift = tf.Variable(np.zeros_like(w))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            value = loss(tf.constant(w) + shift, x, y)
        along = tf.tensordot(inner.gradient(value, shift), tf.constant(v), axes=1)
    return outer.gradient(along, shift).numpy().reshape(16)


# %% hvp · wrong · the product with v watched as well
def hvp(w, v, x, y):
    w = tf.constant(w)
    with tf.GradientTape() as outer:
        outer.watch(w)
        with tf.GradientTape() as inner:
            inner.watch(w)
            value = loss(w, x, y)
        along = tf.reduce_sum(inner.gradient(value, w) * v * w)
    return outer.gradient(along, w)


# %% hvp · wrong · the given gradient is NumPy's
def hvp(w, v, x, y):
    w = tf.constant(w)
    with tf.GradientTape() as tape:
        tape.watch(w)
        along = tf.reduce_sum(gradient(w, x, y) * v)
    return tape.gradient(along, w)


# %% hvp · wrong · the derivative of the loss along v
def hvp(w, v, x, y):
    w = tf.constant(w)
    with tf.autodiff.ForwardAccumulator(w, tf.constant(v)) as forward:
        value = loss(w, x, y)
    return forward.jvp(value)


# %% hvp · wrong · the diagonal alone
def hvp(w, v, x, y):
    w = tf.constant(w)
    with tf.GradientTape() as outer:
        outer.watch(w)
        with tf.GradientTape() as inner:
            inner.watch(w)
            value = loss(w, x, y)
        slope = inner.gradient(value, w)
    return tf.linalg.diag_part(outer.jacobian(slope, w)) * v


# %% conjugate_gradient · right · Lanczos, and a tridiagonal system
def conjugate_gradient(A, b, steps, tolerance):
    x, length = np.zeros_like(b), np.linalg.norm(b)
    basis = []
    for count in range(steps):
        if np.linalg.norm(b - A @ x) <= max(tolerance, 1e-13) * length:
            break
        new = A @ basis[-1] if basis else b.copy()
        for _ in range(2):
            for each in basis:
                new -= (each @ new) * each
        basis.append(new / np.linalg.norm(new))
        Q = np.stack(basis, axis=1)
        right = np.zeros(count + 1)
        right[0] = length
        x = Q @ np.linalg.solve(Q.T @ A @ Q, right)
    return x


# %% conjugate_gradient · right · two directions and a small least-squares problem
def conjugate_gradient(A, b, steps, tolerance):
    x, last = np.zeros(len(b)), None
    while steps:
        r = b - A @ x
        if r @ r <= tolerance * tolerance * (b @ b):
            return x
        plane = np.array([r] if last is None else [r, last]).T
        move = plane @ np.linalg.lstsq(plane.T @ A @ plane, plane.T @ r, rcond=None)[0]
        x, last, steps = x + move, move, steps - 1
    return x


# %% conjugate_gradient · right · as an iterator of states
def states(A, b):
    x, r = np.zeros_like(b), b
    p = r
    while True:
        yield x, r
        q = A @ p
        alpha = np.dot(p, r) / np.dot(p, q)
        x, r = x + alpha * p, r - alpha * q
        p = r - np.dot(r, q) / np.dot(p, q) * p


def conjugate_gradient(A, b, steps, tolerance):
    for count, (x, r) in enumerate(states(A, b)):
        if count == steps or np.linalg.norm(r) <= tolerance * np.linalg.norm(b):
            return x


# %% conjugate_gradient · wrong · looks behind a step, never before the first
def conjugate_gradient(A, b, steps, tolerance):
    x, r = np.zeros_like(b), b
    p = r
    for _ in range(steps):
        if not r.any():
            break
        a = (r @ r) / (p @ A @ p)
        x = x + a * p
        new = r - a * (A @ p)
        if np.linalg.norm(new) <= tolerance * np.linalg.norm(b):
            break
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x


# %% conjugate_gradient · wrong · the largest number for the length
def conjugate_gradient(A, b, steps, tolerance):
    x, r = np.zeros_like(b), b
    p = r
    for _ in range(steps):
        if np.abs(r).max() <= tolerance * np.abs(b).max():
            break
        a = (r @ r) / (p @ A @ p)
        x = x + a * p
        new = r - a * (A @ p)
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x


# %% conjugate_gradient · wrong · the length of the step for that of the residual
def conjugate_gradient(A, b, steps, tolerance):
    x, r = np.zeros_like(b), b
    p, moved = r, np.inf
    for _ in range(steps):
        if moved <= tolerance * np.linalg.norm(b) or not r.any():
            break
        a = (r @ r) / (p @ A @ p)
        x = x + a * p
        moved = a * np.linalg.norm(p)
        new = r - a * (A @ p)
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x


# %% conjugate_gradient · wrong · conjugate residuals
def conjugate_gradient(A, b, steps, tolerance):
    x, r = np.zeros_like(b), b
    p = r
    for _ in range(steps):
        if np.linalg.norm(r) <= tolerance * np.linalg.norm(b):
            break
        a = (r @ A @ r) / ((A @ p) @ (A @ p))
        x = x + a * p
        new = r - a * (A @ p)
        p = new + (new @ A @ new) / (r @ A @ r) * p
        r = new
    return x


# %% conjugate_gradient · wrong · a tolerance of the last residual
def conjugate_gradient(A, b, steps, tolerance):
    x, r = np.zeros_like(b), b
    p, before = r, np.inf
    for _ in range(steps):
        if np.linalg.norm(r) <= tolerance * before or not r.any():
            break
        a = (r @ r) / (p @ A @ p)
        x = x + a * p
        new = r - a * (A @ p)
        p = new + (new @ new) / (r @ r) * p
        r, before = new, np.linalg.norm(r)
    return x


# %% two_loop · right · the compact form of Byrd, Nocedal and Schnabel
def two_loop(gradient, steps, changes, scale):
    if len(steps) == 0:
        return scale * gradient
    S, Y = np.array(steps).T, np.array(changes).T
    R = np.triu(S.T @ Y)
    D = np.diag(np.diag(S.T @ Y))
    p, q = S.T @ gradient, Y.T @ gradient
    inverse = np.linalg.inv(R)
    top = inverse.T @ ((D + scale * Y.T @ Y) @ (inverse @ p) - scale * q)
    return scale * gradient + S @ top - scale * Y @ (inverse @ p)


# %% two_loop · right · the inverse applied by a nest of functions
def two_loop(gradient, steps, changes, scale):
    def start(g):
        return g * scale

    apply = start
    for s, y in zip(steps, changes):

        def apply(g, s=s, y=y, inner=apply):
            a = np.vdot(s, g) / np.vdot(s, y)
            h = inner(g - a * y)
            return h + s * (a - np.vdot(y, h) / np.vdot(s, y))

    return apply(gradient)


# %% two_loop · right · BFGS for the Hessian itself, then solved
def two_loop(gradient, steps, changes, scale):
    B = np.eye(len(gradient)) / scale
    for s, y in zip(steps, changes):
        Bs = B @ s
        B = B - np.outer(Bs, Bs) / (s @ Bs) + np.outer(y, y) / (y @ s)
    return np.linalg.solve(B, gradient)


# %% two_loop · wrong · the second loop the newest first as well
def two_loop(gradient, steps, changes, scale):
    q, found = gradient.copy(), []
    for s, y in reversed(list(zip(steps, changes))):
        found.append((s @ q / (s @ y), s, y))
        q = q - found[-1][0] * y
    r = scale * q
    for a, s, y in found:
        r = r + s * (a - y @ r / (s @ y))
    return r


# %% two_loop · wrong · the shares from the gradient, not from what is left of it
def two_loop(gradient, steps, changes, scale):
    q, shares = gradient.copy(), []
    for s, y in zip(steps[::-1], changes[::-1]):
        shares.append(s @ gradient / (s @ y))
        q = q - shares[-1] * y
    r = scale * q
    for s, y, a in zip(steps, changes, shares[::-1]):
        r = r + s * (a - y @ r / (s @ y))
    return r


# %% two_loop · wrong · scale once more in the end
def two_loop(gradient, steps, changes, scale):
    q, shares = gradient.copy(), []
    for s, y in zip(steps[::-1], changes[::-1]):
        shares.append(s @ q / (s @ y))
        q = q - shares[-1] * y
    r = q
    for s, y, a in zip(steps, changes, shares[::-1]):
        r = r + s * (a - y @ r / (s @ y))
    return scale * r


# %% two_loop · wrong · a pair divided by its step alone
def two_loop(gradient, steps, changes, scale):
    q, shares = gradient.copy(), []
    for s, y in zip(steps[::-1], changes[::-1]):
        shares.append(s @ q / (s @ s))
        q = q - shares[-1] * y
    r = scale * q
    for s, y, a in zip(steps, changes, shares[::-1]):
        r = r + s * (a - y @ r / (s @ s))
    return r


# %% two_loop · wrong · SR1
def two_loop(gradient, steps, changes, scale):
    H = scale * np.eye(len(gradient))
    for s, y in zip(steps, changes):
        left = s - H @ y
        H = H + np.outer(left, left) / (left @ y)
    return H @ gradient
