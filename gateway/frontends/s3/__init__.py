"""The S3 frontend: wire shapes and routes come from the S3 model that botocore ships."""
