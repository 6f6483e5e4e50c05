"""What runs where the models run, on a device or in this process: NumPy, one runtime, and edgeasr's own device side.

It is sent to a device together with the modules of edgeasr that it imports (`edgeasr_bench.targets.source`), and works
in one process with Python 3.9 or newer.
"""
