"""Sixteen float32 at a time: a vector and a mask type for Numba, and the few operations on them that the shift needs.

Numba's own vectoriser wants long contiguous loops. A shifted map has none: its rows are short, and what a tap reads
begins anywhere and ends at the border. A masked load reads exactly the lanes that lie within the map, gives 0 for the
others and touches nothing outside, so that borders cost no branch and no padding. Memory is addressed as integers, as
``Tensor.data_ptr`` gives it; whoever calls answers for the bounds.

LLVM maps the 512-bit types to what the processor has. Numba's cache does not notice a change in this file: touch
``numba_kernels.py`` after one.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

LANES = 16

_I16, _I32, _I64, _F32 = ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.FloatType()
_VECTOR, _INTS, _MASK = (ir.VectorType(element, LANES) for element in (_F32, _I32, ir.IntType(1)))
_HALVES = ir.VectorType(_I16, LANES)
_LANE = ir.Constant(_INTS, [ir.Constant(_I32, lane) for lane in range(LANES)])


class _Vector(types.Type):
    """Sixteen float32."""

    def __init__(self) -> None:
        super().__init__("float32x16")


class _Mask(types.Type):
    """Sixteen truth values."""

    def __init__(self) -> None:
        super().__init__("mask16")


vector, mask = _Vector(), _Mask()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _VECTOR)


@register_model(_Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _MASK)


def _spread(builder: Any, value: Any, vector_type: Any) -> Any:
    """The scalar in all lanes."""
    undefined = ir.Constant(vector_type, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(_INTS, None))


def _at(builder: Any, address: Any, pointee: Any) -> Any:
    return builder.inttoptr(address, pointee.as_pointer())


def _call(builder: Any, name: str, returned: Any, *arguments: Any, fastmath: tuple[str, ...] = ()) -> Any:
    signature = ir.FunctionType(returned, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, signature, name)
    return builder.call(function, arguments, fastmath=fastmath)


def _masked_load(builder: Any, address: Any, lanes: Any, vector_type: Any, name: str, alignment: int) -> Any:
    zeros = ir.Constant(vector_type, None)
    alignment_constant = ir.Constant(_I32, alignment)
    pointer = _at(builder, address, vector_type)
    return _call(builder, f"llvm.masked.load.{name}.p0", vector_type, pointer, alignment_constant, lanes, zeros)


def _masked_store(builder: Any, address: Any, lanes: Any, value: Any, name: str, alignment: int) -> None:
    pointer = _at(builder, address, value.type)
    alignment_constant = ir.Constant(_I32, alignment)
    _call(builder, f"llvm.masked.store.{name}.p0", ir.VoidType(), value, pointer, alignment_constant, lanes)


@intrinsic
def splat(typing_context, value):
    """A vector that holds ``value`` in every lane."""

    def generate(context, builder, signature, arguments):
        scalar = context.cast(builder, arguments[0], signature.args[0], types.float32)
        return _spread(builder, scalar, _VECTOR)

    return vector(value), generate


@intrinsic
def total(typing_context, value):
    """The sum of a vector's lanes."""

    def generate(context, builder, signature, arguments):
        zero = ir.Constant(_F32, 0.0)
        return _call(builder, "llvm.vector.reduce.fadd.v16f32", _F32, zero, arguments[0], fastmath=("reassoc",))

    return types.float32(value), generate


@intrinsic
def first(typing_context, count):
    """The mask of the lanes 0 to ``count`` - 1; all of them where ``count`` is larger."""

    def generate(context, builder, signature, arguments):
        bound = context.cast(builder, arguments[0], signature.args[0], types.int32)
        return builder.icmp_signed("<", _LANE, _spread(builder, bound, _INTS))

    return mask(count), generate


@intrinsic
def within(typing_context, address, shift, size):
    """The mask of the lanes where the int32 at ``address``, plus ``shift``, lies in 0 to ``size`` - 1."""

    def generate(context, builder, signature, arguments):
        values = builder.load(_at(builder, arguments[0], _INTS), align=4)
        by, size = (
            _spread(builder, context.cast(builder, argument, given, types.int32), _INTS)
            for argument, given in zip(arguments[1:], signature.args[1:], strict=True)
        )
        return builder.icmp_unsigned("<", builder.add(values, by), size)

    return mask(address, shift, size), generate


@intrinsic
def pack(typing_context, x0, x1, y0, y1):
    """Four masks in one word: the taps (x0, y0), (x1, y0), (x0, y1), (x1, y1), from the lowest bits up."""

    def generate(context, builder, signature, arguments):
        x0, x1, y0, y1 = arguments
        word = ir.Constant(_I64, 0)
        for place, (x, y) in enumerate(((x0, y0), (x1, y0), (x0, y1), (x1, y1))):
            bits = builder.zext(builder.bitcast(builder.and_(x, y), _I16), _I64)
            word = builder.or_(word, builder.shl(bits, ir.Constant(_I64, LANES * place)))
        return word

    return types.int64(x0, x1, y0, y1), generate


@intrinsic(prefer_literal=True)
def unpack(typing_context, word, place):
    """The mask at a literal ``place``, 0 to 3, of a word of :func:`pack`."""
    distance = LANES * place.literal_value

    def generate(context, builder, signature, arguments):
        bits = builder.trunc(builder.lshr(arguments[0], ir.Constant(_I64, distance)), _I16)
        return builder.bitcast(bits, _MASK)

    return mask(word, place), generate


@intrinsic
def load_word(typing_context, address):
    """The int64 at ``address``."""

    def generate(context, builder, signature, arguments):
        return builder.load(_at(builder, arguments[0], _I64), align=8)

    return types.int64(address), generate


@intrinsic
def store_word(typing_context, address, word):
    """Write an int64 to ``address``."""

    def generate(context, builder, signature, arguments):
        builder.store(arguments[1], _at(builder, arguments[0], _I64), align=8)
        return context.get_dummy_value()

    return types.none(address, word), generate


@intrinsic
def load_float32(typing_context, address, lanes):
    """The float32 from ``address`` on, 0 in lanes that the mask leaves out; those are not touched."""

    def generate(context, builder, signature, arguments):
        return _masked_load(builder, *arguments, _VECTOR, "v16f32", 4)

    return vector(address, lanes), generate


@intrinsic
def load_bfloat16(typing_context, address, lanes):
    """As :func:`load_float32`, from bfloat16: the upper halves of float32."""

    def generate(context, builder, signature, arguments):
        halves = builder.zext(_masked_load(builder, *arguments, _HALVES, "v16i16", 2), _INTS)
        sixteen = ir.Constant(_INTS, [ir.Constant(_I32, 16)] * LANES)
        return builder.bitcast(builder.shl(halves, sixteen), _VECTOR)

    return vector(address, lanes), generate


@intrinsic
def store_float32(typing_context, address, lanes, value):
    """Write the lanes that the mask names to ``address``; the others are not touched."""

    def generate(context, builder, signature, arguments):
        _masked_store(builder, *arguments, "v16f32", 4)
        return context.get_dummy_value()

    return types.none(address, lanes, value), generate


@intrinsic
def store_bfloat16(typing_context, address, lanes, value):
    """As :func:`store_float32`, rounded to the nearest bfloat16, ties to even; NaN stays NaN."""

    def generate(context, builder, signature, arguments):
        def constant(number: int) -> Any:
            return ir.Constant(_INTS, [ir.Constant(_I32, number)] * LANES)

        address, lanes, value = arguments
        bits = builder.bitcast(value, _INTS)
        odd = builder.and_(builder.lshr(bits, constant(16)), constant(1))
        rounded = builder.lshr(builder.add(bits, builder.add(odd, constant(0x7FFF))), constant(16))
        is_nan = builder.fcmp_unordered("uno", value, value)
        halves = builder.trunc(builder.select(is_nan, constant(0x7FC0), rounded), _HALVES)
        _masked_store(builder, address, lanes, halves, "v16i16", 2)
        return context.get_dummy_value()

    return types.none(address, lanes, value), generate


@intrinsic
def positive(typing_context, value):
    """The lanes above 0, 0 for the others; NaN stays NaN."""

    def generate(context, builder, signature, arguments):
        (value,) = arguments
        zeros = ir.Constant(_VECTOR, None)
        return builder.select(builder.fcmp_ordered("<", value, zeros), zeros, value)

    return vector(value), generate


@intrinsic
def where_negative(typing_context, value, then, otherwise):
    """In each lane ``then`` where ``value`` is negative, else ``otherwise``."""

    def generate(context, builder, signature, arguments):
        value, then, otherwise = arguments
        return builder.select(builder.fcmp_ordered("<", value, ir.Constant(_VECTOR, None)), then, otherwise)

    return vector(value, then, otherwise), generate


@intrinsic
def nearest(typing_context, value):
    """The nearest whole numbers."""

    def generate(context, builder, signature, arguments):
        return _call(builder, "llvm.rint.v16f32", _VECTOR, arguments[0])

    return vector(value), generate


@intrinsic
def power_of_two(typing_context, exponent):
    """Two to the whole numbers from -126 to 127; what NaN gives is some finite number."""

    def generate(context, builder, signature, arguments):
        whole = _call(builder, "llvm.fptosi.sat.v16i32.v16f32", _INTS, arguments[0])
        bias, place = (ir.Constant(_INTS, [ir.Constant(_I32, number)] * LANES) for number in (127, 23))
        return builder.bitcast(builder.shl(builder.add(whole, bias), place), _VECTOR)

    return vector(exponent), generate


def _define(python_operator: Any, instruction: str) -> None:
    @intrinsic
    def apply(typing_context, left, right):
        def generate(context, builder, signature, arguments):
            return getattr(builder, instruction)(*arguments, flags=("contract",))  # a * b + c may become one operation

        return vector(left, right), generate

    @overload(python_operator)
    def choose(left, right):
        if left is vector and right is vector:
            return lambda left, right: apply(left, right)
        return None


for _operator, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_operator, _instruction)
