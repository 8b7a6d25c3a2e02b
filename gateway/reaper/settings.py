"""Options of the reaper."""

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt


class ReaperSettings(BaseModel):
    """How what has come to its end is removed: objects by their own time (Swift's X-Delete-At) or by rules of their
    bucket (S3's lifecycle), and uploads that nobody completed. Times in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(True, description="false: this process removes nothing; another one may.")
    interval: PositiveFloat = Field(60.0, description="Between looks for objects whose own time has come.")
    rules_interval: PositiveFloat = Field(3600.0, description="Between walks along the buckets that have rules.")
    rate: PositiveInt = Field(200, description="Most removals in a second, of each store.")
    abandoned_uploads: NonNegativeFloat = Field(
        604_800.0, description="Uploads in parts that nobody was at for so long are dropped; 0: only rules drop them."
    )
    day: PositiveInt = Field(86_400, le=86_400, description="How long a day of the rules takes; less for trials only.")
