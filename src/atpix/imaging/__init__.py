"""Pure pixels: what a file is, whether it is whole, what it looks like, and what it should not tell.

The web worker imports values, `children` and `renderers`; only their child processes import what decodes (`examine`,
`render`, and pyvips with them), so that the worker stays lean and a decoder's death costs one request.
"""
