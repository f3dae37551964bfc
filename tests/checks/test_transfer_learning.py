"""The questions of exercise 6 that prepare images and normalise; the others are tested beside this page."""

from __future__ import annotations

from answer_tables import AnswerTables

RIGHT = {
    "preprocessed": [
        """
        def preprocessed(photos):
            mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
            known = (np.arange(256)[:, None] / 255 - mean) / deviation
            return known[photos, np.arange(3)]
        """,
        """
        import tensorflow as tf
        def preprocessed(photos):
            scaled = tf.image.convert_image_dtype(photos, tf.float32)
            return (scaled - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        """,
        """
        from keras import layers
        def preprocessed(photos):
            variance = np.array([0.229, 0.224, 0.225]) ** 2
            return layers.Normalization(mean=[0.485, 0.456, 0.406], variance=variance)(photos.astype("float32") / 255)
        """,
        """
        def preprocessed(photos):
            stretch = 255 * np.array([0.229, 0.224, 0.225])
            return [photo / stretch - np.array([0.485, 0.456, 0.406]) * 255 / stretch for photo in photos]
        """,
        """
        def preprocessed(photos):
            return (photos / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
        """,
        """
        def preprocessed(photos):
            result = photos.astype("float32") / 255
            for channel, (mean, deviation) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))):
                result[..., channel] = (result[..., channel] - mean) / deviation
            return result
        """,
        """
        import keras
        def preprocessed(photos):
            return keras.applications.imagenet_utils.preprocess_input(photos.astype("float32"), mode="torch")
        """,
    ],
    "frozen_norm": [
        """
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            new = []
            for image in x:
                numbers = zip(image, gamma, beta, mean, variance)
                new.append([g * (v - m) / (s + epsilon) ** 0.5 + b for v, g, b, m, s in numbers])
            return new
        """,
        """
        import tensorflow as tf
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=1e-3):
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
        """,
        """
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            x, scale = x.astype(np.float32), np.diag(gamma / np.sqrt(variance + epsilon)).astype(np.float32)
            return (x - mean.astype(np.float32)) @ scale + beta.astype(np.float32)
        """,
        """
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
        """,
        """
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            scale = gamma * (variance + epsilon) ** -0.5
            return x * scale + (beta - mean * scale)
        """,
        """
        import keras
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            layer = keras.layers.BatchNormalization(epsilon=epsilon)
            layer.build((None, x.shape[1]))
            layer.set_weights([gamma, beta, mean, variance])
            layer.trainable = False
            return np.array(layer(x, training=True))
        """,
    ],
}

WRONG = {
    "preprocessed": [
        (
            "blue first",
            """
            def preprocessed(photos):
                return (photos[..., ::-1] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
            """,
        ),
        ("whole numbers", "def preprocessed(photos): return (photos // 255 - 0.485) / [0.229, 0.224, 0.225]"),
        (
            "256 steps",
            "def preprocessed(photos): return (photos / 256 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]",
        ),
        (
            "by the variance",
            """
            def preprocessed(photos):
                return (photos / 255 - [0.485, 0.456, 0.406]) / np.square([0.229, 0.224, 0.225])
            """,
        ),
        (
            "by the brightest byte",
            """
            def preprocessed(photos):
                return (photos / max(photos.max(), 1) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
            """,
        ),
        (
            "one mean and deviation for all colours",
            "def preprocessed(photos): return (photos / 255 - 0.449) / 0.226",
        ),
        ("forgotten", "def preprocessed(photos): return photos"),
        ("scaled only", "def preprocessed(photos): return photos / 255"),
        ("Keras' own, from -1 to 1", "def preprocessed(photos): return photos / 127.5 - 1"),
        (
            "scaled twice",
            """
            def preprocessed(photos):
                return (photos / 255 / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
            """,
        ),
        (
            "all done twice",
            """
            def preprocessed(photos):
                mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
                return ((photos / 255 - mean) / deviation - mean) / deviation
            """,
        ),
        (
            "by the batch's own mean",
            """
            def preprocessed(photos):
                x = photos / 255
                return (x - x.mean(axis=(0, 1, 2))) / (x.std(axis=(0, 1, 2)) + 1e-7)
            """,
        ),
    ],
    "frozen_norm": [
        (
            "no epsilon",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - mean) / variance**0.5 + beta
            """,
        ),
        (
            "another default",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=1e-5):
                return gamma * (x - mean) / (variance + epsilon) ** 0.5 + beta
            """,
        ),
        (
            "always the default",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - mean) / (variance + 0.001) ** 0.5 + beta
            """,
        ),
        (
            "beta within",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (beta + (x - mean) / (variance + epsilon) ** 0.5)
            """,
        ),
        (
            "the batch's own mean, the stored variance",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - x.mean(axis=0)) / (variance + epsilon) ** 0.5 + beta
            """,
        ),
        (
            "training mode: the batch's own mean and variance",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon) + beta
            """,
        ),
        (
            "epsilon outside of the root",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - mean) / (np.sqrt(variance) + epsilon) + beta
            """,
        ),
        (
            "no root",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - mean) / (variance + epsilon) + beta
            """,
        ),
        (
            "gamma and beta forgotten",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return (x - mean) / np.sqrt(variance + epsilon)
            """,
        ),
    ],
}


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = "06_transfer_learning", RIGHT, WRONG, []
    test_partly_right_answers_earn_their_part = None  # these questions have no parts
    elsewhere = ("choose_recipe", "head_parameters", "changed", "new_head", "fine_tuner", "training")
