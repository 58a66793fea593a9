"""Designs of kirigami sheets as grids of cells: how they are drawn, and which are mirror images."""

import numpy as np
from numpy.typing import NDArray

NUM_ROWS, NUM_COLUMNS = 3, 5
"""Cells of a sheet; it is pulled along the rows' axis, the short side of its image."""

_CELL_HEIGHT, _CELL_WIDTH = 10, 16
_SLIT = slice(3, 7)  # the middle of a cell's height, so that a mirrored design is a mirrored image


def draw_images(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw sheets: a cut cell has a slit of 4 of its 10 pixels, all 16 pixels wide.

    Args:
        cells: (num_sheets, 3, 5); 1 is intact and 0 is cut.

    Returns:
        (num_sheets, 30, 80): 255 where there is material, 0 in a slit.

    >>> int((draw_images(np.zeros((1, 3, 5), np.uint8)) == 0).sum()) == 15 * 4 * 16
    True
    """
    num_sheets = len(cells)
    grid = np.full((num_sheets, NUM_ROWS, _CELL_HEIGHT, NUM_COLUMNS, _CELL_WIDTH), 255, np.uint8)
    grid[:, :, _SLIT] = (255 * cells)[:, :, None, :, None]
    return grid.reshape(num_sheets, NUM_ROWS * _CELL_HEIGHT, NUM_COLUMNS * _CELL_WIDTH)


def mirror_class(cells: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return a number a design that its mirror images share, and no others.

    Args:
        cells: (num_sheets, 3, 5); 1 is intact and 0 is cut.

    Returns:
        (num_sheets,), the smallest of the numbers that the four mirror images are in binary.

    >>> sheet = np.ones((1, 3, 5), np.uint8)
    >>> sheet[0, 0, 0] = 0
    >>> mirror_class(sheet) == mirror_class(sheet[:, ::-1, ::-1])
    array([ True])
    """
    place = 2 ** np.arange(NUM_ROWS * NUM_COLUMNS, dtype=np.int64)
    images = (cells, cells[:, ::-1], cells[:, :, ::-1], cells[:, ::-1, ::-1])
    codes = [image.reshape(len(cells), -1) @ place for image in images]
    smallest: NDArray[np.int64] = np.minimum.reduce(codes)
    return smallest
