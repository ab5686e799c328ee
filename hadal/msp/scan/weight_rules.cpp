#include "hadal/msp/scan/rule.h"

namespace hadal::msp::rules {

const Rule kNotFinite{
    "weights/not-finite",
    "NotFinite",
    Level::error,
    "Weights are NaN or infinite, so that outputs are too, for some inputs or all.",
    "Do not serve this model; train or convert it again.",
    "AML.T0018.000",
    "ML10:2023"};
const Rule kOutlierRows{"weights/outlier-rows",
                        "OutlierRows",
                        Level::note,
                        "Few rows of a tensor are far larger than the others, as they are where "
                        "units were planted; large models have such rows by nature.",
                        "Compare with the model that this one was made from.",
                        "AML.T0018.000",
                        "ML10:2023"};
const Rule kDeadUnits{"weights/dead-units",
                      "DeadUnits",
                      Level::note,
                      "Rows of a tensor are zero, as they are after pruning.",
                      "Nothing, where the model was pruned.",
                      "AML.T0018.000",
                      "ML10:2023"};
const Rule kLowBits{"weights/low-bits",
                    "LowBits",
                    Level::warning,
                    "The lowest bits of weights are less random than training leaves them, as they "
                    "are where data hides in them.",
                    "Round the weights to bfloat16, which removes such data.",
                    "AML.T0018.002",
                    "ML10:2023"};
const Rule kHiddenText{"weights/hidden-text",
                       "HiddenText",
                       Level::error,
                       "The lowest bits of weights spell out text or a program.",
                       "Round the weights to bfloat16, which removes such data.",
                       "AML.T0018.002",
                       "ML10:2023"};

}  // namespace hadal::msp::rules
