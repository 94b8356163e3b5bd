"""Says in a rule what a log platform writes where a record has nothing, so that backends of others find it."""

from dataclasses import dataclass, field

from sigma.exceptions import SigmaTransformationError
from sigma.processing.transformations.base import DetectionItemTransformation
from sigma.rule import SigmaDetection, SigmaDetectionItem
from sigma.types import SigmaExists, SigmaNull, SigmaString


@dataclass
class AbsentValues(DetectionItemTransformation):
    """`null` and `exists: false` become "absent, or one of the values that stand for it"."""

    values: dict[str, list[str]] = field(default_factory=dict)
    """By field: what is written where a record does not have it."""

    def apply_detection_item(self, detection_item: SigmaDetectionItem) -> SigmaDetection | SigmaDetectionItem | None:
        """Raises SigmaTransformationError for `exists: true`, which holds on every record of the platform."""
        written = self.values.get(detection_item.field or "")
        if written is None:
            return None
        if any(isinstance(value, SigmaExists) and value.exists for value in detection_item.value):
            message = f"{detection_item.field} always exists here; write 'not' and the field with null."
            raise SigmaTransformationError(message, source=detection_item.source)
        if any(isinstance(value, (SigmaNull, SigmaExists)) for value in detection_item.value):
            detection_item.value = [*detection_item.value, *map(SigmaString, written)]
        return None
