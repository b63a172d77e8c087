/** Dominant eigenvectors of many small matrices as functions of JavaScript, which need no TensorFlow. */
#pragma once
#include <vector>

#include "../arguments.h"

namespace selfmri {

/**
 * dominantOfMatrices(triangles, reference, vectors, values, isAlone), and
 * dominantOfSeries(series, sizes, rowTurns, columnTurns, reference, vectors, values, isAlone) with
 * sizes = Int32Array [coils, support, rows, columns].
 * All other numbers are in Float32Array. `Kernels` has the shapes. Throws if lengths do not fit.
 */
std::vector<Export> coilExports();

}  // namespace selfmri
