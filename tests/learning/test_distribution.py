"""A run that is spread over several devices or workers is the run of one with the joint batch."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import hw_environment

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow (pip install 'hwcli[train]')")

from hwcli.errors import HwError
from hwcli.learning.distribution import Devices, WorkerLost, _resolver

HW = [sys.executable, "-m", "hwcli"]
TINY = [
    "--preset", "smoke", "--set", "network.units=6", "--set", "training.batch=4", "--set", "network.layers=1",
    "--set", "training.validate_every=3", "--valid", "0.3", "--threads", "1", "--seed", "3",
]  # fmt: skip


@pytest.fixture
def addresses():
    """Give addresses of this machine that no other process is given until the test ends.

    Each is taken as a server takes its own, which may so take it again, and is not listened on.
    """
    with contextlib.ExitStack() as held:

        def give(count):
            taken = [held.enter_context(socket.socket()) for _ in range(count)]
            for each in taken:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                each.bind(("127.0.0.1", 0))
            return [f"127.0.0.1:{each.getsockname()[1]}" for each in taken]

        yield give


@pytest.fixture
def start_workers(tmp_path, addresses):
    """Start the same training on ``count`` workers of one run; ``own`` has further options of each."""
    started = []

    def start(*options, count=2, own=()):
        cluster = {"worker": addresses(count)}
        for index in range(count):
            task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
            environment = hw_environment(TF_CONFIG=json.dumps(task))
            further = [*(own[index] if own else ()), "--log", tmp_path / f"{index}.log"]
            with open(tmp_path / f"{index}.err", "wb") as errors:
                command = [*HW, "train", *map(str, [*options, *further])]
                worker = subprocess.Popen(command, env=environment, stderr=errors, cwd=tmp_path)
            started.append(worker)
        return started[-count:]

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def losses(log):
    records = [json.loads(line) for line in log.read_text().splitlines()]
    return [record["validation_loss"] for record in records if record.get("validation")]


@pytest.fixture
def many_h5(tmp_path, run_hw):
    ink = tmp_path / "ink.jsonl"
    with ink.open("w") as file:
        for number in range(20):
            file.write(json.dumps({"drawing": f"l{number}", "version": 1}) + "\n")
            for time_, up in zip(range(20 + number), [*([0] * (19 + number)), 1], strict=True):
                point = {
                    "x": 3.0 * time_ + float(np.cos(time_)),
                    "y": 8 * float(np.sin(time_ + number)),
                    "up": up,
                }
                file.write(json.dumps(point) + "\n")
    run_hw("ingest", ink, "-o", tmp_path / "many.h5", code=0)
    return tmp_path / "many.h5"


def test_two_workers_learn_what_one_does_and_one_of_them_writes(many_h5, tmp_path, run_hw, start_workers):
    alone = tmp_path / "alone.log"
    run_hw("train", many_h5, *TINY, "--max-batches", 6, "--log", alone, "-o", tmp_path / "alone.h5", code=0)
    workers = start_workers(many_h5, *TINY, "--max-batches", 6, "-o", tmp_path / "both.h5")
    codes = [worker.wait(timeout=240) for worker in workers]
    assert codes == [0, 0], (tmp_path / "0.err").read_text()[-2000:]
    np.testing.assert_allclose(losses(tmp_path / "0.log"), losses(alone), rtol=1e-4)
    assert (tmp_path / "both.h5").exists()
    assert not (tmp_path / "1.log").exists()
    told = (tmp_path / "0.err").read_text()
    assert told.startswith("waits until all workers of the run are there\n")
    assert "WARNING" not in told


def test_workers_that_would_learn_from_different_lines_are_refused(many_h5, tmp_path, start_workers):
    options = [many_h5, *TINY, "--max-batches", 1, "-o", tmp_path / "model.h5"]
    workers = start_workers(*options, own=[["--set", "data.max_lines=9"], ["--set", "data.max_lines=10"]])
    assert [worker.wait(timeout=240) for worker in workers] == [1, 1]
    for index in range(2):
        assert "hw: the workers differ in their lines" in (tmp_path / f"{index}.err").read_text()
    assert not (tmp_path / "model.h5").exists()


def test_a_chief_alone_is_a_run_of_one(many_h5, tmp_path, run_hw, addresses):
    cluster = {"chief": addresses(1)}
    told = json.dumps({"cluster": cluster, "task": {"type": "chief", "index": 0}})
    run_hw("train", many_h5, *TINY, "--max-batches", 1, "-o", tmp_path / "m.h5", env={"TF_CONFIG": told})
    assert (tmp_path / "m.h5").exists()


def test_when_a_worker_is_killed_the_run_ends_and_can_go_on(many_h5, tmp_path, start_workers):
    model = tmp_path / "model.h5"
    options = [many_h5, *TINY, "--set", "training.epochs=100000", "-o", model]
    workers = start_workers(*options)
    deadline = time.monotonic() + 120
    while not model.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    workers[1].send_signal(signal.SIGKILL)
    workers[1].wait()
    assert workers[0].wait(timeout=240) == 1
    told = (tmp_path / "0.err").read_text()
    assert "StartAbort" not in told
    last = told.strip().splitlines()[-1]
    assert last.startswith("hw: another worker is gone")
    assert last.endswith("to go on: --resume")
    resumed = start_workers(
        many_h5, "--valid", "0.3", "--threads", "1", "-o", model, "--resume", "--max-batches", "1"
    )
    assert [worker.wait(timeout=240) for worker in resumed] == [0, 0]


class Broken:
    """A strategy of ``addresses`` (None: of the devices of one machine) on which making a variable fails."""

    num_replicas_in_sync = 2

    def __init__(self, error, addresses=None):
        self._error = error
        resolvers, several = tf.distribute.cluster_resolver, addresses is not None
        spec = tf.train.ClusterSpec({"worker": addresses or []})
        self.cluster_resolver = resolvers.SimpleClusterResolver(spec, "worker", 0) if several else None

    def scope(self):
        raise self._error


def test_a_worker_that_is_lost_before_the_weights_are_shared_is_told():
    gone = tf.errors.UnavailableError(None, None, "Socket closed")
    with pytest.raises(WorkerLost, match="another worker is gone"):
        Devices(Broken(gone, ["a:1", "b:1"])).variable(0.0)


def test_what_fails_on_one_machine_is_no_lost_worker():
    with pytest.raises(tf.errors.InternalError):
        Devices(Broken(tf.errors.InternalError(None, None, "no cuDNN"))).variable(0.0)


MIRRORED = """
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from hwcli.learning.batches import Batch
from hwcli.learning.distribution import Devices
from hwcli.learning.learner import Learner
from hwcli.learning.network import initial_weights
from hwcli.model.config import Config

config = Config().updated({
    "network": {"layers": 2, "units": 5, "mixtures": 2, "window": 2, "characters": "ab"},
    "bptt": {"stride": 4, "length": 6}, "optimiser": {"clip_norm": 1.0},
})
weights = initial_weights(config.network, np.random.default_rng(0))
chance = np.random.default_rng(1)
rows = chance.normal(size=(12, 5, 3)).astype("f")
rows[..., 2] = rows[..., 2] > 0
lengths = np.array([12, 9, 12, 3, 11], np.int32)
batch = Batch(rows, lengths, chance.integers(-1, 2, (5, 4)).astype(np.int32))
results = []
two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for devices in (Devices(), Devices(two)):
    learner = Learner(config, weights, tf.float32, 1, devices)
    losses = [learner.learn(batch, 0.01, (0, n)).loss for n in range(3)]
    losses.append(learner.measure([batch]).loss)
    learner.restore(learner.current_weights(), learner.slots())
    results.append((losses, learner.current_weights()))
(one, one_weights), (both, both_weights) = results
np.testing.assert_allclose(both, one, rtol=1e-4)
for name in one_weights:
    np.testing.assert_allclose(both_weights[name], one_weights[name], atol=1e-4)
assert any(np.any(one_weights[name] != weights[name]) for name in weights)
print("the same")
"""


def test_two_devices_in_one_process_learn_what_one_does():
    environment = hw_environment(TF_CPP_MIN_LOG_LEVEL="3") | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", MIRRORED],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout.strip().endswith("the same"), done.stderr[-3000:]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("nonsense", "TF_CONFIG is not JSON"),
        ('{"cluster": [1], "task": {"type": "worker", "index": 0}}', "must be a dictionary"),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "evaluator", "index": 0}}',
            "no word of 'evaluator'",
        ),
    ],
)
def test_workers_that_nobody_can_make_sense_of_are_refused_in_one_line(many_h5, tmp_path, run_hw, told, why):
    refused = run_hw("train", many_h5, *TINY, "-o", tmp_path / "m.h5", env={"TF_CONFIG": told}, code=1)
    waits, line = refused.err.splitlines()
    assert waits.startswith("waits")
    assert why in line


def test_slurm_tells_of_workers_on_machines_without_gpus(monkeypatch):
    step = {
        "SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_ID": "0",
        "SLURM_PROCID": "2", "SLURM_STEP_NODELIST": "n[1-2]", "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
    }  # fmt: skip
    for name, value in step.items():
        monkeypatch.setenv(name, value)
    resolver = _resolver(step)
    addresses = resolver.cluster_spec().as_dict()["worker"]
    assert [address.split(":")[0] for address in addresses] == ["n1", "n1", "n2", "n2"]
    assert len(set(addresses)) == 4
    assert (resolver.task_type, resolver.task_id) == ("worker", 2)
    assert resolver.num_accelerators().get("GPU", 0) == 0


class Pods:
    """A stand-in for the package that speaks to Kubernetes, which knows the running pods of these ``names``."""

    def __init__(self, *names, reachable=True):
        self._names, self._reachable = names, reachable
        self.client = self.config = self

    def load_incluster_config(self):
        if not self._reachable:
            raise LookupError("Service host/port is not set.")

    def CoreV1Api(self):
        return self

    def list_pod_for_all_namespaces(self, label_selector):
        assert label_selector == "job-name=tensorflow"
        return SimpleNamespace(items=[self._pod(name) for name in self._names])

    def _pod(self, name):
        told = SimpleNamespace(phase="Running", host_ip=f"10.0.0.{len(name)}")
        host = name.rsplit("-", 1)[0]
        return SimpleNamespace(
            metadata=SimpleNamespace(name=name),
            spec=SimpleNamespace(hostname=host, node_name=f"node-of-{name}"),
            status=told,
        )


@pytest.fixture
def in_kubernetes(monkeypatch):
    def resolver(pods, host):
        for name in ("kubernetes", "kubernetes.client", "kubernetes.config"):
            monkeypatch.setitem(sys.modules, name, pods)
        return _resolver({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": host})

    return resolver


@pytest.mark.parametrize("host", ["tensorflow-10-abc", "tensorflow-10", "node-of-tensorflow-10-abc"])
def test_kubernetes_tells_of_workers_and_which_of_them_this_is(in_kubernetes, host):
    """By the name of the pod, of its host in an indexed job, or of its node; in the order of the names."""
    resolver = in_kubernetes(Pods("tensorflow-2-x", "tensorflow-10-abc"), host)
    assert resolver.cluster_spec().as_dict()["worker"] == ["10.0.0.17:8470", "10.0.0.14:8470"]
    assert (resolver.task_type, resolver.task_id) == ("worker", 0)


def test_what_kubernetes_cannot_tell_is_told_in_one_line(in_kubernetes):
    for pods, host, why in (
        (None, "a", "pip install kubernetes"),
        (Pods("a-1", reachable=False), "a", "Service host/port is not set"),
        (Pods("a-1"), "b", "b is no pod with the label job-name=tensorflow"),
        (Pods(), "", "this process is no pod"),
    ):
        with pytest.raises(HwError, match=why):
            in_kubernetes(pods, host)
