"""Code for numbers and arrays alone is compiled where numba is installed; else it runs as it stands, slowly."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])

try:
    from llvmlite import ir
    from llvmlite.binding import set_option
    from numba import njit
    from numba.extending import intrinsic
except ImportError:
    IS_COMPILED = False
else:
    IS_COMPILED = True
    # a reading that says something passes all of the code once: unrolled, it doesn't fit the processor's nearest memory
    for option in ("-unroll-threshold=0", "-unroll-full-max-count=0", "-unroll-runtime=0"):
        set_option("anju", option)


def compiled(function: F) -> F:
    """Never kept on disk: what numba keeps there it doesn't make anew when another file changes."""
    return _compiled(function, forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def apart(function: F) -> F:
    """As `compiled`, for what is seldom called: it stands once, and not in each of its callers."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def entered(function: F) -> F:
    """As `compiled`, for what Python calls: only this needs a way in from there."""
    return _compiled(function)


def _compiled(function: F, **how: bool) -> F:
    made = cast("Any", njit)(function, nogil=True, error_model="numpy", **how) if IS_COMPILED else function
    return cast("F", made)


def _uncounted() -> Callable[[Any], Any]:
    """The same array, of which nobody counts who holds it: counting at each call takes longer than all the work."""
    if not IS_COMPILED:
        return lambda array: array

    def uncounted(_: Any, array: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            copy = context.make_array(signature.return_type)(context, builder, arguments[0])
            copy.meminfo = copy.meminfo.type(None)
            return copy._getvalue()  # noqa: SLF001  # numba's name for it

        return array(array), generate

    return cast("Callable[[Any], Any]", intrinsic(uncounted))


bare = _uncounted()


def _expected() -> Callable[[bool], bool]:
    """The same condition, which hardly ever holds: what is done then is put out of the way of all else."""
    if not IS_COMPILED:
        return lambda condition: condition

    def expected(_: Any, condition: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            bit = ir.IntType(1)
            expect = builder.module.declare_intrinsic("llvm.expect", (bit,), ir.FunctionType(bit, (bit, bit)))
            return builder.call(expect, (*arguments, bit(0)))

        return condition(condition), generate

    return cast("Callable[[bool], bool]", intrinsic(expected))


seldom = _expected()
