"""Makes the Keras models beside this file, exported to be trained on, and what Python computes with them.

    python3 -m venv venv && venv/bin/pip install tensorflow-cpu==2.18.0 keras==3.15.1
    venv/bin/python make_models.py

plain   Flatten, Dense with relu, Dense: signatures train, of which TensorFlow derives the gradients, and gradients
full    with batch normalisation and dropout: gradients by a GradientTape, and a signature evaluate
"""

import json
import os
import pathlib
import shutil

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # sums in the order in which the tests compute them
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf

os.chdir(pathlib.Path(__file__).parent)
RATE = 0.1
STEPS = 3
PICTURES = tf.TensorSpec((None, 4, 4), tf.float32, name="pictures")
LABEL = tf.TensorSpec((None,), tf.int32, name="label")
crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def plain_network():
    pictures = keras.Input((4, 4), name="pictures")
    x = keras.layers.Flatten(name="flatten")(pictures)
    x = keras.layers.Dense(8, activation="relu", name="hidden")(x)
    return keras.Model(pictures, keras.layers.Dense(3, name="scores")(x), name="plain")


def full_network():
    pictures = keras.Input((4, 4), name="pictures")
    x = keras.layers.Flatten(name="flatten")(pictures)
    x = keras.layers.Dense(8, name="hidden")(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name="normalise")(x)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Dropout(0.25, name="dropout")(x)
    return keras.Model(pictures, keras.layers.Dense(3, name="scores")(x), name="full")


def numbers(label, scores):
    """Loss and metrics, each the mean over the rows."""
    right = tf.equal(tf.argmax(scores, axis=1, output_type=tf.int32), label)
    return {"loss": crossentropy(label, scores), "accuracy": tf.reduce_mean(tf.cast(right, tf.float32))}


def export(model, name, **signatures):
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serve", lambda pictures: {"scores": model(pictures, training=False)}, input_signature=[PICTURES]
    )
    for signature, function in signatures.items():
        archive.add_endpoint(signature, function)
    shutil.rmtree(name, ignore_errors=True)
    archive.write_out(name, tf.saved_model.SaveOptions(experimental_debug_stripper=True), verbose=False)


def batch():
    random = np.random.default_rng(6)
    return random.normal(0, 1, (6, 4, 4)).astype(np.float32), random.integers(0, 3, 6).astype(np.int32)


def values(tensors):
    return {name: np.asarray(value, np.float64).ravel().tolist() for name, value in tensors.items()}


def make(name, network, *signatures):
    """Exports a model with some signatures, and returns it with all of them."""
    model = network()

    @tf.function(input_signature=[PICTURES, LABEL])
    def train(pictures, label):
        return numbers(label, model(pictures, training=True))

    @tf.function(input_signature=[PICTURES, LABEL])
    def evaluate(pictures, label):
        return numbers(label, model(pictures, training=False))

    @tf.function(input_signature=[PICTURES, LABEL])
    def gradients(pictures, label):
        with tf.GradientTape() as tape:
            result = numbers(label, model(pictures, training=True))
        trained = model.trainable_variables
        for variable, gradient in zip(trained, tape.gradient(result["loss"], trained)):
            result["gradient/" + variable.path] = gradient
        return result

    functions = {"train": train, "evaluate": evaluate, "gradients": gradients}
    export(model, name, **{signature: functions[signature] for signature in signatures})
    return model, functions


def expected_of_plain(model, functions):
    """What comes of a batch, and of a few steps of gradient descent."""
    pictures, label = map(tf.constant, batch())
    first = functions["gradients"](pictures, label)
    scores = model(pictures, training=False)
    losses = []
    for _ in range(STEPS):
        result = functions["gradients"](pictures, label)
        losses.append(float(result["loss"]))
        for variable in model.trainable_variables:
            variable.assign_sub(RATE * result["gradient/" + variable.path])
    return {
        "rate": RATE,
        "scores": values({"scores": scores})["scores"],
        "accuracy": float(first["accuracy"]),
        "gradients": values({n.removeprefix("gradient/"): g for n, g in first.items() if n.startswith("gradient/")}),
        "losses": losses,
        "weights": values({variable.path: variable for variable in model.trainable_variables}),
    }


def expected_of_full(model, functions):
    """What does not depend on dropout: validation, and the averages that a step sets."""
    pictures, label = map(tf.constant, batch())
    evaluated = functions["evaluate"](pictures, label)
    functions["gradients"](pictures, label)
    return {
        "evaluation": {name: float(value) for name, value in evaluated.items()},
        "averages": values({v.path: v for v in model.non_trainable_variables if "moving" in v.path}),
    }


if __name__ == "__main__":
    keras.utils.set_random_seed(6)
    pictures, label = batch()
    written = {
        "pictures": pictures.ravel().tolist(),
        "label": label.tolist(),
        "plain": expected_of_plain(*make("plain", plain_network, "train", "gradients")),
        "full": expected_of_full(*make("full", full_network, "gradients", "evaluate")),
    }
    pathlib.Path("expected.json").write_text(json.dumps(written) + "\n", encoding="utf-8")
