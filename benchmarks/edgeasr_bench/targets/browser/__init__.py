"""A browser as a place to measure: onnxruntime-web in headless Chromium, on a page that this machine serves to it."""

from edgeasr_bench.targets.browser.measure import measure

__all__ = ["measure"]
