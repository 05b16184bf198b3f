"""The devices that a run is spread over: one, several GPUs, or several machines, by ``tf.distribute``.

A batch's lines are shared out among the replicas.  Each replica keeps weights of its own; since all begin with
the same and all make the same change, by the sum of everybody's gradients, they stay the same.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from hwcli.errors import HwError

LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)
"""What a collective operation raises when another worker is gone."""

KUBERNETES_JOB = "job-name=tensorflow"
"""The label of the pods that TensorFlow asks Kubernetes for."""


class WorkerLost(HwError):
    """Another worker of the run is gone."""


def make_strategy(kind: str, environment: Mapping[str, str]) -> tf.distribute.Strategy:
    """Return the strategy of ``kind``; has to be made before TensorFlow does anything else.

    ``auto`` is ``multiworker`` where ``environment`` tells of several workers (``TF_CONFIG``, or the variables
    that Slurm sets), ``mirrored`` where there are several GPUs, else one device, as for ``none``.

    Raises
    ------
    HwError: ``multiworker`` was asked for and nobody tells of the workers, or they cannot be reached.
    """
    tells = "TF_CONFIG" in environment or int(environment.get("SLURM_NTASKS", "1")) > 1
    if kind == "auto":
        many = len(tf.config.list_physical_devices("GPU")) > 1
        kind = "multiworker" if tells else "mirrored" if many else "none"
    if kind == "mirrored":
        return tf.distribute.MirroredStrategy()
    if kind == "multiworker":
        try:
            return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=_resolver(environment))
        except (ValueError, TypeError, RuntimeError, KeyError, tf.errors.OpError) as error:
            unreadable = "TF_CONFIG is not JSON: " if isinstance(error, json.JSONDecodeError) else ""
            what = "there is no word of " if isinstance(error, KeyError) else unreadable
            raise HwError(f"--distribute multiworker: {what}{_first_line(error)}") from error
    return tf.distribute.get_strategy()


def _resolver(environment: Mapping[str, str]) -> tf.distribute.cluster_resolver.ClusterResolver:
    resolvers = tf.distribute.cluster_resolver
    if "TF_CONFIG" in environment:
        return resolvers.TFConfigClusterResolver()
    if "SLURM_JOB_ID" in environment:
        return _slurm_resolver(int(environment.get("SLURM_NTASKS", "1")))
    if "KUBERNETES_SERVICE_HOST" in environment:
        return _kubernetes_resolver(environment.get("HOSTNAME", ""))
    raise HwError("--distribute multiworker: no TF_CONFIG, Slurm or Kubernetes tells of the workers")


def _slurm_resolver(tasks: int) -> tf.distribute.cluster_resolver.ClusterResolver:
    """Return what tells of the ``tasks`` of a step of Slurm.

    The library's own asks ``nvidia-smi`` how many GPUs there are.  Where there are none, it is asked as if each
    task had one, and only for the addresses.
    """
    resolvers = tf.distribute.cluster_resolver
    if tf.config.list_physical_devices("GPU"):
        return resolvers.SlurmClusterResolver()
    slurm = resolvers.SlurmClusterResolver(gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False)
    addresses = slurm.cluster_spec()
    kind, number = slurm.get_task_info()
    return resolvers.SimpleClusterResolver(addresses, task_type=kind, task_id=number, rpc_layer="grpc")


def _kubernetes_resolver(host: str) -> tf.distribute.cluster_resolver.ClusterResolver:
    """Return what tells of the pods of the job ``tensorflow``, and which of them ``host``, this one, is.

    The library's own has not which, and asks as if it stood outside of the cluster unless it is given a client.

    Raises
    ------
    HwError: Kubernetes cannot be asked, or does not know this pod as one of them.
    """
    try:
        from kubernetes import client, config
    except ImportError as error:
        raise HwError("--distribute multiworker: in Kubernetes it needs: pip install kubernetes") from error
    try:
        config.load_incluster_config()
        asked = client.CoreV1Api()
        resolver = tf.distribute.cluster_resolver.KubernetesClusterResolver(override_client=asked)
        pods = asked.list_pod_for_all_namespaces(label_selector=KUBERNETES_JOB).items
        addresses = resolver.cluster_spec()
    except Exception as error:  # of its own kinds, and of those of what it fetches with
        reason = getattr(error, "reason", None) or _first_line(error)
        raise HwError(f"--distribute multiworker: Kubernetes: {reason}") from error
    pods = sorted(pods, key=lambda pod: pod.metadata.name)  # as the resolver has them
    # On the network of their node pods are called as it is.
    names = [(pod.metadata.name, pod.spec.hostname, pod.spec.node_name) for pod in pods]
    places = [place for place, of_pod in enumerate(names) if host in of_pod]
    if len(places) != 1:
        raise HwError(
            f"--distribute multiworker: {host or 'this process'} is no pod with the label {KUBERNETES_JOB}; "
            "TF_CONFIG can tell of the workers too"
        )
    simple = tf.distribute.cluster_resolver.SimpleClusterResolver
    return simple(addresses, task_type="worker", task_id=places[0], rpc_layer="grpc")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class Devices:
    """The replicas of a run, and what they do together."""

    def __init__(self, strategy: tf.distribute.Strategy | None = None) -> None:
        """Use the devices of ``strategy`` (None: one device)."""
        self._strategy = strategy or tf.distribute.get_strategy()
        resolver = self._strategy.cluster_resolver
        task = None if resolver is None else resolver.task_type
        chiefs = 0 if task is None else _tasks(resolver, "chief")
        self.workers = 1 if task is None else _tasks(resolver, "worker") + chiefs
        self.is_chief = task is None or task == "chief" or (resolver.task_id == 0 and not chiefs)
        self.replicas: int = self._strategy.num_replicas_in_sync
        self._summed = self.everywhere(lambda number: total([number])[0], tf.TensorSpec([], tf.int64))

    @contextlib.contextmanager
    def _others_there(self) -> Iterator[None]:
        """Raise WorkerLost where TensorFlow tells in the block that another worker is gone."""
        try:
            yield
        except LOST as error:
            if self.workers == 1:  # of one alone it tells something else
                raise
            raise WorkerLost("another worker is gone, or cannot be reached any more") from error

    def variable(self, value: Any, name: str | None = None) -> tf.Variable:
        """Return a variable of which each replica has its own, all beginning with ``value``; the chief's.

        Raises
        ------
        WorkerLost: another worker is gone.
        """
        with self._others_there(), self._strategy.scope():
            if self.replicas == 1:
                return tf.Variable(value, trainable=False, name=name)
            own = tf.VariableSynchronization.ON_READ
            first = tf.VariableAggregation.ONLY_FIRST_REPLICA
            return tf.Variable(value, trainable=False, name=name, synchronization=own, aggregation=first)

    def everywhere(self, function: Callable[..., Any], *signature: Any) -> Callable[..., Any]:
        """Return the graph that runs ``function`` on every replica, arguments as ``signature`` says.

        What it returns is the first replica's where there is one, else a value a replica, to be handed back.

        Raises (when called)
        ------
        WorkerLost: another worker is gone.
        """
        if self.replicas == 1:
            return tf.function(function, input_signature=signature, autograph=False)

        @functools.wraps(function)  # by which TensorFlow knows how often it was traced
        def on_each(*given: Any) -> Any:
            return self._strategy.run(function, args=given)

        # Values a replica have no signature; a worker's only replica gives plain ones.
        how = {"reduce_retracing": True} if self.replicas > self.workers else {"input_signature": signature}
        spread = tf.function(on_each, autograph=False, **how)

        def guarded(*given: Any) -> Any:
            with self._others_there():
                return spread(*tf.nest.map_structure(_as_given, signature, given))

        return guarded

    def first(self, value: Any) -> Any:
        """Return what the first replica here holds of ``value``."""
        return value if self.replicas == 1 else self._strategy.experimental_local_results(value)[0]

    def agreed(self, value: int) -> int:
        """Return the chief's ``value``, the same on all workers."""
        return value if self.workers == 1 else self.sum_of_workers(value if self.is_chief else 0)

    def sum_of_workers(self, value: int) -> int:
        """Return the sum of the workers' values."""
        if self.workers == 1:
            return value
        here = self.replicas // self.workers
        return int(self.first(self._summed(tf.constant(value, tf.int64)))) // here

    def check_alike(self, *parts: str) -> None:
        """Refuse workers that begin with different ``parts``, on all of them.

        Each would learn from its share of a batch of its own, and their weights would part.

        Raises
        ------
        HwError: they are not the same on all workers.
        """
        digest = hashlib.sha256("\0".join(parts).encode()).digest()
        own = int.from_bytes(digest[:7])
        if self.sum_of_workers(int(own != self.agreed(own))):
            with contextlib.suppress(WorkerLost):
                self.agreed(own)  # who leaves at once is lost to those who have not heard of it yet
            raise HwError(
                "the workers differ in their lines, their settings or their checkpoint: "
                "give all of them the same command and the same files"
            )


def _as_given(spec: tf.TensorSpec, value: Any) -> Any:
    """Return ``value`` as the tensor of ``spec``, or as the replicas' values that it is."""
    return (
        value if isinstance(value, tf.distribute.DistributedValues) else tf.convert_to_tensor(value, spec.dtype)
    )


def _tasks(resolver: tf.distribute.cluster_resolver.ClusterResolver, job: str) -> int:
    spec = resolver.cluster_spec()
    return int(spec.num_tasks(job)) if job in spec.jobs else 0


def replica() -> Any:
    """Return the number of the replica on which the calling function runs."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def replica_share(lines: Any, replicas: int) -> tuple[Any, Any]:
    """Return the first of ``lines`` lines that are this replica's, and the first that is not any more."""
    number = replica()
    return lines * number // replicas, lines * (number + 1) // replicas


def total(values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return the sums of ``values`` over all replicas; called on each."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return values
    # What comes from outside has no device yet, by which the others would be told.
    placed = [tf.identity(value) for value in values]
    summed: list[tf.Tensor] = context.all_reduce(tf.distribute.ReduceOp.SUM, placed)
    return summed
