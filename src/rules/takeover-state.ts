/** The state of the takeover of a reference PDS, a setting that the directory and the start of a server check. */

export const TAKEOVER_SETTING = 'takeover'

/**
 * - `open`: accounts are taken over, and replaced by a later pass; the reference may run.
 * - `announcing`: all are here, and those with recent events announce themselves.
 * - `done`: the server may start.
 */
export type TakeoverState = 'open' | 'announcing' | 'done'
