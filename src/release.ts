/** The number of this build's release; docs/design/upgrades.md says what depends on it. */

/**
 * Raised by one with every release, and in any commit that adds a migration or an action. Never lowered: the engine
 * wakes actors in the processes of the highest release, so old code that is deployed again needs a higher number.
 */
export const release = 5
