"""Side by side with the libraries a reader would otherwise use. `python -m benchmarks.svd` writes results/svd.json."""
