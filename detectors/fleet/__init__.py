"""The watch over whole fleets at once: the same rules as `detectors.household`, written for arrays of registers."""
