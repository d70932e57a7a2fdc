"""When and on how much trainings are scored, as a run's settings say it; without torch, slow to import."""

from replicate.fields import Count, Part


class EvaluationSettings(Part):
    """When and on how much a training is scored."""

    evaluate_every: Count = 500  # updates between two points of the metric curves
    curve_samples: Count = 1_000  # samples for each training at such a point
    evaluate_rounds: Count = 1  # sets of samples after training, each of evaluate_samples
    evaluate_samples: Count = 32_000
