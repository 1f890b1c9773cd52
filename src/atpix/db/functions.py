"""SQL functions that the two databases call by different names."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class joined(FunctionElement[str]):  # noqa: N801  it reads as the function it is
    """The strings of a group, with commas between. Null when there are none."""

    type = sa.Text()
    inherit_cache = True


@compiles(joined, "sqlite")
def _sqlite(element: joined, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
    return f"group_concat({compiler.process(element.clauses, **kw)}, ',')"


@compiles(joined, "postgresql")
def _postgresql(element: joined, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401  as above
    return f"string_agg({compiler.process(element.clauses, **kw)}, ',')"
