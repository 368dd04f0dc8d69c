/** The laptop's user: owner of every project that it makes. */
export const ownerEmail = "you@local.aloft";
