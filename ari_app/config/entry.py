"""What all entries of the administrator's file have."""

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """Unknown names are faults, and nothing is converted silently."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )
