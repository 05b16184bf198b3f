"""The weights under training: the graphs that run a block of a batch, and those that change the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hwcli.learning.batches import Batch
from hwcli.learning.blocks import Block, cut_blocks
from hwcli.learning.distribution import Devices, replica, replica_share, total
from hwcli.learning.losses import POINT_LOSS
from hwcli.learning.low_rank import make_reach
from hwcli.learning.network import State, Treatment, run_network, treatment_for, zero_state
from hwcli.learning.optimisers import clip_by_norm, make_optimiser
from hwcli.learning.weight_noise import make_weight_noise
from hwcli.model.config import Bptt, Config, Noise
from hwcli.model.file import Weights, weight_shapes

VALIDATION_BLOCK = 200
"""Points of a block in validation, where the length changes memory only."""


class BlockInput(NamedTuple):
    """A block of a batch as tensors."""

    rows: tf.Tensor
    """(T, B, 3), read."""
    targets: tf.Tensor
    """(T, B, 3), to be predicted."""
    mask: tf.Tensor
    """(T, B, 1), 1 where there is a point to predict."""
    learned: tf.Tensor
    """(T, B) bool, where the loss of that point counts."""
    text: tf.Tensor
    """(B, U) int32, the characters by number, -1 after a text's end."""
    counted: tf.Tensor
    """int32, the first step whose loss counts."""
    advance: tf.Tensor
    """int32, the step after which the next block begins."""


class Tally(NamedTuple):
    """What a batch came to."""

    loss: float
    """Summed over its points, in nats where the network predicts a density."""
    points: int
    finite: bool
    """Whether every change of the weights could be made; a change that is not finite never is."""


def block_input(batch: Batch, block: Block) -> BlockInput:
    """Cut ``block`` out of ``batch``."""
    steps = np.arange(block.start, block.stop)
    is_there = steps[:, None] < batch.lengths - 1
    learned = is_there & (steps[:, None] >= np.asarray(batch.lead) - 1)
    mask = is_there.astype(np.float32)[:, :, None]
    rows = batch.rows[block.start : block.stop]
    targets = batch.rows[block.start + 1 : block.stop + 1]
    numbers = (np.int32(block.counted - block.start), np.int32(block.advance))
    return BlockInput(*(tf.constant(part) for part in (rows, targets, mask, learned, batch.text, *numbers)))


def noisy(rows: tf.Tensor, noise: Noise, seed: tf.Tensor) -> tf.Tensor:
    """Return ``rows`` (T, B, 3) with Gaussian noise on the offsets of some points, chosen by chance."""
    if not noise.input_probability or not noise.input_sd:
        return rows
    which, how_much = tf.unstack(tf.random.split(seed, 2))
    shape = tf.shape(rows)
    hit = tf.random.stateless_uniform([shape[0], shape[1], 1], which) < noise.input_probability
    move = tf.random.stateless_normal([shape[0], shape[1], 2], how_much, stddev=noise.input_sd)
    return tf.concat([rows[..., :2] + tf.where(hit, move, 0.0), rows[..., 2:]], -1)


def block_loss(
    weights: Mapping[str, tf.Tensor],
    config: Config,
    given: BlockInput,
    state: State,
    treatment: Treatment = Treatment(),
) -> tuple[tf.Tensor, State]:
    """Return the summed loss of the block's counted points, and the state that the next block begins with."""
    outputs, states = run_network(weights, config.network, given.rows, given.mask, state, treatment, given.text)
    counted = tf.range(tf.shape(outputs)[0]) >= given.counted
    valid = counted[:, None] & given.learned
    # Before the loss and after it: what does not count may be infinite, there and in its derivative.
    outputs = tf.where(valid[..., None], outputs, 0.0)
    losses = POINT_LOSS[config.network.kind](outputs, given.targets, config.network, config.loss)
    total = tf.reduce_sum(tf.where(valid, losses, 0.0))
    carried = tf.nest.map_structure(lambda first, later: _after(given.advance, first, later), state, states)
    return total, carried


def _after(steps: tf.Tensor, initial: tf.Tensor, later: tf.Tensor) -> tf.Tensor:
    """Return the state after ``steps`` steps: ``initial`` (N, B) or one of ``later`` (T, N, B)."""
    # Outputs are in the products' type; a state goes on in float32.
    state = tf.cast(tf.stop_gradient(later[tf.maximum(steps - 1, 0)]), initial.dtype)
    return tf.where(steps > 0, state, initial)


class Learner:
    """The weights under training and how they change.

    ``parts``: a replica's share of the batch is cut into this many parts that run side by side in one graph,
    one a core; small products are not worth sharing between cores.

    Attributes
    ----------
    base: the weights that a change of low rank is added to; empty where all weights are learned.
    """

    def __init__(
        self,
        config: Config,
        weights: Weights,
        products: tf.DType,
        parts: int,
        devices: Devices | None = None,
        points: int = 1,
    ) -> None:
        """Begin with ``weights``, by the names of ``weight_shapes``, on ``devices`` (None: one).

        ``points``: how many there are to predict in all training lines, for adaptive weight noise.
        """
        self.config, self._products, self.parts = config, products, parts
        self.base: Weights = weights if config.tuning.rank else {}
        self.devices = devices or Devices()
        variable = self.devices.variable
        names = weight_shapes(config.network)
        self.weights = {name: variable(weights[name], name) for name in names}
        self._reach = make_reach(self.weights, config.tuning.rank, variable)
        self.optimiser = make_optimiser(self._reach.learned, config.optimiser, variable)
        self.weight_noise = make_weight_noise(self.weights, config, points, variable)
        self._gathered = [variable(tf.zeros(names[name])) for name in names]
        self._loss = variable(tf.constant(0.0, tf.float64))
        self._make_graphs()

    def _make_graphs(self) -> None:
        state = tf.nest.map_structure(
            lambda tensor: _spec(tensor.shape[0], None), zero_state(self.config.network, 1)
        )
        scalar, text = tf.TensorSpec([], tf.int32), tf.TensorSpec([None, None], tf.int32)
        rows, targets, mask = (_spec(None, None, width) for width in (3, 3, 1))
        learned = tf.TensorSpec([None, None], tf.bool)
        given = BlockInput(rows, targets, mask, learned, text, scalar, scalar)
        everywhere = self.devices.everywhere
        self._begin = everywhere(self._zero_state, scalar)
        seed = tf.TensorSpec([2], tf.int32)
        self._gather = everywhere(self._gather_block, given, state, seed, seed)
        self._measure = everywhere(self._measure_block, given, state)
        self._loss_so_far = everywhere(self._take_loss)
        self._settle = everywhere(self._settle_gradient, _spec(), _spec())
        self._complexity = everywhere(self.weight_noise.complexity)
        self._change = everywhere(self._change_weights, _spec())
        self._forget = everywhere(self._forget_gathered)

    def learn(self, batch: Batch, rate: float, seed: tuple[int, int]) -> Tally:
        """Learn from ``batch`` at learning rate ``rate``; ``seed`` is the chance of this batch.

        When a loss or a gradient is not finite, the change is left out and so is the rest of the batch.

        Raises
        ------
        WorkerLost: another worker of the run is gone.
        """
        by_line = self.config.bptt.update == "line"
        state = self._begin(len(batch.lengths))
        loss_sum, points, block_points = 0.0, 0, 0
        blocks, chance = self._blocks(batch, self.config.bptt), tf.constant(seed, tf.int32)
        for number, block in enumerate(blocks):
            state = self._gather(block_input(batch, block), state, _folded(chance, number), chance)
            block_points += _counted_points(batch, block)
            if not by_line or number == len(blocks) - 1:
                share = self._share(block_points, len(batch.lengths))
                loss, finite = map(self.devices.first, self._settle(share, float(block_points)))
                loss_sum, points, block_points = loss_sum + float(loss), points + block_points, 0
                if not bool(finite):
                    self._forget()
                    return Tally(loss_sum, points, False)
                self._change(rate)
        return Tally(loss_sum, points, True)

    def measure(self, batches: Iterable[Batch]) -> Tally:
        """Return the loss of ``batches`` as the network is, without noise; raises as ``learn``."""
        points = 0
        for batch in batches:
            state = self._begin(len(batch.lengths))
            for block in self._blocks(batch, Bptt(VALIDATION_BLOCK, VALIDATION_BLOCK)):
                state = self._measure(block_input(batch, block), state)
            points += batch.predictions
        loss = float(self.devices.first(self._loss_so_far()))
        return Tally(loss, points, bool(np.isfinite(loss)))

    def current_weights(self) -> Weights:
        """Return the weights as arrays."""
        return {name: variable.numpy() for name, variable in self.weights.items()}

    def slots(self) -> list[NDArray[np.float32]]:
        """Return the state of the optimiser, and of weight noise that is learned."""
        return [slot.numpy() for slot in self._slots]

    def complexity(self) -> float | None:
        """Return the nats that it takes to send the weights; None where the noise on them is not learned."""
        return float(self.devices.first(self._complexity())) if self.config.noise.adaptive else None

    def restore(self, weights: Weights, slots: list[NDArray[np.float32]]) -> None:
        """Go back to ``weights`` and ``slots``, as they were told."""
        for name, variable in self.weights.items():
            variable.assign(weights[name])
        for slot, value in zip(self._slots, slots, strict=True):
            slot.assign(value.reshape(slot.shape))

    @property
    def _slots(self) -> list[tf.Variable]:
        return [*self.optimiser.slots, *self.weight_noise.slots, *self._reach.slots]

    @staticmethod
    def _blocks(batch: Batch, bptt: Bptt) -> list[Block]:
        return cut_blocks(len(batch.rows) - 1, bptt.stride, bptt.length)

    def _share(self, points: int, lines: int) -> float:
        """Return what the summed gradient is multiplied by."""
        return 1 / max(points if self.config.optimiser.gradient == "point" else lines, 1)

    def _zero_state(self, lines: tf.Tensor) -> State:
        """Return the state before the first point of this replica's share of ``lines`` lines."""
        first, last = replica_share(lines, self.devices.replicas)
        return zero_state(self.config.network, last - first)

    def _gather_block(self, given: BlockInput, state: State, seed: tf.Tensor, of_batch: tf.Tensor) -> State:
        """Add the block's gradient and loss to what is gathered; return the state carried on.

        ``seed`` is the block's chance, ``of_batch`` that of the whole batch.
        """
        given, first = self._own(given), replica() * self.parts
        weights = self.weight_noise.drawn(of_batch)
        results = [
            self._part_gradients(
                weights, *_part(given, state, part, self.parts), _folded(seed, first + part), part
            )
            for part in range(self.parts)
        ]
        for gathered, *gradients in zip(self._gathered, *(result[1] for result in results), strict=True):
            gathered.assign_add(tf.add_n(gradients))
        self._loss.assign_add(tf.cast(tf.add_n([result[0] for result in results]), tf.float64))
        return _joined([result[2] for result in results])

    def _own(self, given: BlockInput) -> BlockInput:
        """Return this replica's share of the lines."""
        if self.devices.replicas == 1:
            return given
        return _lines(given, *replica_share(tf.shape(given.rows)[1], self.devices.replicas))

    def _part_gradients(
        self, weights: Mapping[str, tf.Tensor], given: BlockInput, state: State, seed: tf.Tensor, part: int
    ) -> tuple[tf.Tensor, list[tf.Tensor], State]:
        rows = noisy(given.rows, self.config.noise, _folded(seed, 1))
        treatment = treatment_for(self.config, _folded(seed, 2), self._products, part)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(weights.values()))
            loss, carried = block_loss(weights, self.config, given._replace(rows=rows), state, treatment)
        return loss, tape.gradient(loss, list(weights.values())), carried

    def _measure_block(self, given: BlockInput, state: State) -> State:
        """Add the block's loss to what is gathered; return the state carried on."""
        given = self._own(given)
        results = [
            block_loss(
                self.weights, self.config, *_part(given, state, part, self.parts),
                Treatment(products=self._products, part=part),
            )
            for part in range(self.parts)
        ]  # fmt: skip
        self._loss.assign_add(tf.cast(tf.add_n([result[0] for result in results]), tf.float64))
        return _joined([result[1] for result in results])

    def _take_loss(self) -> tf.Tensor:
        """Return the loss gathered on all replicas, and forget it."""
        (loss,) = total([tf.identity(self._loss)])
        with tf.control_dependencies([loss]):
            self._loss.assign(tf.zeros_like(loss))
        return loss

    def _settle_gradient(self, share: tf.Tensor, points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Make of what all gathered the gradient to go by; return the loss, and whether both are finite."""
        summed = total([tf.identity(gathered) for gathered in self._gathered])
        summed = self.weight_noise.settled(summed, points)
        gradients, norm = clip_by_norm([each * share for each in summed], self.config.optimiser.clip_norm)
        for gathered, gradient in zip(self._gathered, gradients, strict=True):
            gathered.assign(gradient)
        loss = self._take_loss()
        return loss, tf.math.is_finite(norm) & tf.math.is_finite(loss)

    def _change_weights(self, rate: tf.Tensor) -> None:
        """Change the weights, and what else is learned, by the settled gradients."""
        self.weight_noise.change(rate)
        gradients = self._reach.gradients([tf.identity(gathered) for gathered in self._gathered])
        self.optimiser.apply(gradients, rate)
        self._reach.settle()
        self._forget_gathered()

    def _forget_gathered(self) -> None:
        for gathered in self._gathered:
            gathered.assign(tf.zeros(gathered.shape))


def _spec(*shape: int | None) -> tf.TensorSpec:
    return tf.TensorSpec(shape, tf.float32)


def _folded(seed: tf.Tensor, number: int) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, number)


def _part(given: BlockInput, state: State, part: int, parts: int) -> tuple[BlockInput, State]:
    """Return one of ``parts`` of the lines."""
    lines = tf.shape(given.rows)[1]
    first, last = lines * part // parts, lines * (part + 1) // parts
    return _lines(given, first, last), tf.nest.map_structure(lambda t: t[:, first:last], state)


def _lines(given: BlockInput, first: tf.Tensor, last: tf.Tensor) -> BlockInput:
    """Return the lines from ``first`` to before ``last``."""
    rows, targets, mask, learned = (tensor[:, first:last] for tensor in given[:4])
    return given._replace(rows=rows, targets=targets, mask=mask, learned=learned, text=given.text[first:last])


def _joined(states: list[State]) -> State:
    return tf.nest.map_structure(lambda *parts: tf.concat(parts, 1), *states)


def _counted_points(batch: Batch, block: Block) -> int:
    """Return how many points of ``batch`` the loss of ``block`` counts."""
    last = np.minimum(batch.lengths - 1, block.stop)
    first = np.maximum(block.counted, np.asarray(batch.lead) - 1)
    return int(np.maximum(last - first, 0).sum())
