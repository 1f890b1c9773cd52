"""Pure pixels: what a file is, whether it is whole, what it looks like, and what it should not tell.

The web worker imports `sniff`, `values`, `errors` and `children`; only a child process imports the decoders
(`examine`, and pyvips with it), so that the worker stays lean and a decoder's death costs one request.
"""
