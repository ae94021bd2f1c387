"""The functions of `ravine minimize` with their gradients, operation by operation as the program computes them."""

import numpy


def rosenbrock(x, _):
    value, gradient = x.dtype.type(0), numpy.zeros_like(x)
    for i in range(len(x) - 1):
        above, left = x[i + 1] - x[i] * x[i], 1 - x[i]
        value += 100 * (above * above) + left * left
        slope = 200 * above
        gradient[i] += -slope * (2 * x[i]) - 2 * left
        gradient[i + 1] += slope
    return value, gradient


def beale(point, _):
    x, y = point
    y2 = y * y
    y3 = y2 * y
    constant = point.dtype.type
    a, b, c = constant(1.5) - x + x * y, constant(2.25) - x + x * y2, constant(2.625) - x + x * y3
    return a * a + b * b + c * c, numpy.array([2 * a * (y - 1) + 2 * b * (y2 - 1) + 2 * c * (y3 - 1),
                                               2 * a * x + 2 * b * (2 * x * y) + 2 * c * (3 * x * y2)])


def himmelblau(point, _):
    x, y = point
    a, b = x * x + y - 11, x + y * y - 7
    return a * a + b * b, numpy.array([2 * a * (2 * x) + 2 * b, 2 * a + 2 * b * (2 * y)])


def total(values):
    result = values.dtype.type(0)
    for value in values:
        result += value
    return result


def sphere(x, _):
    return total(x * x), 2 * x


def quadratic(x, curvature):
    c = numpy.array(curvature, dtype=x.dtype)
    return x.dtype.type(0.5) * total(c * (x * x)), c * x


def rastrigin(x, _):
    turn = x.dtype.type(2 * numpy.pi)
    return 10 * x.dtype.type(len(x)) + total(x * x - 10 * numpy.cos(turn * x)), 2 * x + 10 * numpy.sin(turn * x) * turn


def styblinski_tang(x, _):
    half, x2 = x.dtype.type(0.5), x * x
    return half * total(x2 * x2 - 16 * x2 + 5 * x), half * (4 * (x2 * x) - 32 * x + 5)
