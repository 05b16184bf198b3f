"""Training: the network as a TensorFlow graph, truncated back-propagation, the loop.

The only house that knows TensorFlow.
"""
