/**
 * How many accounts' events are read together without those of all others. A subscriber to private events names no more,
 * and a replay for more reads the whole log.
 */
export const MAX_LOOKED_UP_ACCOUNTS = 100
