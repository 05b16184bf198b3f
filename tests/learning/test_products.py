"""The products over all steps at once, against the same written out in NumPy float64."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.learning.products import BLOCK, affine, side_by_side

STEPS, BATCH, OUTPUTS = 6, 5, 7


@pytest.fixture(params=[(4,), (3, BLOCK), (BLOCK, BLOCK), (1, 2, BLOCK - 1)])
def case(request):
    """Inputs of these widths, some of which fill a block and some of which do not."""
    normal = np.random.default_rng(2).normal
    return {
        "kernel": normal(size=(sum(request.param), OUTPUTS)),
        "bias": normal(size=OUTPUTS),
        "inputs": [normal(size=(STEPS, width, BATCH)) for width in request.param],
        "weighting": normal(size=(STEPS, OUTPUTS, BATCH)),
    }


def run(case, products):
    """Return the outputs and the gradients of the kernel, the bias and each input."""
    variables = [tf.Variable(v, dtype=tf.float32) for v in (case["kernel"], case["bias"], *case["inputs"])]
    with tf.GradientTape() as tape:
        kernel, bias, *inputs = variables
        outputs = affine(inputs, kernel, bias, products)
        loss = tf.reduce_sum(outputs * tf.constant(case["weighting"], tf.float32))
    return [outputs, *tape.gradient(loss, variables)]


def expected(case):
    whole, at = np.concatenate(case["inputs"], axis=1), case["weighting"]
    at_whole = np.einsum("in,tnb->tib", case["kernel"], at)
    ends = np.cumsum([each.shape[1] for each in case["inputs"]])[:-1]
    outputs = np.einsum("in,tib->tnb", case["kernel"], whole) + case["bias"][:, np.newaxis]
    return [
        outputs, np.einsum("tib,tnb->in", whole, at), at.sum((0, 2)), *np.split(at_whole, ends, axis=1)
    ]  # fmt: skip


@pytest.mark.parametrize(("products", "tolerance"), [(tf.float32, 1e-5), (tf.bfloat16, 0.02)])
def test_outputs_and_gradients_are_those_of_the_formula(case, products, tolerance):
    for found, wanted in zip(run(case, products), expected(case), strict=True):
        assert found.dtype == tf.float32
        np.testing.assert_allclose(found, wanted, atol=tolerance * np.abs(wanted).max())


def test_what_fills_a_block_up_is_nought(case):
    inputs = [tf.constant(each, tf.float32) for each in case["inputs"]]
    whole = side_by_side(inputs, tf.bfloat16)
    width = len(case["kernel"])
    assert (whole.dtype, whole.shape[1] % BLOCK) == (tf.bfloat16, 0)
    assert whole.shape[1] - width < BLOCK
    np.testing.assert_allclose(whole[:, :width], np.concatenate(case["inputs"], axis=1), rtol=0.01)
    assert not np.any(whole[:, width:])


def test_a_gradient_comes_back_in_the_type_of_its_input(case):
    narrow = [tf.constant(each, tf.bfloat16) for each in case["inputs"]]
    kernel, bias = tf.constant(case["kernel"], tf.float32), tf.constant(case["bias"], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(narrow)
        outputs = affine(narrow, kernel, bias, tf.bfloat16)
    assert [each.dtype for each in tape.gradient(outputs, narrow)] == [tf.bfloat16] * len(narrow)
