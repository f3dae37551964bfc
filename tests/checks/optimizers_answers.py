"""Answers to exercise 10: what the wrong ones are made from, and the right ones."""

from __future__ import annotations

MOMENTUM = """
def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
    velocity = momentum * velocity - rate * gradient
    step = momentum * velocity - rate * gradient if nesterov else velocity
    return w + step, velocity
"""
ADAM = """
def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v
"""
COSINE = """
def warmup_cosine(step, peak, warmup, total):
    if step < warmup:
        return peak * step / warmup
    if step >= total:
        return 0
    return peak * (1 + np.cos(np.pi * (step - warmup) / (total - warmup))) / 2
"""
DIFFERENCES = """
def hvp_by_differences(w, v, x, y):
    length = np.linalg.norm(v)
    ahead, behind = (gradient(w + sign * 1e-5 * v / length, x, y) for sign in (1, -1))
    return (ahead - behind) * length / 2e-5
"""
HVP = """
def hvp(w, v, x, y):
    w = tf.constant(w)
    with tf.GradientTape() as outer:
        outer.watch(w)
        with tf.GradientTape() as inner:
            inner.watch(w)
            value = loss(w, x, y)
        along = tf.reduce_sum(inner.gradient(value, w) * v)
    return outer.gradient(along, w)
"""
CONJUGATE = """
def conjugate_gradient(A, b, steps, tolerance):
    x = 0 * b
    r = b - A @ x
    p = r
    for _ in range(steps):
        if r @ r <= tolerance**2 * (b @ b):
            break
        a = (r @ r) / (p @ A @ p)
        x = x + a * p
        new = r - a * A @ p
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x
"""
TWO_LOOP = """
def two_loop(gradient, steps, changes, scale):
    q, alphas = gradient.copy(), []
    for s, y in zip(steps[::-1], changes[::-1]):
        alphas.append(s @ q / (s @ y))
        q -= alphas[-1] * y
    r = scale * q
    for s, y, alpha in zip(steps, changes, alphas[::-1]):
        r += s * (alpha - y @ r / (s @ y))
    return r
"""
MATRIX = """
def two_loop(gradient, steps, changes, scale):  # the whole matrix
    H = scale * np.eye(len(gradient))
    for s, y in zip(steps, changes):
        V = np.eye(len(gradient)) - np.outer(s, y) / (s @ y)
        H = V @ H @ V.T + np.outer(s, s) / (s @ y)
    return H @ gradient
"""

RIGHT = {
    "momentum_step": [
        MOMENTUM,
        """
        def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
            new = momentum * velocity - rate * gradient
            if not nesterov:
                return [(w + new).tolist(), new.tolist()]
            return [(w + (1 + momentum) * new - momentum * velocity).tolist(), new.tolist()]
        """,
        """
        def momentum_step(w, gradient, velocity, rate, momentum, nesterov):  # in place
            velocity *= momentum
            velocity -= rate * gradient
            w += velocity if not nesterov else momentum * velocity - rate * gradient
            return w, velocity
        """,
        """
        import keras
        def momentum_step(w, gradient, velocity, rate, momentum, nesterov):  # ask Keras
            optimizer = keras.optimizers.SGD(rate, momentum=momentum, nesterov=nesterov)
            weights = keras.Variable(w, dtype="float32")
            optimizer.build([weights])
            if momentum == 0:
                return w - rate * gradient, -rate * gradient
            optimizer.momentums[0].assign(velocity)
            optimizer.apply([keras.ops.cast(gradient, "float32")], [weights])
            return weights.numpy(), optimizer.momentums[0].numpy()
        """,
        """
        def momentum_step(w, gradient, velocity, rate, momentum, nesterov):  # PyTorch's velocity, without the rate
            buffer = momentum * (-velocity / rate) + gradient
            used = gradient + momentum * buffer if nesterov else buffer
            return w - rate * used, -rate * buffer
        """,
        """
        import tensorflow as tf
        def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
            def next_velocity(velocity):
                return tf.constant(velocity) * momentum - tf.constant(gradient) * rate
            moved = next_velocity(velocity)
            return w + (next_velocity(moved) if nesterov else moved), moved
        """,
    ],
    "adam_step": [
        ADAM,
        """
        def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):  # as Keras does
            m = m + (gradient - m) * (1 - beta_1)
            v = v + (gradient * gradient - v) * (1 - beta_2)
            alpha = rate * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
            return [w - alpha * m / (v**0.5 + epsilon), m, v]
        """,
        """
        def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):  # in place
            m *= beta_1
            m += (1 - beta_1) * gradient
            v *= beta_2
            v += (1 - beta_2) * np.square(gradient)
            w -= rate * m / (1 - beta_1**t) / (epsilon + np.sqrt(v / (1 - beta_2**t)))
            return w, m, v
        """,
        """
        import math
        def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):  # number by number
            rows = []
            for a, g, b, c in zip(*(each.ravel().tolist() for each in (w, gradient, m, v))):
                b, c = beta_1 * b + (1 - beta_1) * g, beta_2 * c + (1 - beta_2) * g * g
                root = math.sqrt(c / (1 - beta_2**t))
                rows.append((a - rate * b / (1 - beta_1**t) / (root + epsilon), b, c))
            return [np.reshape(column, w.shape) for column in zip(*rows)]
        """,
        """
        import tensorflow as tf
        def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
            m = beta_1 * tf.constant(m) + (1 - beta_1) * gradient
            v = beta_2 * tf.constant(v) + (1 - beta_2) * tf.square(gradient)
            return w - rate * m / (1 - beta_1**t) / (tf.sqrt(v / (1 - beta_2**t)) + epsilon), m, v
        """,
        """
        import keras
        def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):  # ask Keras
            optimizer = keras.optimizers.Adam(rate, beta_1, beta_2, epsilon)
            weights = keras.Variable(w, dtype="float32")
            optimizer.build([weights])
            optimizer.iterations.assign(t - 1)
            means, squares = optimizer._momentums[0], optimizer._velocities[0]
            means.assign(m)
            squares.assign(v)
            optimizer.apply([keras.ops.cast(gradient, "float32")], [weights])
            return weights.numpy(), means.numpy(), squares.numpy()
        """,
    ],
    "warmup_cosine": [
        COSINE,
        """
        import math
        def warmup_cosine(step, peak, warmup, total):
            up = step / warmup if warmup else 1
            down = 0.5 + 0.5 * math.cos(math.pi * min(max(step - warmup, 0) / (total - warmup), 1))
            return peak * min(up, 1) * down
        """,
        """
        def warmup_cosine(step, peak, warmup, total):
            rates = peak * np.cos(np.linspace(0, np.pi / 2, total - warmup + 1)) ** 2
            return np.concatenate([np.linspace(0, peak, warmup + 1)[:-1], rates])[min(step, total)]
        """,
        """
        import keras
        def warmup_cosine(step, peak, warmup, total):  # ask Keras
            down = total - warmup
            if warmup == 0:
                return keras.optimizers.schedules.CosineDecay(peak, down)(step)
            return keras.optimizers.schedules.CosineDecay(0.0, down, warmup_target=peak, warmup_steps=warmup)(step)
        """,
        """
        def warmup_cosine(step, peak, warmup, total):
            return np.interp(step, [0, warmup], [0, peak]) if step < warmup else (
                peak * np.sin(np.pi / 2 * max(total - step, 0) / (total - warmup)) ** 2)
        """,
        """
        import tensorflow as tf
        def warmup_cosine(step, peak, warmup, total):
            step = tf.cast(step, tf.float32)
            angle = np.pi * tf.clip_by_value((step - warmup) / (total - warmup), 0, 1)
            return tf.where(step < warmup, peak * step / max(warmup, 1), peak * (1 + tf.cos(angle)) / 2)
        """,
    ],
    "hvp_by_differences": [
        DIFFERENCES,
        """
        def hvp_by_differences(w, v, x, y):  # forward
            step = 1e-7 / np.abs(v).max()
            return (gradient(w + step * v, x, y) - gradient(w, x, y)) / step
        """,
        """
        def hvp_by_differences(w, v, x, y):  # of the fourth order
            h = 1e-3 / np.linalg.norm(v)
            g = [gradient(w + k * h * v, x, y) for k in (-2, -1, 1, 2)]
            return (g[0] - 8 * g[1] + 8 * g[2] - g[3]) / (12 * h)
        """,
        """
        def hvp_by_differences(w, v, x, y):  # backward
            unit = v / np.sqrt(v @ v)
            product = (gradient(w, x, y) - gradient(w - 1e-6 * unit, x, y)) / 1e-6
            return (product * np.sqrt(v @ v)).tolist()
        """,
        """
        def hvp_by_differences(w, v, x, y):  # the whole Hessian, column by column
            here = gradient(w, x, y)
            columns = [(gradient(w + e, x, y) - here) / 1e-7 for e in 1e-7 * np.eye(len(w))]
            return np.array(columns).T @ v
        """,
        """
        from scipy.optimize import approx_fprime
        def hvp_by_differences(w, v, x, y):
            length = np.linalg.norm(v)
            slope = approx_fprime([0.0], lambda s: gradient(w + s * v / length, x, y), 1e-6)
            return length * slope.ravel()
        """,
        """
        def hvp_by_differences(w, v, x, y):  # two steps, of which one is half the other, put together
            unit, length = v / np.linalg.norm(v), np.linalg.norm(v)
            one, two = ((gradient(w + h * unit, x, y) - gradient(w, x, y)) / h for h in (2e-4, 1e-4))
            return (2 * two - one) * length
        """,
    ],
    "hvp": [
        HVP,
        """
        def hvp(w, v, x, y):  # forward over reverse
            w = tf.Variable(w)
            with tf.autodiff.ForwardAccumulator(w, tf.constant(v)) as forward:
                with tf.GradientTape() as tape:
                    value = loss(w, x, y)
                slope = tape.gradient(value, w)
            return forward.jvp(slope).numpy()
        """,
        """
        def hvp(w, v, x, y):  # reverse over forward
            w = tf.constant(w)
            with tf.GradientTape() as tape:
                tape.watch(w)
                with tf.autodiff.ForwardAccumulator(w, tf.constant(v)) as forward:
                    value = loss(w, x, y)
                along = forward.jvp(value)
            return tape.gradient(along, w)
        """,
        """
        @tf.function(reduce_retracing=True)
        def hessian(w, x, y):
            with tf.GradientTape() as outer:
                outer.watch(w)
                with tf.GradientTape() as inner:
                    inner.watch(w)
                    value = loss(w, x, y)
                slope = inner.gradient(value, w)
            return outer.jacobian(slope, w)
        def hvp(w, v, x, y):  # the whole Hessian
            return hessian(*map(tf.constant, (w, x, y))).numpy() @ v
        """,
        """
        def hvp(w, v, x, y):
            w = tf.constant(w)
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(w)
                slope = tape.gradient(loss(w, x, y), w)
            return tape.gradient(slope, w, output_gradients=tf.constant(v)).numpy().tolist()
        """,
        """
        @tf.function
        def product(w, v, x, y):
            slope = tf.gradients(loss(w, x, y), w)[0]
            return tf.gradients(tf.tensordot(slope, tf.stop_gradient(v), 1), w)[0]
        def hvp(w, v, x, y):
            return product(*map(tf.constant, (w, v, x, y)))
        """,
        """
        def hvp(w, v, x, y):  # along w + s v, twice by s, is vᵀHv: its gradient with respect to v is 2 H v
            v = tf.constant(v)
            with tf.GradientTape() as outermost:
                outermost.watch(v)
                s = tf.constant(0.0, tf.float64)
                with tf.GradientTape() as outer:
                    outer.watch(s)
                    with tf.GradientTape() as inner:
                        inner.watch(s)
                        value = loss(w + s * v, x, y)
                    slope = inner.gradient(value, s)
                bend = outer.gradient(slope, s)
            return outermost.gradient(bend, v) / 2
        """,
    ],
    "conjugate_gradient": [
        CONJUGATE,
        """
        def conjugate_gradient(A, b, steps, tolerance):  # the residual anew, Polak-Ribière's share
            x, p, before = np.zeros_like(b), None, None
            for _ in range(steps):
                r = b - A @ x
                if np.linalg.norm(r) <= tolerance * np.linalg.norm(b):
                    return x
                p = r if p is None else r + max(r @ (r - before) / (before @ before), 0) * p
                x, before = x + (p @ r) / (p @ (A @ p)) * p, r
            return x
        """,
        """
        from scipy.sparse.linalg import cg
        def conjugate_gradient(A, b, steps, tolerance):
            return cg(A, b, rtol=max(tolerance, 1e-12), atol=0, maxiter=steps)[0] if steps else np.zeros(len(b))
        """,
        """
        def conjugate_gradient(A, b, steps, tolerance):  # least over the Krylov space
            x, basis = np.zeros(len(b)), []
            while len(basis) < steps and np.linalg.norm(b - A @ x) > max(tolerance, 1e-12) * np.linalg.norm(b):
                new = A @ basis[-1] if basis else b
                for _ in range(2):
                    for each in basis:
                        new = new - each * (each @ new)
                basis.append(new / np.linalg.norm(new))
                K = np.array(basis).T
                x = K @ np.linalg.solve(K.T @ A @ K, K.T @ b)
            return x
        """,
        """
        def conjugate_gradient(A, b, steps, tolerance):  # conjugate to all directions before, by Gram-Schmidt
            x, directions = np.zeros(len(b)), []
            while len(directions) < steps:
                r = b - A @ x
                if (r**2).sum() ** 0.5 <= tolerance * (b**2).sum() ** 0.5:
                    break
                p = r - sum((d @ A @ r) / (d @ A @ d) * d for d in directions)
                directions.append(p)
                x = x + (r @ p) / (p @ A @ p) * p
            return x.tolist()
        """,
        """
        import tensorflow as tf
        def conjugate_gradient(A, b, steps, tolerance):
            dot = lambda u, v: tf.reduce_sum(u * v)
            x, r = tf.zeros_like(b), tf.constant(b)
            p, left = r, dot(r, r)
            while steps > 0 and left > tolerance**2 * dot(b, b):
                Ap = tf.linalg.matvec(A, p)
                a = left / dot(p, Ap)
                x, r = x + a * p, r - a * Ap
                p, left, steps = r + dot(r, r) / left * p, dot(r, r), steps - 1
            return x
        """,
    ],
    "two_loop": [
        TWO_LOOP,
        MATRIX,
        """
        from scipy.optimize import LbfgsInvHessProduct
        def two_loop(gradient, steps, changes, scale):  # SciPy's begins with the identity: in other units
            if not steps:
                return scale * gradient
            root = np.sqrt(scale)
            return root * (LbfgsInvHessProduct(np.array(steps) / root, root * np.array(changes)) @ (root * gradient))
        """,
        """
        def two_loop(gradient, steps, changes, scale):  # one pair after the other, the newest first
            if not steps:
                return scale * gradient
            s, y = steps[-1], changes[-1]
            share = (s @ gradient) / (s @ y)
            inner = two_loop(gradient - share * y, steps[:-1], changes[:-1], scale)
            return inner + (share - (y @ inner) / (s @ y)) * s
        """,
        """
        def two_loop(gradient, steps, changes, scale):
            m, q = len(steps), np.array(gradient)
            rho, alpha = [1 / np.dot(changes[i], steps[i]) for i in range(m)], np.zeros(m)
            for i in range(m - 1, -1, -1):
                alpha[i] = rho[i] * np.dot(steps[i], q)
                q = q - alpha[i] * changes[i]
            r = q * scale
            for i in range(m):
                beta = rho[i] * np.dot(changes[i], r)
                r = r + steps[i] * (alpha[i] - beta)
            return r.tolist()
        """,
        """
        import tensorflow as tf
        def two_loop(gradient, steps, changes, scale):
            q, shares = tf.constant(gradient), []
            for s, y in reversed(list(zip(steps, changes))):
                shares.insert(0, tf.tensordot(q, s, 1) / (y @ s))
                q = q - shares[0] * y
            q = q * scale
            for s, y, share in zip(steps, changes, shares):
                q = q + (share - tf.tensordot(q, y, 1) / (y @ s)) * s
            return q
        """,
    ],
}
