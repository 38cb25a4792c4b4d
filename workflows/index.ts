/** The bundle's entry: the workflow functions, nothing else. */
