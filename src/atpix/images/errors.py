"""What can go wrong with images and names."""

from atpix.errors import AtpixError, PreconditionFailed
from atpix.ids import Alias, FlowId, ImageId, ImageRef


class ImageNotFound(AtpixError):
    status, code = 404, "IMAGE_NOT_FOUND"

    def __init__(self, ref: ImageRef) -> None:
        super().__init__(f"No image {ref} in this project.", ref=str(ref))


class AliasNotFound(AtpixError):
    status, code = 404, "ALIAS_NOT_FOUND"

    def __init__(self, alias: Alias, flow: FlowId | None = None) -> None:
        where = "this project" if flow is None else f"flow {flow} or its project"
        super().__init__(f"No image is named {alias} in {where}.", alias=str(alias))


class NotNamedInFlow(AliasNotFound):
    """The project may have such a name."""

    def __init__(self, alias: Alias, flow: FlowId) -> None:
        AtpixError.__init__(self, f"Flow {flow} has no name {alias} of its own.", alias=str(alias))


class AliasConflict(AtpixError):
    status, code = 409, "ALIAS_CONFLICT"

    def __init__(self, alias: Alias, holder: ImageId) -> None:
        super().__init__(f"{alias} is held by image {holder}; leave out onConflict to move it.", holder=holder)


class HolderChanged(PreconditionFailed):
    def __init__(self, alias: str, holder: ImageId | None) -> None:
        now = f"image {holder}" if holder else "no image"
        super().__init__(f"{alias} is held by {now}, not by what expectImageId says; read it and decide again.")


class ComputedAliasRequiresFlow(AtpixError):
    status, code = 400, "TECHNICAL_ALIAS_REQUIRES_FLOW"

    def __init__(self, alias: Alias, advice: str = "add ?flowId=.") -> None:
        super().__init__(f"{alias} is computed within a flow; {advice}")


class FlowNotFound(AtpixError):
    status, code = 404, "FLOW_NOT_FOUND"

    def __init__(self, flow: FlowId) -> None:
        super().__init__(f"No flow {flow} in this project.", flow=flow)


class UnsupportedFileType(AtpixError):
    status, code = 415, "UNSUPPORTED_FILE_TYPE"


class InvalidImage(AtpixError):
    status, code = 422, "INVALID_IMAGE"


class ImageTooLarge(AtpixError):
    status, code = 413, "IMAGE_TOO_LARGE"


class PrivateMetadataFound(AtpixError):
    status, code = 422, "PRIVATE_METADATA"

    def __init__(self) -> None:
        super().__init__(
            "The image says where it was taken, and this project refuses that; remove it and upload again."
        )


class DuplicateImage(AtpixError):
    status, code = 409, "DUPLICATE_IMAGE"

    def __init__(self, existing: ImageId) -> None:
        super().__init__(f"The project has this very file already: image {existing}.", existing=existing)


class UploadExpired(AtpixError):
    status, code, retry_after_s = 503, "STORAGE_UNAVAILABLE", 1

    def __init__(self) -> None:
        super().__init__("The upload took so long that it was given up; send it again.")
