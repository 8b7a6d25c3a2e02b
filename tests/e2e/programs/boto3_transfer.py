"""boto3's transfer manager with its defaults: a file goes up in parts and comes back.

Arguments: endpoint, access key, secret, bucket, file, where to put what comes back.
"""

import sys

import boto3

endpoint, user, secret, bucket, source, target = sys.argv[1:]
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    aws_access_key_id=user,
    aws_secret_access_key=secret,
    region_name="us-east-1",
)
s3.create_bucket(Bucket=bucket)
s3.upload_file(source, bucket, "large", ExtraArgs={"Metadata": {"colour": "blue"}})
head = s3.head_object(Bucket=bucket, Key="large", ChecksumMode="ENABLED")
s3.download_file(bucket, "large", target)
s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy")
copied = s3.head_object(Bucket=bucket, Key="copy")
print(head["ETag"].strip('"'), head["ContentLength"], head["Metadata"]["colour"])
print(head["ChecksumType"], *sorted(name for name in head if name.startswith("Checksum") and name != "ChecksumType"))
print(copied["ETag"].strip('"'), copied["ContentLength"], copied["Metadata"]["colour"])
