"""How a model is cut for the device: the whole clip at once, or step by step with its state outside."""

from edgeasr_export.forms.clip import clip
from edgeasr_export.forms.form import Form
from edgeasr_export.forms.step import step

__all__ = ["Form", "clip", "step"]
