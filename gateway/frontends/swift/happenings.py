"""What operations do to objects, as events tell it."""

from gateway.core.events import Kind, Kinds

KINDS: Kinds = {
    "read object": Kind.DOWNLOAD,
    "write object": Kind.UPLOAD,
    "extract archive": Kind.UPLOAD,
    "delete object": Kind.DELETE,
    "delete many": Kind.DELETE,
    "copy object": Kind.COPY,
}
