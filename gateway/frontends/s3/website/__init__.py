"""Static websites: buckets that are served to browsers under host names of their own.

Source: "Hosting a static website using Amazon S3" in the Amazon S3 User Guide.
"""
