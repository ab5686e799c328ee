#include "hadal/msp/scan/rule.h"

namespace hadal::msp::rules {

const Rule kBackdoor{"behaviour/backdoor",
                     "Backdoor",
                     Level::error,
                     "A trigger turns images to one class, and is smaller than any that clean "
                     "models of this architecture have, as it is where training was poisoned.",
                     "Look at the trigger. Train again from data that you trust, or unlearn it.",
                     "AML.T0018.000",
                     "ML10:2023"};
const Rule kSmallTrigger{"behaviour/small-trigger",
                         "SmallTrigger",
                         Level::note,
                         "One class takes a far smaller trigger than the others, as it does where "
                         "training was poisoned, but by chance in many a clean model too.",
                         "Name 20 or more clean models of this architecture by --clean, which "
                         "tells.",
                         "AML.T0018.000",
                         "ML10:2023"};

}  // namespace hadal::msp::rules
