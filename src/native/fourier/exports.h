/** The Fourier transforms as functions of JavaScript, which need no TensorFlow. */
#pragma once
#include <vector>

#include "../arguments.h"

namespace selfmri {

/**
 * With grid = Int32Array [coils, rows, columns, height, width]:
 *   fourierColumns(kspace, list, grid, along, isAlone), fourierRows(along, list, grid, isMagnitude, image, isAlone),
 *   fourierImages(x, sizes, isInverse, y, isAlone) with sizes = Int32Array [images, height, width],
 *   maskColumns(image, mask, out), and
 *   fourierNormal(x, maps, mask, sizes, y, isAlone) with sizes = Int32Array [coils, rows, columns].
 * Numbers are in Float32Array, lists of columns in Int32Array, masks in Uint8Array. Throws if lengths do not fit.
 */
std::vector<Export> fourierExports();

}  // namespace selfmri
