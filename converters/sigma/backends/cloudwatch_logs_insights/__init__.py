from sigma.backends.cloudwatch_logs_insights.backend import CloudWatchLogsInsightsBackend

__all__ = ["CloudWatchLogsInsightsBackend"]
