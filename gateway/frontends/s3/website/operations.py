"""Operations on the website of a bucket."""

from gateway.core.types import PropsChange
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.website import configuration
from gateway.frontends.s3.website.configuration import WEBSITE
from gateway.frontends.s3.xmlout import Output


async def get_bucket_website(call: Call) -> Output:
    """GetBucketWebsite."""
    text = bucket_of(call).system.get(WEBSITE)
    if text is None:
        raise S3Error(Code.NO_SUCH_WEBSITE_CONFIGURATION, BucketName=call.key.bucket)
    return Output(configuration.shown(configuration.unpack(text)))


async def put_bucket_website(call: Call) -> Output:
    """PutBucketWebsite: the website is served under the names that `website_hosts` states."""
    packed = configuration.pack(configuration.parse(await required_document(call)))
    await call.store.update_bucket(call.key.bucket, PropsChange(system={WEBSITE: packed}))
    return Output({})


async def delete_bucket_website(call: Call) -> Output:
    """DeleteBucketWebsite: that there was none is no error."""
    if WEBSITE in bucket_of(call).system:
        await call.store.update_bucket(call.key.bucket, PropsChange(system={WEBSITE: None}))
    return Output({})
