/** How far the takeover of a reference PDS is: the setting by which the directory and the start of a server know it. */

export const TAKEOVER_SETTING = 'takeover'

/**
 * - `open`: accounts are taken over, and replaced by a later pass; the reference may run.
 * - `announcing`: all are here, and those with recent events announce themselves.
 * - `done`: the server may start.
 */
export type TakeoverState = 'open' | 'announcing' | 'done'
