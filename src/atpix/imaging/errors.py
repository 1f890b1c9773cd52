"""Why a file was not taken. Messages are written for the person who sent it and hold no paths."""


class ImagingError(ValueError):
    """The root of what this package raises on purpose."""


class UnsupportedType(ImagingError):
    """The bytes are of no type that is taken here."""


class InvalidImage(ImagingError):
    """The type is right and the bytes do not decode: truncated, corrupt, or forged."""


class ImageTooLarge(ImagingError):
    """More pixels, a longer side or more frames than the limits allow."""


class DecoderFailed(ImagingError):
    """The decoder died, took too long or needed too much memory. Only this one request is lost."""


class TooMuchMemory(DecoderFailed):
    """More than a child may have. The file may well be whole; what to do depends on who asked."""


class DecoderDied(DecoderFailed):
    """It may have died of something else: another one may do it."""


class GaveUp(Exception):
    """Who asked wants it no more, and nothing was started. Of files it says nothing."""


class Busy(ImagingError):
    """Every decoder works and the queue in front of them is full. Nothing was started: try again later."""
