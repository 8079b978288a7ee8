"""Makes the pictures of this directory, and expected.tsv: what TensorFlow and Keras make of them in Python.

Run it here with TensorFlow 2.18, Keras 3 and Pillow: python make_pictures.py
"""

import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf
from keras.applications import imagenet_utils
from keras.preprocessing.image import smart_resize
from PIL import Image


def pattern(height, width):
    """A picture with edges, slopes and noise in all colours."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(7).integers(0, 40, (height, width, 3))
    colours = np.stack(
        [x * 215 // width, y * 215 // height, ((x // 5 + y // 4) % 2) * 200], axis=-1
    )
    return (colours + noise).astype(np.uint8)


def make():
    rgb = Image.fromarray(pattern(23, 31))
    grey = rgb.convert("L")
    alpha = Image.fromarray((np.arange(23 * 31) % 256).astype(np.uint8).reshape(23, 31))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    orientation = Image.Exif()
    orientation[0x0112] = 6  # the camera was held upright
    rgb.save("rgb.jpg", quality=90)
    grey.save("grey.jpg", quality=90)
    rgb.convert("CMYK").save("cmyk.jpg", quality=90)
    rgb.save("turned.jpg", quality=90, exif=orientation)
    rgb.save("progressive.jpg", quality=90, progressive=True)
    rgb.save("rgb.png")
    grey.save("grey.png")
    rgba.save("rgba.png")
    Image.merge("LA", (grey, alpha)).save("grey_alpha.png")
    rgb.quantize(32).save("palette.png")
    grey.point(lambda v: v > 100, mode="1").save("bits.png")
    rgb.save("rgb.bmp")
    grey.save("grey.bmp")
    rgba.save("rgba.bmp")
    rgb.save("animated.gif", save_all=True, append_images=[Image.fromarray(255 - pattern(23, 31))])
    Image.fromarray(pattern(3, 50)).save("wide.png")
    Image.fromarray(pattern(40, 2)).save("high.png")
    Image.fromarray(pattern(1, 1)).save("one.png")
    deep = pattern(9, 11).astype(np.uint16) * 257 + 3
    tf.io.write_file("deep.png", tf.io.encode_png(deep))


METHODS = {
    "BILINEAR": dict(method="bilinear"),
    "BILINEAR_ANTIALIASED": dict(method="bilinear", antialias=True),
    "NEAREST": dict(method="nearest"),
    "BICUBIC": dict(method="bicubic"),
    "AREA": dict(method="area"),
}


def decoded(name, is_grey):
    content = tf.io.read_file(name)
    if is_grey and tf.io.decode_image(content, expand_animations=False).shape[2] < 3:
        return tf.io.decode_image(content, channels=0 if name == "grey.bmp" else 1)
    if name in ("grey.bmp", "rgba.bmp"):  # of which decode_image makes no other channels than they have
        picture = tf.io.decode_image(content, expand_animations=False)
        return picture[..., :3] if name == "rgba.bmp" else tf.image.grayscale_to_rgb(picture)
    return tf.io.decode_image(content, channels=3, expand_animations=False)


def expected(name, height, width, colors, resizing, fitting, scaling):
    picture = decoded(name, colors == "GREY")
    how = METHODS[resizing]
    if fitting == "STRETCH":
        image = tf.image.resize(picture, (height, width), **how)
    elif fitting == "PAD":
        image = tf.image.resize_with_pad(picture, height, width, **how)
    else:
        assert resizing == "BILINEAR"
        image = smart_resize(tf.cast(picture, tf.float32), (height, width))
    image = tf.cast(image, tf.float32)
    if colors == "GREY" and image.shape[-1] == 3:
        image = tf.image.rgb_to_grayscale(image)
    image = np.array(image)
    if scaling in ("TF", "CAFFE", "TORCH"):
        image = imagenet_utils.preprocess_input(image, mode=scaling.lower())
        if scaling == "CAFFE" and colors == "RGB":
            image = image[..., ::-1]
    elif scaling == "UNIT":
        image = image / np.float32(255)
    if colors == "BGR" and scaling != "CAFFE":
        image = image[..., ::-1]
    return image


def cases():
    for name in sorted(os.listdir(".")):
        if name.endswith((".jpg", ".png", ".bmp", ".gif")):
            yield name, 5, 4, "RGB", "BILINEAR", "STRETCH", "NONE"
            yield name, 3, 3, "GREY", "BILINEAR", "STRETCH", "NONE"
    for resizing in METHODS:
        yield "rgb.png", 3, 4, "GREY", resizing, "STRETCH", "NONE"
        yield "high.png", 6, 5, "RGB", resizing, "STRETCH", "NONE"
        yield "one.png", 3, 2, "RGB", resizing, "STRETCH", "NONE"
        yield "deep.png", 9, 11, "GREY", resizing, "STRETCH", "NONE"  # as large as it is
        yield "rgb.jpg", 4, 4, "RGB", resizing, "PAD", "NONE"
    for name in ("rgb.png", "wide.png", "high.png", "one.png", "deep.png"):
        for height, width in ((4, 4), (2, 7), (7, 3)):
            yield name, height, width, "RGB", "BILINEAR", "CROP", "NONE"
            if name not in ("wide.png", "high.png"):
                yield name, height, width, "RGB", "BILINEAR", "PAD", "NONE"
    yield "wide.png", 3, 18, "RGB", "BILINEAR", "PAD", "NONE"
    yield "high.png", 21, 2, "RGB", "BILINEAR", "PAD", "NONE"
    yield "one.png", 7, 8, "RGB", "BILINEAR", "PAD", "NONE"  # which comes to 6 by 6, by rounding
    for scaling in ("UNIT", "TF", "CAFFE", "TORCH"):
        for colors in ("-", "RGB", "BGR"):
            yield "rgb.jpg", 3, 4, colors, "BILINEAR", "STRETCH", scaling
        if scaling in ("UNIT", "TF"):
            yield "rgb.jpg", 3, 4, "GREY", "BILINEAR", "PAD", scaling
    yield "wide.png", 3, 18, "-", "BILINEAR", "PAD", "CAFFE"


def main():
    make()
    with open("expected.tsv", "w") as out:
        out.write("picture\theight\twidth\tcolors\tresizing\tfitting\tscaling\tvalues\n")
        for case in cases():
            values = expected(*case)
            assert values.shape[:2] == case[1:3], (case, values.shape)
            numbers = " ".join(np.format_float_positional(v, trim="-") for v in values.ravel())
            out.write("\t".join(map(str, case)) + "\t" + numbers + "\n")


if __name__ == "__main__":
    main()
