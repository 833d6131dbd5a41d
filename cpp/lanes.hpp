// Eight doubles that are counted with together.
#pragma once

#include "few_sides.hpp"

namespace bridle {

typedef double Lanes __attribute__((vector_size(lanes * sizeof(double)), aligned(sizeof(double)), may_alias));

}  // namespace bridle
