"""Makes the Keras models beside this file, and what Python computes with them.

    python3 -m venv venv && venv/bin/pip install tensorflow==2.18.0 keras==3.15.1
    venv/bin/python make_models.py

flowers   two signatures over one set of variables: serving_default gives probabilities, features an inner layer
exported  the same network, written by model.export alone
words     strings, looked up in a vocabulary that is a file of the model
"""

import os
import pathlib
import shutil

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # sums in the order in which the tests compute them
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf

os.chdir(pathlib.Path(__file__).parent)  # a model keeps the path of its vocabulary as it was given
VOCABULARY = ["apple", "birch", "carrot", "daisy", "elm", "fig", "gräs", "hazel"]


def cell(values):
    """A cell of a CSV file: the shortest decimal numbers that give these floats back, with spaces between."""
    return " ".join(str(value) for value in np.atleast_1d(values))


def write_csv(name, header, *columns):
    rows = zip(*[[value if isinstance(value, str) else cell(value) for value in column] for column in columns])
    text = "\n".join([header] + [",".join(row) for row in rows]) + "\n"
    pathlib.Path(name).write_text(text, encoding="utf-8")


def points(random, count):
    """Measurements of three kinds of flowers, as clusters."""
    centres = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
    kinds = random.integers(0, 3, count)
    return (centres[kinds] + random.normal(0, 0.35, (count, 4))).astype(np.float32), kinds


def make_flowers():
    random = np.random.default_rng(4)
    measurements, kinds = points(random, 600)
    normalise = keras.layers.Normalization(name="normalise")
    normalise.adapt(measurements)

    inputs = keras.Input((4,), name="measurements")
    x = normalise(inputs)
    x = keras.layers.Dense(16, name="hidden")(x)
    x = keras.layers.BatchNormalization(name="normalise_batch")(x)
    x = keras.layers.ReLU(name="features")(x)
    x = keras.layers.Dropout(0.2, name="dropout")(x)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="probabilities")(x), name="flowers")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(measurements, kinds, epochs=10, batch_size=20, verbose=0)
    model.export("exported", verbose=False)

    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [tf.TensorSpec((None, 4), tf.float32, name="measurements")]
    archive.add_endpoint(
        "serve", lambda x: {"probabilities": model(x, training=False)}, input_signature=signature
    )
    inner = keras.Model(model.inputs, model.get_layer("features").output)
    archive.add_endpoint("features", lambda x: {"features": inner(x, training=False)}, input_signature=signature)
    archive.write_out("flowers", verbose=False)

    loaded = tf.saved_model.load("flowers")
    some, _ = points(random, 40)
    write_csv(
        "flowers.csv",
        "measurements,probabilities,features",
        some,
        loaded.signatures["serving_default"](measurements=some)["probabilities"].numpy(),
        loaded.signatures["features"](measurements=some)["features"].numpy(),
    )


def make_words():
    vocabulary = pathlib.Path("vocabulary.txt")
    vocabulary.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    word = keras.Input((), dtype="string", name="word")
    index = keras.layers.StringLookup(vocabulary=str(vocabulary), name="lookup")(word)
    x = keras.layers.Embedding(len(VOCABULARY) + 1, 4, name="embedding")(index)
    model = keras.Model(word, keras.layers.Dense(2, name="scores")(x), name="words")

    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [tf.TensorSpec((None,), tf.string, name="word")]
    archive.add_endpoint("serve", lambda x: {"scores": model(x, training=False)}, input_signature=signature)
    archive.write_out("words", verbose=False)
    vocabulary.unlink()

    loaded = tf.saved_model.load("words")
    some = VOCABULARY + ["zinnia", ""]
    write_csv("words.csv", "word,scores", some, loaded.signatures["serving_default"](word=tf.constant(some))["scores"].numpy())


if __name__ == "__main__":
    keras.utils.set_random_seed(4)
    for name in ("flowers", "exported", "words"):
        shutil.rmtree(name, ignore_errors=True)
    make_flowers()
    make_words()
