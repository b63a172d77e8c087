/** The operations that TensorFlow gets. */
#pragma once
#include <vector>

#include "call.h"

namespace selfmri {

/** Lives as long as the process. */
const std::vector<Operation>& operations();

}  // namespace selfmri
