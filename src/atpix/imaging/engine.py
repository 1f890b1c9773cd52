"""The version of what turns an original into a rendition. A new one makes every rendition anew."""

ENGINE = "3"
