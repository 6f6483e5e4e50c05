"""Model architectures, each in the file of its family."""

from edgeasr.models.spec import MODELS, ModelSpec, build, check_options, model_spec

__all__ = ["MODELS", "ModelSpec", "build", "check_options", "model_spec"]
