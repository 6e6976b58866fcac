/** The progress of a check or a takeover, step by step, for the command line and for tests that interrupt it. */

/** In the order in which they happen; a check has only the first. */
export type TakeoverStep =
  | 'check'
  | 'engine'
  | 'lock'
  | 'accounts'
  | 'directory'
  | 'heads'
  | 'sessions'
  | 'invites'
  | 'keys'
  | 'announcing'

export interface TakeoverProgress {
  step: TakeoverStep
  /** `done` of `total` accounts. */
  done?: number
  total?: number
  /** What else has been counted. */
  detail?: string
}

export type Report = (progress: TakeoverProgress) => void
