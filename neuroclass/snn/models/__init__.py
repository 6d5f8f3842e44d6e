"""Networks: FeedbackSNN, ready architectures, NIR, energy."""
