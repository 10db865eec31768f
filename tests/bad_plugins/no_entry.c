/* Has a note, and nothing behind it.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>

HYALITE_NOTE("no_entry", "1.0.0", "MIT");
